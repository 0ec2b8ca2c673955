/** `hone model plan`: what the next run would do, without doing it. */
import type { Command } from 'commander';
import { modelOf } from '../../config/load.ts';
import type { ModelConfig } from '../../config/model.ts';
import type { RunPreview } from '../../evaluation/plan.ts';
import type { TriggerVerdict } from '../../policy/triggers.ts';
import type { LedgerState } from '../../registry/contract.ts';
import { utc } from '../../times.ts';
import type { CliContext } from '../context.ts';
import { withExamples } from '../examples.ts';
import { withProgress } from '../progress.ts';
import { ledgerOf } from '../refs.ts';
import { asOfOf } from '../services.ts';
import { facts, table } from '../table.ts';

const ASKED = 'asked by plan';

interface Plan {
  readonly model: string;
  readonly run: string;
  readonly champion: number | null;
  readonly by_schedule: TriggerVerdict;
  readonly by_hand: TriggerVerdict;
  readonly preview: RunPreview;
  readonly approval: {
    readonly auto: ModelConfig['approval']['auto'];
    readonly approvers: number;
    readonly people: readonly string[];
    readonly deadline: string;
  };
  readonly rollout: { readonly steps: readonly number[]; readonly bake: string };
  /** Smallest true improvement found in 8 of 10 holdouts of so many blocks; null before a candidate was compared. */
  readonly detectable: { readonly metric: string; readonly value: number; readonly run: string } | null;
}

export function registerPlan(noun: Command, context: CliContext): void {
  withExamples(
    noun
      .command('plan <model>')
      .description('what the next run would train and judge on, and who would decide; starts nothing'),
    [['model plan flights-delay', 'as of now']],
  ).action((model: string) => plan(context, model));
}

async function plan(context: CliContext, model: string): Promise<void> {
  const workspace = await context.workspace();
  const { config } = modelOf(workspace, model);
  const store = await context.store();
  const state = await (await ledgerOf(context, model)).state();
  const asOf = await asOfOf({ workspace, store });
  const { previewRun } = await import('../../evaluation/plan.ts');
  const { lastBreak } = await import('../../registry/breaks.ts');
  const { considerTrigger } = await import('../../policy/triggers.ts');
  const { readVersion } = await import('../../registry/versions.ts');
  const { runId } = await import('../../registry/changes.ts');
  const { inScratch } = await import('../scratch.ts');
  const served = state.aliases.champion?.version ?? null;
  const champion = served === null ? null : await readVersion(store, model, served);
  const confirmed = lastBreak(state, asOf);
  context.say('Reading the source as a run would …');
  const preview = await withProgress(context, 'reading the source', () =>
    inScratch((scratch) => previewRun({ config, champion, confirmed, asOf, base: workspace.dir, ...scratch })),
  );
  const { deadline, approvers, from } = config.approval.otherwise;
  const would = (kind: 'schedule' | 'manual') => {
    const evidence = { new_mature_labels: preview.new_mature_labels };
    return considerTrigger({ kind, reason: ASKED, by: 'plan', evidence }, state, config.triggers, asOf);
  };
  const document: Plan = {
    model,
    run: runId(model, state.nextRun),
    champion: served,
    by_schedule: would('schedule'),
    by_hand: would('manual'),
    preview,
    approval: {
      auto: config.approval.auto,
      approvers,
      people: [...new Set(from.flatMap((group) => workspace.hone.groups[group] ?? []))],
      deadline,
    },
    rollout: { steps: config.deploy.canary.steps, bake: config.deploy.canary.bake },
    detectable: await expectedPower(context, model, state, config, expectedBlocks(preview)),
  };
  context.show(document, () => planText(document, config));
}

/** Blocks that the gate may judge on. */
const expectedBlocks = ({ gate }: RunPreview): number => gate.find(({ what }) => what.startsWith('blocks'))?.has ?? 0;

