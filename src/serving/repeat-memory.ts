/** Remembers what was answered for an inference id, in bounds, so that a repeated request gets the same and logs once. */

interface Remembered<T> {
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
    this.#known.delete(id); // to the end: Map keeps the order of insertion
    const entry = { digest, answer, at: this.#now() };
    this.#known.set(id, entry);
    answer.catch(() => {
      if (this.#known.get(id) === entry) this.#known.delete(id);
    });
    if (this.#known.size <= this.#bounds.ids) return;
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#bounds.ids) break;
      this.#known.delete(oldest);
    }
  }
}
