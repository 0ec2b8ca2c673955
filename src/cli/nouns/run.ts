/** `hone run`: ask for a run, list them, look at one, follow it, stop it. */
import { type Command, Option } from 'commander';
import { modelOfRun } from '../../client/run-id.ts';
import { modelOf } from '../../config/load.ts';
import { type ModelConfig, triggerKind } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import { openLedger } from '../../registry/ledger.ts';
import { stepText } from '../../registry/rollout-text.ts';
import { impossibleDemand } from '../../triggers/demands.ts';
import type { Trigger } from '../../workflows/contract.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { withExamples } from '../examples.ts';
import { runsText, storyText } from '../run-text.ts';
import { instantOption, person, withServices } from '../services.ts';
import { answerText } from './run-answer.ts';
import { registerRetry } from './run-retry.ts';
import { registerUnstick } from './run-unstick.ts';

interface StartOptions {
  readonly reason: string;
  readonly kind: string;
  readonly evidence?: string;
  readonly since?: string;
  readonly slice?: string;
  readonly eventId?: string;
  readonly by?: string;
  readonly wait?: true;
  readonly timeout?: string;
}

export function register(program: Command, context: CliContext): void {
  const noun = program.command('run').description('runs: start, list, show, watch, cancel');
  withExamples(noun, [
    ['run start flights-delay --reason "new planes"', 'ask for a run'],
    ['run list --needs approval', 'what waits for a person'],
    ['run watch flights-delay-000042', 'its stages, live'],
  ]);
  withExamples(
    noun
      .command('start <model>')
      .description('ask the owner of a model for a run; it answers started, merged, queued or skipped'),
    [
      ['run start flights-delay --wait', 'start one and follow it to its end'],
      [
        'run start flights-delay --kind event --event-id load-17 --reason "load 17 is in"',
        'the same event twice is one',
      ],
      [
        'run start flights-delay --kind event --since 2013-04-01T00:00:00Z --slice origin=LGA --reason "LGA reopened"',
        'its gate has to judge these rows, and a person approves',
      ],
    ],
  )
    .option('--reason <text>', 'why, for the run, the packet and the ledger', 'asked for by hand')
    .addOption(
      new Option('--kind <kind>', 'what kind of trigger this is').choices(triggerKind.options).default('manual'),
    )
    .option('--evidence <json>', 'facts behind the reason, as one JSON object')
    .option(
      '--since <instant>',
      'the time that the reason is about; older than the last run is stale. With --slice: from when its rows count',
    )
    .option('--slice <column=value>', 'rows that the gate has to judge apart, and a person to approve')
    .option('--event-id <id>', 'the same id twice is one trigger')
    .option('--by <name>', 'who asks (default: your account here); may not approve the run')
    .option('--wait', 'follow the run to its end')
    .option('--timeout <duration>', 'with --wait: how long at most, such as PT30M')
    .action((model: string, options: StartOptions) => start(context, model, options));
  withExamples(noun.command('list').description('runs that Temporal remembers, newest first'), [
    ['run list --model flights-delay', 'of one model'],
    ['run list --needs approval --json', 'for a script'],
  ])
    .option('--model <model>', 'only of this model')
    .addOption(new Option('--needs <what>', 'only those that need this').choices(['approval', 'inconclusive', 'stuck']))
    .option('--last <n>', 'how many at most', '20')
    .action((options: { model?: string; needs?: string; last: string }) => list(context, options));
  noun
    .command('show <run>')
    .description('stages, what is waited for, messages and their answers; from the store when Temporal forgot it')
    .action((run: string) => show(context, run));
  noun
    .command('watch <run>')
    .description('follow the stages until the run ends; Ctrl-C leaves it running')
    .option('--timeout <duration>', 'how long at most, such as PT30M')
    .action((run: string, options: { timeout?: string }) => watch(context, run, options.timeout));
  withExamples(
    noun
      .command('compare <run> <others...>')
      .description('what went in, what differed, and how the candidates did; needs no server'),
    [['run compare flights-delay-000002 flights-delay-000005', 'what changed between two candidates']],
  ).action((run: string, others: string[]) => compare(context, [run, ...others]));
  noun
    .command('cancel <run>')
    .description('stop a run; it undoes what it did, and the champion stays')
    .action((run: string) => cancel(context, run));
  registerRetry(noun, context);
  registerUnstick(noun, context);
}

