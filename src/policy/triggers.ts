/** May a run start now? Pure: the same trigger against the same ledger state gives the same answer. */
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import type { LedgerState } from '../registry/contract.ts';
import type { Trigger } from '../workflows/contract.ts';

export interface TriggerVerdict {
  readonly verdict: 'start' | 'queue' | 'skip';
  readonly reason: string;
}

/** Asked for by somebody or something outside: cool-down and budget are told, not enforced. */
const askedFor = new Set(['manual', 'event']);
/** Routine starts, pointless without new labels. */
const routine = new Set(['schedule', 'volume', 'age']);
/** Ends that say nothing about the model, so they neither cool down nor use up the budget. */
const withoutJudgement = new Set(['refused_by_validation', 'failed', 'cancelled']);

const WEEK = durationMs('P7D');

export function considerTrigger(
  trigger: Trigger,
  state: LedgerState,
  limits: ModelConfig['triggers'],
  asOf: string,
): TriggerVerdict {
  const skip = (reason: string): TriggerVerdict => ({ verdict: 'skip', reason });
  if (state.paused) return skip('the model is paused: it is no longer in the configuration');
  const { freeze } = state;
  if (freeze && (freeze.until === null || asOf < freeze.until)) return skip(`frozen by ${freeze.by}: ${freeze.reason}`);
  if (state.activeRun) {
    const run = state.activeRun.run;
    if (trigger.kind === 'schedule' && limits.schedule_while_active === 'skip') {
      return skip(`${run} is active, and the policy is to skip a schedule meanwhile`);
    }
    return { verdict: 'queue', reason: `${run} is active; judged again when it ends` };
  }

  const judged = state.budgets.runs.filter((run) => !withoutJudgement.has(run.outcome));
  const last = judged.at(-1);
  const evidenceAt = trigger.as_of ?? asOf;
  if (last && evidenceAt < last.as_of) {
    return skip(`stale: its evidence is of ${evidenceAt}, before the last run ${last.run} (${last.as_of})`);
  }
  if (askedFor.has(trigger.kind) || !state.aliases.champion) return { verdict: 'start', reason: trigger.reason };

  const now = Date.parse(asOf);
  const coolDown = durationMs(limits.limits.cool_down);
  if (last && now - Date.parse(last.as_of) < coolDown) {
    return skip(`cool-down of ${limits.limits.cool_down} since ${last.run} (${last.as_of}) is not over`);
  }
  const thisWeek = judged.filter((run) => now - Date.parse(run.as_of) < WEEK).length;
  if (thisWeek >= limits.limits.per_week) {
    return skip(`budget used: ${thisWeek} of ${limits.limits.per_week} runs in the last seven days`);
  }
  const labels = trigger.evidence?.['new_mature_labels'];
  if (routine.has(trigger.kind) && typeof labels === 'number' && labels < limits.limits.min_new_labels) {
    return skip(`${labels} new mature labels, fewer than ${limits.limits.min_new_labels}: nothing to learn yet`);
  }
  return { verdict: 'start', reason: trigger.reason };
}

/** Evidence of a pending request that is still worth a run after the active one has ended. */
export function stillStands(trigger: Trigger, state: LedgerState): boolean {
  const promotedAt = state.budgets.promoted_at;
  if (askedFor.has(trigger.kind) || !promotedAt) return true;
  return (trigger.as_of ?? '') > promotedAt;
}
