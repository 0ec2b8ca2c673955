/** Distances between two distributions. The first argument is the reference; counts are rows a bin, in the same order. */
import type { Points } from './points.ts';

/**
 * Population stability index, `Σ (p − q) ln(p / q)`, in nats, over smoothed shares `(c + 0.5) / (n + 0.5 B)`.
 * Bins that neither side uses are left out, so that they weigh nothing when the sides differ in size.
 *
 * @returns 0 for equal shares; NaN where a side is empty
 * @see Jeffreys (1946), the symmetric divergence; the smoothing is his prior for a multinomial
 */
export function psi(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  const bins = usedBins(reference, current);
  const n = total(reference);
  const m = total(current);
  if (n === 0 || m === 0) return Number.NaN;
  let sum = 0;
  for (const i of bins) {
    const p = ((reference[i] ?? 0) + 0.5) / (n + 0.5 * bins.length);
    const q = ((current[i] ?? 0) + 0.5) / (m + 0.5 * bins.length);
    sum += (p - q) * Math.log(p / q);
  }
  return sum;
}

/**
 * Jensen–Shannon distance with base 2: 0 for equal shares, 1 for no common bin. No smoothing.
 *
 * @see Endres and Schindelin (2003); `scipy.spatial.distance.jensenshannon(p, q, base=2)`
 */
export function jsDistance(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  const n = total(reference);
  const m = total(current);
  if (n === 0 || m === 0) return Number.NaN;
  let sum = 0;
  for (let i = 0; i < reference.length; i++) {
    const p = (reference[i] ?? 0) / n;
    const q = (current[i] ?? 0) / m;
    const middle = (p + q) / 2;
    if (p > 0) sum += p * Math.log2(p / middle);
    if (q > 0) sum += q * Math.log2(q / middle);
  }
  return Math.sqrt(Math.max(0, sum / 2));
}

/**
 * Pearson's chi-squared of the 2 × B table, without continuity correction; bins that neither side uses are left out.
 *
 * @returns the statistic and its degrees of freedom
 * @see `scipy.stats.chi2_contingency(table, correction=False)`
 */
export function chiSquared(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
): { statistic: number; degreesOfFreedom: number } {
  const bins = usedBins(reference, current);
  const n = total(reference);
  const m = total(current);
  if (n === 0 || m === 0) return { statistic: Number.NaN, degreesOfFreedom: Math.max(0, bins.length - 1) };
  let statistic = 0;
  for (const i of bins) {
    const a = reference[i] ?? 0;
    const b = current[i] ?? 0;
    const expectedA = ((a + b) * n) / (n + m);
    const expectedB = ((a + b) * m) / (n + m);
    statistic += (a - expectedA) ** 2 / expectedA + (b - expectedB) ** 2 / expectedB;
  }
  return { statistic, degreesOfFreedom: bins.length - 1 };
}

/** Two-sample Kolmogorov–Smirnov statistic: the largest difference of the distribution functions. */
export function ksStatistic(reference: Points, current: Points): number {
  let largest = 0;
  walk(reference, current, (difference) => {
    largest = Math.max(largest, Math.abs(difference));
  });
  return reference.total === 0 || current.total === 0 ? Number.NaN : largest;
}

/** First Wasserstein distance, in the column's unit: the area between the distribution functions. */
export function wassersteinDistance(reference: Points, current: Points): number {
  let area = 0;
  walk(reference, current, (difference, width) => {
    area += Math.abs(difference) * width;
  });
  return reference.total === 0 || current.total === 0 ? Number.NaN : area;
}

/** Calls `visit` with F − G on each stretch between neighbouring positions, and the stretch's width (0 at the end). */
function walk(a: Points, b: Points, visit: (difference: number, width: number) => void): void {
  let [i, j, f, g] = [0, 0, 0, 0];
  while (i < a.at.length || j < b.at.length) {
    const here = Math.min(a.at[i] ?? Number.POSITIVE_INFINITY, b.at[j] ?? Number.POSITIVE_INFINITY);
    while (i < a.at.length && a.at[i] === here) f += a.counts[i++] ?? 0;
    while (j < b.at.length && b.at[j] === here) g += b.counts[j++] ?? 0;
    const next = Math.min(a.at[i] ?? Number.POSITIVE_INFINITY, b.at[j] ?? Number.POSITIVE_INFINITY);
    visit(f / a.total - g / b.total, Number.isFinite(next) ? next - here : 0);
  }
}

function usedBins(a: ArrayLike<number>, b: ArrayLike<number>): number[] {
  const used: number[] = [];
  for (let i = 0; i < Math.max(a.length, b.length); i++) if ((a[i] ?? 0) > 0 || (b[i] ?? 0) > 0) used.push(i);
  return used;
}

function total(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i] ?? 0;
  return sum;
}
