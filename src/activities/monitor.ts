/** Stage monitor: ticks that look at a model, and the probation that a promotion starts. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startProbation } from '../client/probations.ts';
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import { classRateKey } from '../evaluation/classes.ts';
import { isDue } from '../monitoring/clock.ts';
import type { Holdout, TickReport } from '../monitoring/contract.ts';
import { everyText } from '../monitoring/playbook/alert-sentences.ts';
import { judgeProbation } from '../monitoring/probation.ts';
import { newestTick, tickKey } from '../monitoring/read-ticks.ts';
import { tick } from '../monitoring/tick.ts';
import { confirm, endShadow } from '../registry/changes.ts';
import type { LedgerState } from '../registry/contract.ts';
import { LedgerConflict } from '../registry/errors.ts';
import { openLedger } from '../registry/ledger.ts';
import { readAttestation, readVersion } from '../registry/versions.ts';
import type { NodeRecord } from '../serving/contract.ts';
import { readNodes } from '../serving/nodes.ts';
import { asOfNow } from '../store/clock.ts';
import type { RunRef, Trigger } from '../workflows/contract.ts';
import type { RollbackInput } from '../workflows/rollback.ts';
import { judgement } from './approve.ts';
import { activity, type Work } from './boundary.ts';
import { recordBreak } from './breaks.ts';
import { configOf, type Deps, kept } from './deps.ts';
import { ModelNotApplied } from './errors.ts';
import { rescorer } from './rescore.ts';
import { Turns } from './turns.ts';

/** A look reads a model's log into memory, 0.2 GB of it for 50,000 rows: those that come together wait for each other. */
const looks = new Turns(availableParallelism());

const gateAttestation = z.looseObject({ report: z.string() });

export const monitorActivities = (deps: Deps) => ({
  startProbation: activity(deps, (_work, run: RunRef, version: number) =>
    startProbation(deps.client, run.model, version),
  ),

  monitoringTick: activity(deps, async (work, model: string, scheduled: boolean = false) => {
    const { state, config, asOf } = await lookAt(deps, model);
    const last = scheduled ? await newestTick(deps.store, model) : null;
    if (last !== null && !isDue(config.monitoring, last, asOf)) {
      const sentence = `Not due: the last look was at ${last.as_of}, and one is taken ${everyText(config.monitoring.every)} while nothing is unsettled.`;
      return { sentence, report: tickKey(model, last.as_of), markdown: sentence, triggers: [] };
    }
    const report = await looks.take(async () =>
      tick({
        store: deps.store,
        config,
        state,
        asOf,
        holdout: await holdoutOf(deps, model, state),
        servers: { records: await serversOf(deps, model), now: new Date().toISOString() },
        cacheDir: deps.cacheDir,
        workDir: scratch(deps, work, model, 'tick'),
      }),
    );
    work.log.info({ findings: report.findings.length, incidents: report.open_incidents.length }, report.sentence);
    await recordBreak(deps.store, report, config); // before a run is asked for, which reads it
    return {
      sentence: report.sentence,
      report: tickKey(model, asOf),
      markdown: markdownOf(report),
      triggers: triggersOf(report),
    };
  }),

  /** One look of a probation. `end` is null while it goes on, and `next` says when to look again. */
  judgeProbation: activity(deps, async (work, model: string, order: { version: number }) => {
    const { state, config, asOf } = await lookAt(deps, model);
    const next = new Date(Date.parse(asOf) + durationMs('P1D')).toISOString();
    const waitMs = deps.hone.clock === 'logical' ? null : durationMs('P1D');
    const rollback: RollbackInput = {
      to: null,
      reason: '',
      by: `probation/${model}/${order.version}`,
      automatic: true,
    };
    if (state.aliases.champion?.version !== order.version) {
      return {
        end: 'superseded' as const,
        sentence: `Version ${order.version} is no longer champion.`,
        next,
        waitMs,
        rollback,
      };
    }
    const predecessor = state.aliases.previous_champion?.version ?? null;
    const report = await judgeProbation({
      store: deps.store,
      config,
      champion: order.version,
      predecessor,
      promotedAt: state.budgets.promoted_at ?? asOf,
      asOf,
      ...(predecessor === null ? {} : { scorePredecessor: rescorer(deps, model, predecessor) }),
      cacheDir: deps.cacheDir,
      workDir: scratch(deps, work, model, 'probation'),
    });
    work.log.info({ verdict: report.verdict, rows: report.rows }, report.sentence);
    const said = { sentence: report.sentence, next, waitMs, rollback: { ...rollback, reason: report.sentence } };
    if (report.verdict === 'worse') {
      const demote = config.deploy.probation.on_worse === 'roll_back' && report.basis === 'shadow';
      if (demote) return { end: 'rolled_back' as const, ...said };
      await settled(deps, model, order.version, asOf, { why: report.sentence, confirmed: false });
      return { end: 'demotion_proposed' as const, ...said };
    }
    if (!report.over) return { end: null, ...said };
    await settled(deps, model, order.version, asOf, { why: report.sentence, confirmed: report.verdict === 'confirm' });
    if (report.verdict === 'undecided') return { end: 'undecided' as const, ...said };
    return { end: 'confirmed' as const, ...said };
  }),
});

