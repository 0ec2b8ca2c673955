/**
 * The edge between Temporal and the domain: beats while work goes on, logs with the run's names, and the one place
 * where hone's errors become Temporal failures.
 */
import { availableParallelism } from 'node:os';
import {
  ApplicationFailure,
  activityInfo,
  Context,
  cancellationSignal,
  heartbeat,
  type Info,
} from '@temporalio/activity';
import { HoneError } from '../errors.ts';
import { StoreRefused } from '../store/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Deps } from './deps.ts';
import { Turns } from './turns.ts';

const BEAT_MS = 1000;

export interface Work {
  readonly log: Logger;
  /** Aborted when the activity is cancelled, times out or its worker shuts down. */
  readonly signal: AbortSignal;
  /** Goes out with the next beat; a retry finds the last one in `resumed`. */
  report(progress: unknown): void;
  /** Progress that an earlier attempt reported. */
  readonly resumed: unknown;
  /** For scratch folders: two attempts never share one. */
  readonly attempt: number;
}

type Body<A extends unknown[], R> = (work: Work, ...args: A) => Promise<R>;

/** Makes an activity of a function: beats each second with the last reported progress, maps errors. */
export function activity<A extends unknown[], R>(deps: Deps, body: Body<A, R>): (...args: A) => Promise<R> {
  return async (...args) => {
    const info = activityInfo();
    const first = args[0] as { model?: string; run?: string } | string | undefined;
    const names = typeof first === 'string' ? { model: first } : { model: first?.model, run: first?.run };
    const log = deps.logger.child({ ...names, stage: info.activityType, attempt: info.attempt });
    let progress: unknown = info.heartbeatDetails;
    const beats = info.isLocal ? undefined : setInterval(() => heartbeat(progress), BEAT_MS);
    const started = performance.now();
    try {
      const signal = cancellationSignal();
      const report = (next: unknown) => {
        progress = next;
      };
      const result = await body(
        { log, signal, report, resumed: info.heartbeatDetails, attempt: info.attempt },
        ...args,
      );
      log.debug({ ms: Math.round(performance.now() - started) }, 'done');
      return result;
    } catch (error) {
      await cancelledIfAsked();
      throw asFailure(error, log, neverGivesUp(info) && error instanceof StoreRefused);
    } finally {
      clearInterval(beats);
    }
  };
}

/**
 * Data stages read and compare whole tables: a worker does a few at a time, and the others wait for their turn, beating.
 * More than the processors, because a source may be a program that mostly waits.
 */
const dataTurns = new Turns(Math.max(4, availableParallelism()));

/** As `activity`, in turns with the data stages of other models. */
export function dataActivity<A extends unknown[], R>(deps: Deps, body: Body<A, R>): (...args: A) => Promise<R> {
  return activity(deps, async (work, ...args: A) => await dataTurns.take(() => body(work, ...args), work.signal));
}

/** Work stopped by our own signal ends as a cancellation, whatever error the stopping caused inside. */
async function cancelledIfAsked(): Promise<void> {
  if (Context.current().cancellationSignal.aborted) await Context.current().cancelled;
}

/**
 * Undo and watching are tried without limit (`workflows/steps.ts`): a store that refuses them may have its rights mended,
 * and a rollout that stays half undone helps nobody. The owner's local decisions answer instead.
 */
function neverGivesUp({ isLocal, retryPolicy }: Info): boolean {
  const limit = retryPolicy?.maximumAttempts;
  return !isLocal && retryPolicy !== undefined && (limit === undefined || limit === 0 || limit === Infinity);
}

function asFailure(error: unknown, log: Logger, again: boolean): Error {
  if (error instanceof HoneError) {
    const retryable = error.retryable || again;
    log.warn({ code: error.code, retryable }, error.message);
    return ApplicationFailure.create({ message: error.message, type: error.code, nonRetryable: !retryable });
  }
  log.error({ err: error }, 'unexpected error');
  return error instanceof Error ? error : new Error(String(error));
}
