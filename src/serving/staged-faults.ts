/** Faults on purpose, for demos and drills: a version misbehaves in serving, and every trace of it is marked staged. */
import type { StagedFault } from './contract.ts';

export const STAGED_SLOW_MS = 250;

/** What is to go wrong with one scoring call. */
export interface Drawn {
  readonly fault: StagedFault;
  /** Rows hit: for `nan` each by itself, otherwise the whole call. */
  readonly rows: readonly boolean[];
}

export class StagedFaults {
  readonly #faults = new Map<string, { fault: StagedFault; share: number }>();
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  set(model: string, version: number, fault: StagedFault, share: number): void {
    const key = `${model}/${version}`;
    if (share === 0) this.#faults.delete(key);
    else this.#faults.set(key, { fault, share });
  }

  /** @returns undefined when nothing goes wrong this time */
  draw(model: string, version: number, rows: number): Drawn | undefined {
    const staged = this.#faults.get(`${model}/${version}`);
    if (!staged) return undefined;
    const hits =
      staged.fault === 'nan'
        ? Array.from({ length: rows }, () => this.#random() < staged.share)
        : new Array<boolean>(rows).fill(this.#random() < staged.share);
    return hits.includes(true) ? { fault: staged.fault, rows: hits } : undefined;
  }
}
