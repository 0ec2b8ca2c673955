/** Remembers what was answered for an inference id, in bounds, so that a repeated request gets the same and logs once. */

interface Remembered<T> {
  readonly id: string;
  readonly digest: string;
  readonly answer: Promise<T>;
  readonly at: number;
}

export interface MemoryBounds {
  readonly ids: number;
  readonly ms: number;
}

/** One a model. Answers still being made are remembered too: two equal requests at once score once. */
export class RepeatMemory<T> {
  readonly #bounds: MemoryBounds;
  readonly #now: () => number;
  readonly #known = new Map<string, Remembered<T>>();
  /** A ring in the order of `keep`. A Map finds its oldest key by walking over all that were deleted: a fifth of a server's CPU. */
  readonly #ring: Remembered<T>[] = [];
  #oldest = 0;

  constructor(bounds: MemoryBounds = { ids: 50_000, ms: 600_000 }, now: () => number = () => performance.now()) {
    this.#bounds = bounds;
    this.#now = now;
  }

  /** @returns the earlier answer, `other` when the id was used for another row, or undefined when it is new */
  recall(id: string, digest: string): Promise<T> | 'other' | undefined {
    const known = this.#known.get(id);
    if (!known || this.#now() - known.at > this.#bounds.ms) return undefined;
    return known.digest === digest ? known.answer : 'other';
  }

  /** An answer that fails is forgotten, so that the request may be tried again. */
  keep(id: string, digest: string, answer: Promise<T>): void {
    const entry = { id, digest, answer, at: this.#now() };
    this.#known.set(id, entry);
    answer.catch(() => this.#forget(entry));
    const dropped = this.#ring[this.#oldest];
    this.#ring[this.#oldest] = entry;
    this.#oldest = (this.#oldest + 1) % this.#bounds.ids;
    if (dropped !== undefined) this.#forget(dropped);
  }

  /** Unless the id was kept anew meanwhile. */
  #forget(entry: Remembered<T>): void {
    if (this.#known.get(entry.id) === entry) this.#known.delete(entry.id);
  }
}