async function start(context: CliContext, model: string, options: StartOptions): Promise<void> {
  const evidence = options.evidence === undefined ? undefined : evidenceOf(options.evidence);
  const timeout = timeoutOf(options.timeout);
  await withServices(context, async (services) => {
    const { config } = modelOf(services.workspace, model);
    const { as_of, demand } = demandOf(config, options);
    const { answeredTrigger } = await import('../../client/answers.ts');
    const trigger = {
      kind: triggerKind.parse(options.kind),
      reason: options.reason,
      by: person(options.by),
      ...(evidence === undefined ? {} : { evidence }),
      ...(as_of === undefined ? {} : { as_of }),
      ...(demand === undefined ? {} : { demand }),
      ...(options.eventId === undefined ? {} : { eventId: options.eventId }),
    };
    const answer = await answeredTrigger(services, config, trigger);
    const run = answer.run;
    if (options.wait && run !== null && (answer.answer === 'started' || answer.answer === 'merged')) {
      context.say(answerText(model, answer));
      const { follow } = await import('../watch.ts');
      const story = await follow(context, services, run, timeout);
      context.show({ ...answer, story }, () => `${run} ${story.outcome ?? 'is under way'}: ${story.sentence}`);
      return;
    }
    context.show(answer, () => answerText(model, answer));
    if (answer.answer === 'skipped') context.exitWith(3);
  });
}

async function list(context: CliContext, { model, needs, last }: { model?: string; needs?: string; last: string }) {
  const limit = Number(last);
  if (!Number.isInteger(limit) || limit < 1)
    throw new UsageError(`--last ${JSON.stringify(last)} is no count; write 20.`);
  await withServices(context, async ({ client }) => {
    const { listRuns } = await import('../../client/runs.ts');
    const runs = await listRuns(client, { limit, ...(model ? { model } : {}), ...(needs ? { needs } : {}) });
    const filtered = model !== undefined || needs !== undefined;
    context.show({ runs }, () => runsText(runs, context.terminal.now(), filtered));
  });
}

async function show(context: CliContext, run: string): Promise<void> {
  await withServices(context, async ({ client, store }) => {
    const { runStory } = await import('../../client/run-story.ts');
    const story = await runStory(client, store, run);
    const ui = client.uiUrl(run);
    const rollout = story.rollout && stepText(story.rollout, await openLedger(store, story.model).state());
    const shown = { colors: context.colors, now: context.terminal.now(), ui, rollout };
    context.show({ ...story, ui }, () => storyText(story, shown));
  });
}

async function compare(context: CliContext, runs: readonly string[]): Promise<void> {
  const { compareRuns } = await import('../../gate/compare-runs.ts');
  const { comparisonText } = await import('../run-comparison-text.ts');
  const asked = runs.map((run) => ({ run, model: modelOfRun(run) }));
  const { comparison } = await compareRuns(await context.store(), asked);
  context.show(comparison, () => comparisonText(comparison));
}

async function watch(context: CliContext, run: string, timeout: string | undefined): Promise<void> {
  const limit = timeoutOf(timeout);
  await withServices(context, async (services) => {
    const { follow } = await import('../watch.ts');
    const story = await follow(context, services, run, limit);
    context.show(story, () => `${run} ${story.outcome ?? 'is under way'}: ${story.sentence}`);
  });
}

async function cancel(context: CliContext, run: string): Promise<void> {
  await withServices(context, async ({ client }) => {
    const { cancelRun } = await import('../../client/runs.ts');
    await cancelRun(client, run);
    context.show(
      { run, cancelled: true },
      () => `${run} is asked to stop; it first undoes what it did. See how: hone run watch ${run}`,
    );
  });
}

function evidenceOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new UsageError(`--evidence is no JSON object: ${text.slice(0, 80)}. Write one such as '{"load":17}'.`);
}

/** `--since` alone is the time of the evidence; beside a slice it says from when the slice counts. */
function demandOf(config: ModelConfig, options: StartOptions): Pick<Trigger, 'as_of' | 'demand'> {
  const since = options.since === undefined ? undefined : instantOption('--since', options.since);
  if (options.slice === undefined) return since === undefined ? {} : { as_of: since };
  const [, column = '', value = ''] = /^([^=]+)=(.+)$/.exec(options.slice) ?? [];
  if (column === '')
    throw new UsageError(`--slice ${JSON.stringify(options.slice)} is no column=value; write origin=LGA.`);
  const demand = { slice: { column, value }, ...(since === undefined ? {} : { since }) };
  const impossible = impossibleDemand(config, demand);
  if (impossible !== null) throw new UsageError(`--slice: ${impossible}.`);
  return { demand };
}

function timeoutOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return durationMs(text);
  } catch (error) {
    throw new UsageError(`--timeout: ${(error as Error).message}.`);
  }
}
