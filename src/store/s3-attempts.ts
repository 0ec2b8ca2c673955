/** Bounded retries with jitter for calls to an S3 server, and what its answers mean. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HoneError } from '../errors.ts';
import { ObjectCorrupt, StoreRefused, StoreUnreachable } from './errors.ts';
import { errnoOf } from './file-errors.ts';

export interface S3Patience {
  /** Tries of one call in all. */
  readonly attempts: number;
  /** Milliseconds a request without body may take. */
  readonly requestMs: number;
  /** Bytes a second at least: a request with a body gets this much more time. */
  readonly slowest: number;
  /** The longest pause between two tries, milliseconds; pauses are drawn from zero to a doubling bound. */
  readonly maxPauseMs: number;
}

export const usualPatience: S3Patience = { attempts: 6, requestMs: 15_000, slowest: 128 * 1024, maxPauseMs: 5000 };

/** What to do after a failed try. */
export type Judgement = 'retry' | 'missing' | 'exists' | 'credentials' | 'refused' | 'corrupt' | 'local';

/** Bodies that arrived damaged are answered with these; the object was not stored, so sending again is right. */
const damagedOnTheWay = new Set([
  'BadDigest',
  'IncompleteBody',
  'InvalidDigest',
  'RequestTimeout',
  'XAmzContentSHA256Mismatch',
  'XAmzContentChecksumMismatch',
]);
const localProblems = new Set(['ENOENT', 'EACCES', 'EISDIR', 'ENOSPC', 'EROFS', 'EMFILE', 'EDQUOT']);

export function judgeFailure(error: unknown): Judgement {
  const { status, name } = describe(error);
  if (name === 'TimeoutError' || name === 'AbortError') return 'retry';
  if (localProblems.has(errnoOf(error) ?? '')) return 'local';
  if (name === 'CredentialsProviderError') return 'credentials';
  if (error instanceof Error && /^Checksum mismatch/i.test(error.message)) return 'corrupt';
  if (status === undefined) return 'retry';
  if (status === 412) return 'exists';
  if (name === 'NoSuchBucket') return 'refused';
  if (status === 404) return 'missing';
  if (name === 'ObjectParentIsFile' || name === 'ExistingObjectIsDirectory') return 'refused';
  if (damagedOnTheWay.has(name) || status === 408 || status === 409 || status === 429 || status >= 500) return 'retry';
  if (status === 401 || status === 403) return 'credentials';
  return 'refused';
}

/**
 * Calls until it succeeds, is answered for good, or the tries are used up.
 *
 * @param call gets a signal that ends the try when its time is up, and `extend(bytes)` for bodies that need longer
 * @param onRefresh makes the next try read the credentials again; they are refused only if that does not help
 * @throws the raw failure for `missing` and `exists`; StoreRefused, StoreUnreachable or ObjectCorrupt otherwise
 */
export async function withAttempts<T>(
  where: { uri: string; key: string; action: string },
  patience: S3Patience,
  call: (signal: AbortSignal, extend: (bytes: number) => void) => Promise<T>,
  onRefresh: () => void,
): Promise<T> {
  const { uri, key, action } = where;
  let refreshed = false;
  for (let attempt = 1; ; attempt++) {
    try {
      return await withinTime(patience, call);
    } catch (error) {
      const judgement = judgeFailure(error);
      if (error instanceof HoneError || judgement === 'missing' || judgement === 'exists' || judgement === 'local')
        throw error;
      if (judgement === 'refused' || (judgement === 'credentials' && refreshed)) {
        throw new StoreRefused(uri, action, inWords(error), { cause: withoutDetails(error) });
      }
      if (judgement === 'credentials') {
        refreshed = true;
        onRefresh();
      }
      // Damage in transit is rare, damage at rest does not heal: one more look tells them apart.
      if (attempt >= (judgement === 'corrupt' ? Math.min(2, patience.attempts) : patience.attempts)) {
        const problem = `${inWords(error)}, ${attempt} tries`;
        if (judgement === 'corrupt') throw new ObjectCorrupt(uri, key, problem, { cause: withoutDetails(error) });
        throw new StoreUnreachable(uri, action, problem, { cause: withoutDetails(error) });
      }
      await sleep(Math.random() * Math.min(patience.maxPauseMs, 50 * 2 ** attempt));
    }
  }
}

async function withinTime<T>(
  patience: S3Patience,
  call: (signal: AbortSignal, extend: (bytes: number) => void) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  let allowed = patience.requestMs;
  const end = () =>
    ending.abort(new DOMException(`no complete answer within ${Math.round(allowed / 1000)} s`, 'TimeoutError'));
  let timer = setTimeout(end, allowed);
  const extend = (bytes: number) => {
    clearTimeout(timer);
    allowed = patience.requestMs + (bytes / patience.slowest) * 1000;
    timer = setTimeout(end, allowed);
  };
  try {
    return await call(ending.signal, extend);
  } catch (error) {
    // The client reports an abort in words of its own; the time limit is what a person needs to read.
    throw ending.signal.aborted ? ending.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Some servers answer a refusal with the whole signed request; no log needs that. */
function withoutDetails(error: unknown): Error {
  const plain = new Error(inWords(error));
  if (error instanceof Error && error.stack) plain.stack = error.stack;
  return plain;
}

function describe(error: unknown): { status: number | undefined; name: string } {
  if (!(error instanceof Error)) return { status: undefined, name: '' };
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return { status: $metadata?.httpStatusCode, name: error.name };
}

function inWords(error: unknown): string {
  const { status, name } = describe(error);
  const text = error instanceof Error ? error.message || errnoOf(error) || name : String(error);
  const said = name && name !== 'Error' && name !== text ? `${name}: ${text}` : text;
  return status === undefined ? said : `${said} (HTTP ${status})`;
}
