/** `hone rollout`: hold, release, hurry or stop the canary of a run. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { RunStory } from '../../client/run-story.ts';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { person, withServices } from '../services.ts';

interface RolloutOptions {
  readonly by?: string;
  readonly reason?: string;
}

const COMMANDS = [
  ['pause', 'keep the shares as they are after this step'],
  ['resume', 'go on after a pause'],
  ['promote', 'cut the wait of this step short; guardrails still hold'],
  ['abort', 'take the candidate out and put everything back'],
] as const;

const ANSWERED_WITHIN_MS = 10_000;

export function register(program: Command, context: CliContext): void {
  const noun = program.command('rollout').description('the canary of a run: pause, resume, promote, abort');
  withExamples(noun, [
    ['rollout pause flights-delay-000042 --reason "looking at latency"', 'hold it'],
    ['rollout abort flights-delay-000042 --reason "complaints"', 'everything goes back'],
  ]);
  for (const [name, meaning] of COMMANDS) {
    noun
      .command(`${name} <run>`)
      .description(meaning)
      .option('--by <name>', 'who says so (default: your account here)')
      .option('--reason <text>', 'why')
      .action((run: string, options: RolloutOptions) => send(context, run, name, options));
  }
}

/** A signal has no reply: its answer is the newest message of this name in the run's status. */
async function send(context: CliContext, run: string, name: string, options: RolloutOptions): Promise<void> {
  await withServices(context, async ({ client, store }) => {
    const { DecisionRefused, RunClosed, WorkerSilent } = await import('../../client/errors.ts');
    const { commandRollout } = await import('../../client/decisions.ts');
    const { runStory } = await import('../../client/run-story.ts');
    const sent = ({ messages }: RunStory) => messages.filter((message) => message.name === name);
    const before = await runStory(client, store, run);
    if (!before.open) throw new RunClosed(run, before.outcome);
    const { by, reason } = { by: person(options.by), reason: options.reason };
    await commandRollout(client, run, name, { by, ...(reason === undefined ? {} : { reason }) });
    for (const deadline = Date.now() + ANSWERED_WITHIN_MS; Date.now() < deadline; await sleep(100)) {
      const messages = sent(await runStory(client, store, run));
      const answer = messages.length > sent(before).length ? messages.at(-1) : undefined;
      if (answer === undefined) continue;
      if (!answer.accepted) throw new DecisionRefused(answer.answer);
      context.show(
        { run, command: name, by, answer: answer.answer },
        () => `${answer.answer}\nFollow it: hone run watch ${run}`,
      );
      return;
    }
    throw new WorkerSilent(client.taskQueue, ANSWERED_WITHIN_MS);
  });
}
