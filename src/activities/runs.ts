/** The owner's decisions and the ends of runs: who may start, what a run left behind, what time it is. */
import { durationMs } from '../config/values.ts';
import { considerTrigger, stillStands } from '../policy/triggers.ts';
import { releaseLock, runId, startRun } from '../registry/changes.ts';
import type { LedgerEntry, LedgerState } from '../registry/contract.ts';
import { openLedger } from '../registry/ledger.ts';
import { asOfNow } from '../store/clock.ts';
import { digestOf, putDocument } from '../store/content.ts';
import type { RunOrder, RunPlan, RunRef, Trigger, TriggerAnswer } from '../workflows/contract.ts';
import { activity } from './boundary.ts';
import { configOf, type Deps, type RunConfig } from './deps.ts';
import { ModelNotApplied } from './errors.ts';

/** Reasons that travel in the order; all of them are in the store. */
const REASONS_SHOWN = 20;

interface Considered {
  readonly order: RunOrder | null;
  readonly pending: Trigger[];
  /** One answer for each trigger that has just arrived, in their order. */
  readonly answers: TriggerAnswer[];
}

export const runActivities = (deps: Deps) => ({
  /** The owner's memory is the ledger. A fresh owner also looks whether the active run still exists. */
  recallOwner: activity(deps, async (_work, model: string, ask: { fresh: boolean }) => {
    const state = await openLedger(deps.store, model).state();
    const mergeWindowMs = state.config
      ? durationMs((await configOf(deps, state.config)).model.triggers.merge_window)
      : 0;
    const active = state.activeRun?.run ?? null;
    return { activeRun: active && ask.fresh ? await releaseIfGone(deps, model, active) : active, mergeWindowMs };
  }),

  /** Null when the run has ended or was released. */
  lookAfterRun: activity(deps, async (_work, model: string, run: string) => {
    const state = await openLedger(deps.store, model).state();
    if (state.activeRun?.run !== run) return { activeRun: state.activeRun?.run ?? null };
    return { activeRun: await releaseIfGone(deps, model, run) };
  }),

  considerTriggers: activity(
    deps,
    async (_work, model: string, asked: { triggers: Trigger[]; waited: number }): Promise<Considered> => {
      const ledger = openLedger(deps.store, model);
      const asOf = await asOfNow(deps.store, deps.hone.clock);
      const head = await ledger.head();
      const effectId = `owner/${model}/${digestOf(asked.triggers.map((one) => one.eventId ?? one)).slice(0, 24)}`;
      // A retry after a lost answer finds the start that it made itself.
      const earlier = head ? await ledger.find(effectId, Math.max(0, head.seq - 10)) : null;
      const state = earlier ? await stateBefore(ledger, earlier) : await ledger.state();
      if (!state.config) throw new ModelNotApplied(model);
      const config = await configOf(deps, state.config);

      const verdicts = asked.triggers.map((one, index) => ({
        trigger: one,
        ...(index < asked.waited && !stillStands(one, state)
          ? { verdict: 'skip' as const, reason: 'its evidence is older than the new champion' }
          : considerTrigger(one, state, config.model.triggers, asOf)),
      }));
      const first = verdicts.find((one) => one.verdict === 'start');
      let order: RunOrder | null = null;
      if (first) {
        const run = runId(model, state.nextRun);
        const reasons = verdicts.filter((one) => one.verdict === 'start').map((one) => one.trigger);
        const { kind, by, reason } = first.trigger;
        const step = startRun({ run, trigger: kind, config: state.config, as_of: asOf, now: new Date().toISOString() });
        const { entry } = await ledger.append({
          effectId,
          as_of: asOf,
          actor: by,
          trust: 'asserted',
          why: reason,
          step,
        });
        const ref = { model, run, as_of: asOf, config: state.config, trigger: kind, seq: entry.seq };
        order = orderOf(ref, reasons, planOf(config, deps.hone.clock));
        await putDocument(deps.store, `models/${model}/runs/${run}/reasons.json`, reasons);
      }
      const answers = verdicts.slice(asked.waited).map((one): TriggerAnswer => {
        if (one.verdict === 'start' && order) {
          const started = one.trigger === first?.trigger;
          return { answer: started ? 'started' : 'merged', run: order.ref.run, reason: one.reason };
        }
        return {
          answer: one.verdict === 'queue' ? 'queued' : 'skipped',
          run: state.activeRun?.run ?? null,
          reason: one.reason,
        };
      });
      await rememberAnswers(deps, model, asOf, verdicts.slice(asked.waited), answers);
      return { order, answers, pending: verdicts.filter((one) => one.verdict === 'queue').map((one) => one.trigger) };
    },
  ),

  asOfNow: activity(deps, () => asOfNow(deps.store, deps.hone.clock)),

  /** Replays only: waits until somebody has moved the logical clock past the instant. */
  awaitLogicalTime: activity(deps, async (work, target: string) => {
    for (;;) {
      const now = await asOfNow(deps.store, deps.hone.clock);
      if (now >= target) return now;
      work.signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }),
});

async function releaseIfGone(deps: Deps, model: string, run: string): Promise<string | null> {
  const found = await deps.client.describeRun(run);
  if (found === 'open') return run;
  const reason = found === 'missing' ? 'Temporal does not know this run' : 'it closed without reporting its end';
  const as_of = await asOfNow(deps.store, deps.hone.clock);
  const ledger = openLedger(deps.store, model);
  await ledger.append({
    effectId: `owner/${run}/released`,
    as_of,
    actor: 'owner',
    trust: 'system',
    why: reason,
    step: releaseLock(run, reason),
  });
  return null;
}

async function stateBefore(ledger: ReturnType<typeof openLedger>, entry: LedgerEntry): Promise<LedgerState> {
  if (entry.seq === 1) return { ...entry.state, activeRun: null, nextRun: 1 };
  return (await ledger.read(entry.seq - 1)).state;
}

/** Every answer is kept, so that `hone model show` can say why nothing started. */
async function rememberAnswers(
  deps: Deps,
  model: string,
  asOf: string,
  asked: readonly { trigger: Trigger }[],
  answers: readonly TriggerAnswer[],
): Promise<void> {
  for (const [index, { trigger }] of asked.entries()) {
    const name = digestOf(trigger.eventId ?? trigger).slice(0, 32);
    const body = new TextEncoder().encode(JSON.stringify({ as_of: asOf, trigger, ...answers[index] }));
    await deps.store.put(`models/${model}/triggers/${asOf.slice(0, 10)}/${name}.json`, body);
  }
}

function orderOf(ref: RunRef, reasons: readonly Trigger[], plan: RunPlan): RunOrder {
  return {
    ref,
    plan,
    policyVersion: 1,
    reasons: reasons.slice(0, REASONS_SHOWN).map(({ kind, reason, by }) => ({ kind, reason, by })),
    reasonCount: reasons.length,
    starters: [...new Set(reasons.filter((one) => one.kind === 'manual' || one.kind === 'event').map((one) => one.by))],
  };
}

function planOf({ model, groups }: RunConfig, clock: RunPlan['clock']): RunPlan {
  return {
    task: model.task,
    tier: model.tier,
    refit: model.training.refit,
    trainingWallClock: model.training.limits.wall_clock,
    onInconclusive: model.gate.on_inconclusive,
    approval: model.approval,
    approvers: [...new Set(model.approval.otherwise.from.flatMap((group) => groups[group] ?? []))],
    deploy: model.deploy,
    clock,
  };
}
