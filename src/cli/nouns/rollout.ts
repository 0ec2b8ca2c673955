/** `hone rollout`: hold, release, hurry or stop the canary of a run. */
import type { Command } from 'commander';
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

async function send(context: CliContext, run: string, name: string, options: RolloutOptions): Promise<void> {
  await withServices(context, async (services) => {
    const { answeredCommand } = await import('../../client/answers.ts');
    const by = person(options.by);
    const answer = await answeredCommand(services, run, name, { by, reason: options.reason });
    context.show({ run, command: name, by, answer }, () => `${answer}\nFollow it: hone run watch ${run}`);
  });
}
