/** A trained model and its scores on the rows of the past, computed once and only where they are asked for. */
import type { Holdout } from '../monitoring/contract.ts';
import { ModelRuntime } from '../serving/model-runtime.ts';
import { type Past, rowAt } from './past.ts';
import type { Trained } from './trainings.ts';

/** Scored ahead of what is asked for, so that a model that stays live is loaded rarely. */
const AHEAD_MS = 14 * 86_400_000;

export class ScoredVersion {
  readonly trained: Trained;
  readonly #past: Past;
  /** Scores of the rows `[#first, #first + #scores.length)`. */
  #first = 0;
  #scores = new Float64Array(0);
  #busy: Promise<void> = Promise.resolve();

  constructor(past: Past, trained: Trained) {
    this.#past = past;
    this.trained = trained;
  }

  /** Scores of the rows `[first, last)`. */
  async scores(first: number, last: number): Promise<Float64Array> {
    if (last <= first) return new Float64Array(0);
    const grown = this.#busy.then(() => this.#cover(first, last));
    this.#busy = grown.catch(() => undefined);
    await grown;
    return this.#scores.subarray(first - this.#first, last - this.#first);
  }

  async #cover(first: number, last: number): Promise<void> {
    if (this.#scores.length === 0) this.#first = first;
    const end = this.#first + this.#scores.length;
    if (first >= this.#first && last <= end) return;
    const { rows } = this.#past;
    const ahead = rowAt(this.#past, (rows.eventTime[last - 1] ?? 0) + AHEAD_MS);
    const [from, to] = [Math.min(first, this.#first), last > end ? ahead : end];
    const scores = new Float64Array(to - from);
    scores.set(this.#scores, this.#first - from);
    const runtime = await ModelRuntime.load(this.trained.model, this.trained.signature);
    try {
      const missing = [
        [from, this.#first],
        [end, to],
      ] as const;
      for (const [a, b] of missing) if (b > a) scores.set(await this.#predict(runtime, a, b), a - from);
    } finally {
      await runtime.release();
    }
    this.#first = from;
    this.#scores = scores;
  }

  #predict(runtime: ModelRuntime, first: number, last: number): Promise<Float64Array> {
    const { rows } = this.#past;
    const width = this.trained.signature.numeric.length;
    return runtime.predict({
      rows: last - first,
      numeric: rows.numeric.subarray(first * width, last * width),
      categorical: rows.categorical.map((column) => column.slice(first, last)),
    });
  }
}

/** A version that could answer requests, in one policy's replay. */
export interface Version {
  readonly number: number;
  readonly scored: ScoredVersion;
  /** What its judged twin reached on its own holdout; null without one. */
  readonly holdout: Holdout | null;
}
