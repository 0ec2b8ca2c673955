/** May a run start now? Pure: the same trigger against the same ledger state gives the same answer. */
import type { ModelConfig } from '../config/model.ts';
import type { LedgerState } from '../registry/contract.ts';
import { type Trigger, type TriggerAnswer, trigger as triggerSchema } from '../workflows/contract.ts';
import { isUndecodable, problem } from './approvals.ts';
import { judgedRuns, limitsAgainst, type Seen } from './trigger-limits.ts';

export interface TriggerVerdict {
  readonly verdict: 'start' | 'queue' | 'skip';
  readonly reason: string;
}

/** More than this wait for one run only when something is broken that sends them. */
export const WAITING_AT_MOST = 2000;

/** A trigger as anyone may have sent it; or what is wrong with it and what to send instead. */
export function readTrigger(body: unknown): { readonly trigger: Trigger } | { readonly refused: string } {
  const example = 'Send {"kind":"manual","reason":"<why>","by":"<your name>"}.';
  if (isUndecodable(body)) return { refused: `Refused: the trigger could not be decoded as JSON. ${example}` };
  const parsed = triggerSchema.safeParse(body);
  if (parsed.success) return { trigger: parsed.data };
  return { refused: `Refused: ${problem(parsed.error, 'trigger')}. ${example}` };
}

/** @param seen other triggers of late, for `combine`: those that are considered together, and earlier ones */
export function considerTrigger(
  trigger: Trigger,
  state: LedgerState,
  triggers: ModelConfig['triggers'],
  asOf: string,
  seen: readonly Seen[] = [],
): TriggerVerdict {
  const skip = (reason: string): TriggerVerdict => ({ verdict: 'skip', reason });
  if (state.paused) return skip('the model is paused: it is no longer in the configuration');
  const { freeze } = state;
  if (freeze && (freeze.until === null || isBefore(asOf, freeze.until)))
    return skip(`frozen by ${freeze.by}: ${freeze.reason}`);
  if (state.activeRun) {
    const run = state.activeRun.run;
    if (trigger.kind === 'schedule' && triggers.schedule_while_active === 'skip') {
      return skip(`${run} is active, and the policy is to skip a schedule meanwhile`);
    }
    return { verdict: 'queue', reason: `${run} is active; judged again when it ends` };
  }

  const last = judgedRuns(state).at(-1);
  const evidenceAt = trigger.as_of ?? asOf;
  // What must be judged was judged by no run before, however late it is told.
  if (last && trigger.demand === undefined && isBefore(evidenceAt, last.as_of)) {
    return skip(`stale: its evidence is of ${evidenceAt}, before the last run ${last.run} (${last.as_of})`);
  }
  const limits = limitsAgainst(trigger, state, triggers, asOf, seen);
  const enforced = limits.find(({ told }) => !told.includes(trigger.kind));
  if (enforced) return skip(enforced.sentence);
  const told = limits.map(({ sentence }) => sentence).join('; ');
  return { verdict: 'start', reason: told === '' ? trigger.reason : `${trigger.reason} (although ${told})` };
}

/** Evidence of a pending request that is still worth a run after the active one has ended. */
export function stillStands(trigger: Trigger, state: LedgerState): boolean {
  const promotedAt = state.budgets.promoted_at;
  if (trigger.kind === 'manual' || trigger.kind === 'event' || trigger.demand || !promotedAt) return true;
  return trigger.as_of !== undefined && isBefore(promotedAt, trigger.as_of);
}

/** What is considered together: those that waited for the end of a run first, then those that have just arrived. */
export interface Asked {
  readonly waited: readonly Trigger[];
  readonly arrived: readonly Trigger[];
  /** How many wait already while a run is active; they are not considered again before it ends. */
  readonly waiting: number;
  /** Earlier triggers, whatever became of them. */
  readonly seen?: readonly Seen[];
  /** Why a trigger cannot be met by this model at all, where that is so. */
  readonly impossible?: (trigger: Trigger) => string | null;
}

export interface Considered {
  /** Reasons of the one run that starts, the first of them first; empty when none does. */
  readonly starts: readonly Trigger[];
  /** Joins those that wait; with the time at which its evidence was seen. */
  readonly queue: readonly Trigger[];
  /** One for each of `waited`, then of `arrived`. */
  readonly answers: readonly TriggerAnswer[];
}

/** One start at most, for all triggers that may start it; every trigger gets an answer. `run`: the next run's id. */
export function considerAll(
  asked: Asked,
  state: LedgerState,
  triggers: ModelConfig['triggers'],
  asOf: string,
  run: string,
): Considered {
  const seen = [...asked.waited, ...asked.arrived].map(({ kind, as_of }) => ({ kind, as_of: as_of ?? asOf }));
  seen.push(...(asked.seen ?? []));
  const starts: Trigger[] = [];
  const queue: Trigger[] = [];
  const active = state.activeRun?.run ?? null;
  const answerTo = (trigger: Trigger, waited: boolean): TriggerAnswer => {
    if (waited && !stillStands(trigger, state))
      return { answer: 'skipped', run: null, reason: 'its evidence is older than the new champion' };
    const impossible = asked.impossible?.(trigger) ?? null;
    if (impossible !== null) return { answer: 'skipped', run: active, reason: impossible };
    const { verdict, reason } = considerTrigger(trigger, state, triggers, asOf, seen);
    if (verdict === 'skip') return { answer: 'skipped', run: active, reason };
    if (verdict === 'queue') {
      if (asked.waiting + queue.length >= WAITING_AT_MOST)
        return { answer: 'skipped', run: active, reason: `${WAITING_AT_MOST} triggers wait already for ${active}` };
      queue.push({ ...trigger, as_of: trigger.as_of ?? asOf });
      return { answer: 'queued', run: active, reason };
    }
    starts.push(trigger);
    return { answer: starts.length === 1 ? 'started' : 'merged', run, reason };
  };
  const answers = [
    ...asked.waited.map((trigger) => answerTo(trigger, true)),
    ...asked.arrived.map((trigger) => answerTo(trigger, false)),
  ];
  return { starts, queue, answers };
}

/** Instants may be spelt with or without fractions of a second. */
function isBefore(a: string, b: string): boolean {
  return Date.parse(a) < Date.parse(b);
}
