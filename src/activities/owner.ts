/** The owner's decisions: who may start, whether its run still exists, what it answered. Its truth is the ledger. */
import { activityInfo } from '@temporalio/activity';
import { z } from 'zod';
import { durationMs } from '../config/values.ts';
import { companionKinds } from '../policy/trigger-limits.ts';
import { considerAll } from '../policy/triggers.ts';
import { releaseLock, runId, startRun } from '../registry/changes.ts';
import type { LedgerState } from '../registry/contract.ts';
import { LedgerConflict } from '../registry/errors.ts';
import { type Ledger, openLedger } from '../registry/ledger.ts';
import { initialState } from '../registry/state.ts';
import {
  addWaiting,
  answered,
  findAnswer,
  readWaiting,
  rememberAnswer,
  rememberWaiting,
  triggersSeen,
  type WaitingRef,
  waitingOf,
} from '../registry/trigger-answers.ts';
import { asOfNow } from '../store/clock.ts';
import { impossibleDemand, reasonsKey } from '../triggers/demands.ts';
import { type RunOrder, type Trigger, type TriggerAnswer, trigger } from '../workflows/contract.ts';
import { activity } from './boundary.ts';
import { configOf, type Deps, keep, kept } from './deps.ts';
import { orderOf, planOf } from './order.ts';
import { openRetries } from './retries.ts';

export interface Recalled {
  /** Null when none is active, or when the one that held the lock is gone: then it was released. */
  readonly activeRun: string | null;
  readonly mergeWindowMs: number;
  /** Triggers that an earlier owner left waiting. */
  readonly waiting: WaitingRef | null;
}

export interface Asked {
  readonly arrived: readonly (Trigger & { readonly eventId: string })[];
  readonly waiting: WaitingRef | null;
}

export interface Decided {
  readonly order: RunOrder | null;
  /** One for each that arrived, in their order. */
  readonly answers: readonly TriggerAnswer[];
  readonly waiting: WaitingRef | null;
  /** By the ledger, after this decision. */
  readonly activeRun: string | null;
  /** Digest of all answers, those to triggers that had waited among them. */
  readonly decision: string;
}

/** What is to be kept: a decision by its digest, or events that could not be decided. */
export type Published =
  | { readonly decision: string; readonly waiting: WaitingRef | null }
  | { readonly undecided: readonly string[]; readonly reason: string };

const decision = z.strictObject({ answers: z.array(answered.omit({ at: true })) });
/** Each is tried on a state that nobody else had changed; more than this in a row means that something is wrong. */
const TRIES = 5;
const AT_ONCE = 20;

export const ownerActivities = (deps: Deps) => ({
  recallOwner: activity(deps, async (_work, model: string): Promise<Recalled> => {
    const state = await openLedger(deps.store, model).state();
    const active = state.activeRun?.run ?? null;
    return {
      activeRun: active && (await releaseIfGone(deps, model, active)) ? null : active,
      mergeWindowMs: state.config ? durationMs((await configOf(deps, state.config)).model.triggers.merge_window) : 0,
      waiting: await waitingOf(deps.store, model),
    };
  }),

  considerTriggers: activity(deps, async (_work, model: string, asked: Asked): Promise<Decided> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await decide(deps, model, asked);
      } catch (error) {
        // A freeze or another run came between the look and the start: look again.
        if (!(error instanceof LedgerConflict) || attempt === TRIES) throw error;
      }
    }
  }),

  /** After the decision stands in history: for those who ask by event id, and for a fresh owner. */
  publishAnswers: activity(deps, async (_work, model: string, published: Published): Promise<void> => {
    const at = new Date().toISOString();
    const answers =
      'decision' in published
        ? (await kept(deps, published.decision, decision)).answers
        : published.undecided.map((eventId) => undecided(eventId, published.reason));
    for (let next = 0; next < answers.length; next += AT_ONCE) {
      const some = answers.slice(next, next + AT_ONCE);
      await Promise.all(
        some.map((one) => rememberAnswer(deps.store, model, String(one.trigger['eventId']), { ...one, at })),
      );
    }
    if ('decision' in published) await rememberWaiting(deps.store, model, published.waiting);
  }),
});

const undecided = (eventId: string, reason: string): z.output<typeof decision>['answers'][number] => ({
  trigger: { eventId },
  answer: 'skipped',
  run: null,
  reason,
  decided: false,
});