async function lookAt(deps: Deps, model: string): Promise<{ state: LedgerState; config: ModelConfig; asOf: string }> {
  const state = await openLedger(deps.store, model).state();
  if (!state.config) throw new ModelNotApplied(model);
  return {
    state,
    config: (await configOf(deps, state.config)).model,
    asOf: await asOfNow(deps.store, deps.hone.clock),
  };
}

function scratch(deps: Deps, work: Work, model: string, name: string): string {
  return join(deps.scratchDir, model, `${name}-${work.attempt}-${Date.now()}`);
}

/** What the champion (or the version that was judged for it) reached on its own clean holdout. */
async function holdoutOf(deps: Deps, model: string, state: LedgerState): Promise<Holdout | null> {
  const champion = state.aliases.champion?.version;
  if (!champion) return null;
  const manifest = await readVersion(deps.store, model, champion);
  const attested = await readAttestation(deps.store, model, champion, 'gate');
  if (!attested) return null;
  const { evaluation } = await kept(deps, gateAttestation.parse(attested).report, judgement);
  const { log_loss, roc_auc } = evaluation.models.candidate.metrics;
  const baseline = evaluation.baseline.metrics.log_loss;
  if (!log_loss?.estimate || !baseline) return null;
  const rates = manifest.signature.classes?.map((value) => manifest.metrics[classRateKey(Number(value))]) ?? [];
  return {
    skill: 1 - log_loss.estimate / baseline,
    log_loss: log_loss.estimate,
    roc_auc: roc_auc?.estimate ?? null,
    baselineRate: manifest.metrics['train_label_mean'] ?? evaluation.baseline.prediction,
    ...(rates.length > 0 && rates.every((rate) => rate !== undefined) ? { class_rates: rates } : {}),
  };
}

async function serversOf(deps: Deps, model: string): Promise<NodeRecord[]> {
  return (await readNodes(deps.store)).filter(({ models }) => models[model] !== undefined);
}

export function triggersOf(report: TickReport): Trigger[] {
  return report.actions.flatMap((action) =>
    action.kind === 'trigger'
      ? [
          {
            kind: action.trigger,
            reason: action.reason.slice(0, 500),
            evidence: action.evidence,
            eventId: `tick/${report.model}/${report.as_of}/${action.trigger}`,
            as_of: report.as_of,
            by: 'monitoring',
          },
        ]
      : [],
  );
}

function markdownOf(report: TickReport): string {
  const lines = report.findings.filter((one) => one.state !== 'stable').map((one) => `- ${one.sentence}`);
  return [`**${report.sentence}**`, ...lines].join('\n').slice(0, 18_000);
}

/** The end of a probation that leaves the champion: in the ledger where it is confirmed, or ends a shadow. */
async function settled(
  deps: Deps,
  model: string,
  version: number,
  asOf: string,
  { why, confirmed }: { readonly why: string; readonly confirmed: boolean },
): Promise<void> {
  const actor = `probation/${model}/${version}`;
  try {
    await openLedger(deps.store, model).append({
      effectId: `${actor}/${confirmed ? 'confirmed' : 'shadow-ended'}`,
      as_of: asOf,
      actor,
      trust: 'system',
      why,
      step: confirmed ? confirm({ version }) : endShadow({ champion: version }),
    });
  } catch (error) {
    if (!(error instanceof LedgerConflict)) throw error; // a newer champion arrived meanwhile, or there is no shadow
  }
}
