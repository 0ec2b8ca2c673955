/** What was last read, for when Temporal or the store is away: pages then show it, dated. */
import { HoneError } from '../../errors.ts';

export interface Known<T> {
  readonly value: T;
  /** When it was read. */
  readonly at: Date;
  /** Why it is not from now; null where it is. */
  readonly away: string | null;
}

const MOST = 1000;
/** A page does not wait longer than this for a part that may be away. */
const PATIENCE_MS = 2500;
/** After a part did not answer it is left alone for a while, so that not every page waits again. */
const LEFT_ALONE_MS = 3000;

export class LastKnown {
  readonly #now: () => Date;
  readonly #kept = new Map<string, { value: unknown; at: Date }>();
  readonly #away = new Map<string, { until: number; why: string }>();

  constructor(now: () => Date) {
    this.#now = now;
  }

  /**
   * Reads now, or says what was last read and why.
   *
   * @param part whose silence it would be: `Temporal` or `the store`
   * @returns null where the part is away and nothing was ever read under this key
   * @throws what the read throws where the part itself answered
   */
  async read<T>(part: 'Temporal' | 'the store', key: string, read: () => Promise<T>): Promise<Known<T> | null> {
    const resting = this.#away.get(part);
    if (resting !== undefined && resting.until > Date.now()) return this.#remembered<T>(key, resting.why);
    try {
      const value = await inTime(read(), part);
      this.#keep(key, value);
      return { value, at: this.#now(), away: null };
    } catch (error) {
      if (!isAway(error, part)) throw error;
      const why = `${part} does not answer`;
      this.#away.set(part, { until: Date.now() + LEFT_ALONE_MS, why });
      return this.#remembered<T>(key, why);
    }
  }

  #keep(key: string, value: unknown): void {
    this.#kept.delete(key);
    this.#kept.set(key, { value, at: this.#now() });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST && oldest !== undefined) this.#kept.delete(oldest);
  }

  #remembered<T>(key: string, away: string): Known<T> | null {
    const found = this.#kept.get(key);
    return found === undefined ? null : { value: found.value as T, at: found.at, away };
  }
}

class TooSlow extends Error {
  override readonly name = 'TooSlow';
}

async function inTime<T>(answer: Promise<T>, part: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new TooSlow(`${part} took too long`)), PATIENCE_MS);
  });
  answer.catch(() => undefined); // whoever comes second is not heard
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Temporal's client throws errors of its own when the server goes away under a connection. */
function isAway(error: unknown, part: string): boolean {
  if (error instanceof TooSlow) return true;
  if (error instanceof HoneError) return error.exitCode === 69;
  return part === 'Temporal' && error instanceof Error && ('code' in error || error.name === 'ServiceError');
}