async function decide(deps: Deps, model: string, asked: Asked): Promise<Decided> {
  const ledger = openLedger(deps.store, model);
  const effectId = effectOfThis();
  const earlier = await ledger.find(effectId, Math.max(0, ((await ledger.head())?.seq ?? 0) - 20));
  // A retry after a lost answer decides on what stood before its own entry, at the same time.
  const state = earlier ? await stateBefore(ledger, earlier.seq) : await ledger.state();
  const asOf = earlier?.as_of ?? (await asOfNow(deps.store, deps.hone.clock));
  const known = await Promise.all(asked.arrived.map((one) => findAnswer(deps.store, model, one.eventId)));
  const arrived = asked.arrived.filter((_, index) => !known[index]?.decided);
  const waited = state.activeRun ? [] : await readWaiting(deps.store, asked.waiting, trigger);
  const config = state.config ? await configOf(deps, state.config) : null;
  const retries = await openRetries(deps, model, [...waited, ...arrived]);

  const run = runId(model, state.nextRun);
  const considered = config
    ? considerAll(
        {
          waited,
          arrived,
          waiting: state.activeRun ? (asked.waiting?.count ?? 0) : 0,
          seen: await triggersSeen(deps.store, model, companionKinds(config.model.triggers)),
          impossible: (one) => impossibleDemand(config.model, one.demand) ?? retries.refusal(one),
        },
        state,
        config.model.triggers,
        asOf,
        run,
      )
    : { starts: [], queue: [], answers: [...waited, ...arrived].map(() => notApplied(model)) };

  const [first] = considered.starts;
  let order: RunOrder | null = null;
  if (first && config && state.config) {
    const { kind, by } = first;
    const why = considered.answers.find(({ answer }) => answer === 'started')?.reason ?? first.reason;
    const step = startRun({ run, trigger: kind, config: state.config, as_of: asOf, now: new Date().toISOString() });
    const { entry } = await ledger.append({ effectId, as_of: asOf, actor: by, trust: 'asserted', why, step });
    const again = await retries.begin(considered.starts, run);
    const fixed = again ? { as_of: again.as_of, retry: again.retry } : { as_of: asOf };
    const ref = { model, run, ...fixed, config: state.config, trigger: kind, seq: entry.seq };
    order = orderOf(ref, considered.starts, planOf(config, deps.hone.clock), again?.startFrom);
    const reasons = new TextEncoder().encode(JSON.stringify(considered.starts));
    await deps.store.put(reasonsKey(model, run), reasons);
  }

  const both = [...waited, ...arrived];
  const answers = considered.answers.map((answer, index) => ({
    trigger: { ...both[index], as_of: both[index]?.as_of ?? asOf },
    ...answer,
    decided: config !== null,
  }));
  const fresh = considered.answers.slice(waited.length).values();
  return {
    order,
    answers: known.map((old) => (old?.decided ? answerIn(old) : (fresh.next().value as TriggerAnswer))),
    waiting: await addWaiting(deps.store, considered.queue, state.activeRun ? asked.waiting : null),
    activeRun: order ? run : (state.activeRun?.run ?? null),
    decision: await keep(deps, { answers }),
  };
}

/** The same for every try of this decision and for no other, also when more triggers have come between two tries. */
function effectOfThis(): string {
  const { workflowExecution, activityId } = activityInfo();
  return `owner/${workflowExecution?.runId}/${activityId}`;
}

const answerIn = ({ answer, run, reason }: TriggerAnswer): TriggerAnswer => ({ answer, run, reason });

const notApplied = (model: string): TriggerAnswer => ({
  answer: 'skipped',
  run: null,
  reason: `${model} has no configuration in the ledger; run \`hone config apply\`, then ask again`,
});

/** Takes the lock from a run that closed without reporting its end. */
async function releaseIfGone(deps: Deps, model: string, run: string): Promise<boolean> {
  const found = await deps.client.describeRun(run);
  if (found === 'open') return false;
  const reason = found === 'missing' ? 'Temporal does not know this run' : 'it closed without reporting its end';
  try {
    await openLedger(deps.store, model).append({
      effectId: `owner/${run}/released`,
      as_of: await asOfNow(deps.store, deps.hone.clock),
      actor: 'owner',
      trust: 'system',
      why: reason,
      step: releaseLock(run, reason),
    });
  } catch (error) {
    if (!(error instanceof LedgerConflict)) throw error; // its end, or a rollback, was written meanwhile
  }
  return true;
}

async function stateBefore(ledger: Ledger, seq: number): Promise<LedgerState> {
  return seq > 1 ? (await ledger.read(seq - 1)).state : initialState();
}