/** From the last comparison of the model, brought to the blocks expected now. */
async function expectedPower(
  context: CliContext,
  model: string,
  state: LedgerState,
  config: ModelConfig,
  blocks: number,
): Promise<Plan['detectable']> {
  if (blocks < 1) return null;
  const { packetOfRun } = await import('../../gate/read-packet.ts');
  const { detectableOn } = await import('../../gate/comparison.ts');
  const store = await context.store();
  for (const { run } of [...state.budgets.runs].reverse()) {
    const packet = await packetOfRun(store, model, run);
    const power = packet?.gate.power;
    if (!packet || !power || packet.evaluation.primary !== config.gate.primary) continue;
    const earlier = { detectable: power.detectable, blocks: packet.evaluation.blocks.count };
    return { metric: config.gate.primary, value: detectableOn(blocks, earlier), run };
  }
  return null;
}

export function planText(plan: Plan, config: ModelConfig): string {
  const { preview, approval, rollout, champion } = plan;
  const { judged_on: judged, source } = preview;
  const verdict = ({ verdict, reason }: TriggerVerdict) =>
    // What is told and not enforced follows the reason.
    verdict === 'start'
      ? `would start${reason.slice(ASKED.length)}`
      : `would be ${verdict === 'queue' ? 'queued' : 'skipped'}: ${reason}`;
  const rows = preview.windows.map(({ part, from, to, ...count }) => [part, ...windowCells({ from, to, ...count })]);
  const needs = preview.gate.map(({ what, has, needs: need, enough }) => [
    what,
    String(has),
    String(need),
    enough ? 'yes' : 'NO',
  ]);
  const missing = preview.gate.filter(({ enough }) => !enough);
  const outlook =
    missing.length === 0
      ? 'The gate has enough to decide.'
      : `The gate would be inconclusive and wait up to ${config.gate.on_inconclusive.wait_for_labels} for labels.`;
  const automatic =
    approval.auto === 'never' || champion === null || config.tier === 'high'
      ? 'always a person'
      : `automatic for ${approval.auto.triggers.join(', ')} without warnings; else a person`;
  const smallest = plan.detectable;
  const over =
    source.newest_day < judged.from.slice(0, 10)
      ? ': NOTHING TO JUDGE ON. Was it delivered? Is this a replay of old data (`hone clock`)?'
      : '';
  return [
    `${plan.model}: the next run would be ${plan.run}, as of ${utc(preview.as_of)}. Nothing was started.`,
    facts([
      ['Asked by hand', verdict(plan.by_hand)],
      ['By schedule', verdict(plan.by_schedule)],
      ['Compared with', champion === null ? 'floors and baseline: nothing is served' : `version ${champion}`],
      ['Source', `${source.rows} rows, ${source.from.slice(0, 10)} to ${source.newest_day}${over}`],
      ...(preview.training_window ? [['Window', preview.training_window.sentence] as [string, string]] : []),
      [
        'New labels',
        `${preview.new_mature_labels} matured ${champion === null ? 'so far' : 'since the champion was fitted'}`,
      ],
    ]),
    table(
      ['PART', 'FROM (UTC)', 'TO (UTC)', 'ROWS', 'LABELS', 'RARER CLASS'],
      [...rows, ['judged on', ...windowCells(judged)]],
    ),
    `${table(['THE GATE NEEDS', 'HAS', 'NEEDS', 'ENOUGH'], needs)}\n${outlook}`,
    facts([
      [
        'Detectable',
        smallest === null
          ? 'not known before a comparison'
          : `${smallest.metric} by ${smallest.value.toPrecision(2)} (from the spread of ${smallest.run})`,
      ],
      ['Approval', automatic],
      ['Approvers', `${approval.approvers} of ${approval.people.join(', ')} within ${approval.deadline}`],
      [
        'Canary',
        champion === null
          ? 'none: a first version takes all traffic at once'
          : `${rollout.steps.join(', ')} %, ${rollout.bake} each`,
      ],
    ]),
    `Do it: hone run start ${plan.model} --reason "…"`,
  ].join('\n\n');
}

function windowCells({
  from,
  to,
  rows,
  labels,
  rarer,
}: {
  from: string;
  to: string;
  rows: number;
  labels: number;
  rarer: number | null;
}): string[] {
  return [from.slice(0, 10), to.slice(0, 10), String(rows), String(labels), rarer === null ? '-' : String(rarer)];
}
