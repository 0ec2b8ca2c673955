/** The order of a run: what its workflow needs to know of configuration and reasons, fixed at its start. */
import { trialsOf } from '../training/search/trials.ts';
import type { RunOrder, RunPlan, RunRef, StartFrom, Trigger } from '../workflows/contract.ts';
import type { RunConfig } from './deps.ts';

/** Reasons that travel in the order; all of them are in the store. */
const REASONS_SHOWN = 20;

/** @param startFrom for a retry: what is not done again */
export function orderOf(
  ref: RunRef,
  reasons: readonly Trigger[],
  plan: RunPlan,
  startFrom: StartFrom | null = null,
): RunOrder {
  return {
    ref,
    plan,
    policyVersion: 2,
    reasons: reasons.slice(0, REASONS_SHOWN).map(({ kind, reason, by }) => ({ kind, reason, by })),
    reasonCount: reasons.length,
    starters: [...new Set(reasons.filter((one) => one.kind === 'manual' || one.kind === 'event').map((one) => one.by))],
    ...(startFrom ? { startFrom } : {}),
  };
}

export function planOf({ model, groups }: RunConfig, clock: RunPlan['clock']): RunPlan {
  const trials = trialsOf(model).flatMap(({ name, sameAs }) => (sameAs === undefined ? [name] : []));
  return {
    refit: model.training.refit,
    trainingWallClock: model.training.limits.wall_clock,
    onInconclusive: model.gate.on_inconclusive,
    approval: model.approval,
    approvers: [...new Set(model.approval.otherwise.from.flatMap((group) => groups[group] ?? []))],
    deploy: model.deploy,
    clock,
    ...(trials.length > 0 ? { search: { trials, atOnce: model.training.search.at_once } } : {}),
  };
}
