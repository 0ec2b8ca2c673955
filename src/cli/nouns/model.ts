/** `hone model`: what is live of each model, and what happens next. Answers from configuration and ledger alone. */
import type { Command } from 'commander';
import type { ModelConfig } from '../../config/model.ts';
import { spanOf } from '../../policy/freeze-windows.ts';
import { routingText } from '../../registry/change-text.ts';
import type { LedgerState } from '../../registry/contract.ts';
import { dueReviews, dueReviewText } from '../../registry/reviews.ts';
import { relative, utc } from '../../times.ts';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { ledgerOf } from '../refs.ts';
import { facts, table } from '../table.ts';
import { stateText } from './ledger.ts';
import { registerBreak } from './model-break.ts';
import { registerInit } from './model-init.ts';
import { registerPlan } from './model-plan.ts';
import { registerWhy } from './model-why.ts';

interface ModelRow {
  readonly model: string;
  readonly owner: string;
  readonly champion: number | null;
  readonly promoted_at: string | null;
  readonly active_run: string | null;
  readonly frozen: boolean;
  readonly paused: boolean;
  readonly last_outcome: string | null;
}

export function register(program: Command, context: CliContext): void {
  const noun = program.command('model').description('models: what is live, what happens next');
  withExamples(noun, [
    ['model list', 'all models at a glance'],
    ['model show flights-delay', 'one model'],
    ['model plan flights-delay', 'what the next run would do'],
    ['model init churn --from data/churn.parquet', 'a model file for data of your own'],
    ['model why flights-delay', 'why it was retrained, and why it was not'],
    ['model break flights-delay --at 2013-10-01 --reason "new airport"', 'older rows may mislead'],
  ]);
  noun
    .command('list')
    .description('every model, its champion and its last run')
    .action(() => list(context));
  noun
    .command('show <model>')
    .description('routing, aliases, runs, triggers and approvers of one model')
    .action((model: string) => show(context, model));
  registerPlan(noun, context);
  registerInit(noun, context);
  registerWhy(noun, context);
  registerBreak(noun, context);
}

async function list(context: CliContext): Promise<void> {
  const { models } = await context.workspace();
  const rows: ModelRow[] = [];
  for (const { config } of models.values())
    rows.push(rowOf(config, await (await ledgerOf(context, config.model)).state()));
  context.show({ models: rows }, () => modelsText(rows, context.terminal.now()));
}

function rowOf(config: ModelConfig, state: LedgerState): ModelRow {
  return {
    model: config.model,
    owner: config.owner,
    champion: state.aliases.champion?.version ?? null,
    promoted_at: state.budgets.promoted_at,
    active_run: state.activeRun?.run ?? null,
    frozen: state.freeze !== null,
    paused: state.paused,
    last_outcome: state.budgets.runs.at(-1)?.outcome ?? null,
  };
}

export function modelsText(rows: readonly ModelRow[], now: Date): string {
  if (rows.length === 0) return 'There is no model yet. Write one under config/models; see docs/configuration.md.';
  const cells = rows.map((row) => [
    row.model,
    row.champion === null ? 'none' : String(row.champion),
    row.promoted_at === null ? '-' : relative(row.promoted_at, now),
    row.active_run ?? '-',
    row.last_outcome ?? '-',
    [...(row.frozen ? ['frozen'] : []), ...(row.paused ? ['paused'] : [])].join(', ') || '-',
    row.owner,
  ]);
  return table(['MODEL', 'CHAMPION', 'PROMOTED', 'ACTIVE RUN', 'LAST OUTCOME', 'STATE', 'OWNER'], cells);
}

async function show(context: CliContext, name: string): Promise<void> {
  const ledger = await ledgerOf(context, name);
  const [state, head] = [await ledger.state(), await ledger.head()];
  const found = (await context.workspace()).models.get(name);
  const document = {
    model: name,
    file: found?.file ?? null,
    ledger_seq: head?.seq ?? 0,
    state,
    config: found?.config ?? null,
    reviews: await dueReviews(ledger),
  };
  context.show(document, () =>
    [modelText(name, found?.config, state), ...document.reviews.map(dueReviewText)].join('\n\n'),
  );
}

export function modelText(name: string, config: ModelConfig | undefined, state: LedgerState): string {
  const champion = state.aliases.champion?.version;
  const head =
    champion === undefined
      ? `${name}: no version is live yet.`
      : `${name}: ${routingText(state)} ${state.routing.arms.length > 1 ? 'answer' : 'answers'}.`;
  const runs = state.budgets.runs
    .slice(-5)
    .reverse()
    .map(({ run, as_of, outcome, trigger }) => [run, utc(as_of), trigger, outcome]);
  const past = runs.length === 0 ? 'No run has ended yet.' : table(['RUN', 'AS OF', 'TRIGGER', 'OUTCOME'], runs);
  return [head, stateText(state), past, config === undefined ? removedText(name) : policyText(config)].join('\n\n');
}

function removedText(name: string): string {
  return `No file under config/models names ${name} any more: it is kept, but nothing starts a run of it.`;
}

function policyText({ triggers, approval, gate, deploy }: ModelConfig): string {
  const { schedule, volume, age, limits, freeze_windows: frozen } = triggers;
  const auto =
    approval.auto === 'never'
      ? 'always a person'
      : `automatic for ${approval.auto.triggers.join(', ')} without warnings`;
  const others = [
    ...(triggers.performance.enabled ? ['performance'] : []),
    ...(triggers.calibration.enabled ? ['calibration'] : []),
    ...(triggers.drift.then === 'retrain' ? ['drift'] : []),
    ...(volume === null ? [] : [`volume of ${volume.new_mature_labels} labels`]),
    ...(age === null ? [] : [`age over ${age.older_than}`]),
  ];
  return facts([
    ['Schedule', schedule.enabled ? `${schedule.cron} (${schedule.timezone})` : 'off'],
    ['Other triggers', others.join(', ') || 'none'],
    [
      'Limits',
      `${limits.per_day} a day, ${limits.per_week} a week, ${limits.cool_down} between runs, ${limits.min_new_labels} new labels`,
    ],
    ...(frozen.length === 0 ? [] : [['Freeze windows', frozen.map(spanOf).join('; ')] as [string, string]]),
    ['Gate', `${gate.primary}, promoted when ${gate.champion.promote_when.replace('_', '-')}`],
    [
      'Approval',
      `${auto}; else ${approval.otherwise.approvers} of ${approval.otherwise.from.join(', ')} within ${approval.otherwise.deadline}`,
    ],
    ['Canary', `${deploy.canary.steps.join(', ')} %, ${deploy.canary.bake} each`],
  ]);
}
