/** Noise of windows too small for chi-squared: the rows of both sides dealt out again, and held against each other. */
import { randomStream } from '../statistics/random.ts';
import { chiSquared, psi } from './distances.ts';

/** Under this many rows on a side the distribution of PSI is no longer near chi-squared, and bins need lumping that hides moves. */
export const smallRows = 100;
const draws = 4_999;

/**
 * Permutation test of Pearson's statistic, and the 99 % point of PSI, over the same bins. Nothing is assumed but that the
 * rows of both windows could be exchanged; its level is exact at any size, ties and empty bins included.
 *
 * @param reference rows a bin; `current` the same bins
 * @returns the same for the same counts
 * @see Phipson and Smyth (2010) for (b + 1) / (draws + 1); `scipy.stats.chi2_contingency(method=PermutationMethod())`
 */
export function permutationNoise(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
): { ceiling: number; pValue: number } {
  const [n, m] = [total(reference), total(current)];
  const dealt = m <= n ? m : n;
  const pooled = Float64Array.from({ length: reference.length }, (_, i) => (reference[i] ?? 0) + (current[i] ?? 0));
  const rows = new Int32Array(n + m);
  let next = 0;
  pooled.forEach((count, bin) => {
    rows.fill(bin, next, next + count);
    next += count;
  });
  const random = randomStream(31 * n + m);
  const observed = chiSquared(reference, current).statistic;
  const [small, large] = [new Float64Array(pooled.length), new Float64Array(pooled.length)];
  const distances: number[] = [];
  let asLarge = 0;
  for (let draw = 0; draw < draws; draw++) {
    small.fill(0);
    for (let i = 0; i < dealt; i++) {
      const j = i + Math.floor(random.uniform() * (rows.length - i));
      const bin = rows[j] ?? 0;
      rows[j] = rows[i] ?? 0;
      rows[i] = bin;
      small[bin] = (small[bin] ?? 0) + 1;
    }
    for (let bin = 0; bin < pooled.length; bin++) large[bin] = (pooled[bin] ?? 0) - (small[bin] ?? 0);
    const [a, b] = m <= n ? [large, small] : [small, large];
    distances.push(psi(a, b));
    // Equal tables may differ in the last bits of their statistic.
    if (chiSquared(a, b).statistic >= observed * (1 - 1e-9)) asLarge += 1;
  }
  distances.sort((x, y) => x - y);
  return { ceiling: distances[Math.ceil(0.99 * draws) - 1] ?? 0, pValue: (asLarge + 1) / (draws + 1) };
}

function total(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i] ?? 0;
  return sum;
}
