/** Batches by themselves: what arrives while a call runs goes into the next one. No timer: alone, an item waits for one turn of the event loop. */
import { setImmediate as nextTurn } from 'node:timers/promises';

interface Waiting<I, O> {
  readonly item: I;
  readonly resolve: (value: O) => void;
  readonly reject: (error: unknown) => void;
}

export interface Coalescing<I> {
  /** Weight of an item, such as its rows; a call takes items up to `limit`, and at least one. */
  readonly weigh: (item: I) => number;
  readonly limit: number;
  /** An item that must be run alone. */
  readonly alone?: (item: I) => boolean;
}

/** While others keep arriving, a call is put off by at most so many turns of the event loop: a call costs as much as two rows. */
const TURNS = 4;

/** Calls `run` for one batch at a time; `run` answers one result an item, in order, or fails the whole batch. */
export class Coalescer<I, O> {
  readonly #run: (items: readonly I[]) => Promise<readonly O[]>;
  readonly #options: Coalescing<I>;
  #waiting: Waiting<I, O>[] = [];
  #running = false;

  constructor(run: (items: readonly I[]) => Promise<readonly O[]>, options: Coalescing<I>) {
    this.#run = run;
    this.#options = options;
  }

  submit(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      await this.#gather();
      const batch = this.#take();
      try {
        const results = await this.#run(batch.map(({ item }) => item));
        batch.forEach((waiting, i) => {
          waiting.resolve(results[i]!);
        });
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    this.#running = false;
  }

  async #gather(): Promise<void> {
    let seen = 0;
    for (let turn = 0; turn < TURNS && this.#waiting.length > seen; turn++) {
      seen = this.#waiting.length;
      await nextTurn();
    }
  }

  #take(): Waiting<I, O>[] {
    const { weigh, limit, alone } = this.#options;
    let weight = 0;
    let count = 0;
    for (const { item } of this.#waiting) {
      weight += weigh(item);
      if (count > 0 && (weight > limit || alone?.(item))) break;
      count += 1;
      if (alone?.(item)) break;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return batch;
  }
}
