/** What a shadow says beside the champion on the same rows: counts and sums only, so that those of several nodes add up. */
import type { ShadowEvidence } from './contract.ts';

const TENTHS = 10;

export class ShadowScores {
  #requests = 0;
  #compared = 0;
  #difference = 0;
  #absolute = 0;
  #tenths: number[] = [];
  #championTenths: number[] = [];

  asked(rows: number): void {
    this.#requests += rows;
  }

  /** Of one row. @param probability scores lie in [0, 1] */
  compare(champion: number, own: number, probability: boolean): void {
    if (!Number.isFinite(champion) || !Number.isFinite(own)) return;
    this.#compared += 1;
    this.#difference += own - champion;
    this.#absolute += Math.abs(own - champion);
    if (!probability) return;
    count(this.#championTenths, champion);
    count(this.#tenths, own);
  }

  snapshot(): ShadowEvidence {
    return {
      requests: this.#requests,
      compared: this.#compared,
      difference: this.#difference,
      absolute: this.#absolute,
      champion_tenths: [...this.#championTenths],
      tenths: [...this.#tenths],
    };
  }
}

function count(tenths: number[], score: number): void {
  if (tenths.length === 0) tenths.push(...new Array<number>(TENTHS).fill(0));
  const bin = Math.min(TENTHS - 1, Math.max(0, Math.floor(score * TENTHS)));
  tenths[bin] = (tenths[bin] ?? 0) + 1;
}
