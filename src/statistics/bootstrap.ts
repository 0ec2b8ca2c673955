/** Owns the paired block bootstrap with Poisson weights. */
import type { BlockFigures } from './block-statistic.ts';
import type { Interval } from './contract.ts';
import { referenceCdf, referenceQuantile } from './distributions.ts';
import { randomStream } from './random.ts';

export interface BootstrapOptions {
  readonly resamples: number;
  readonly seed: number;
  /** One-sided level of each bound. */
  readonly level: number;
}

/** Under this share of usable resamples a figure is too fragile to be given bounds. */
const USABLE = 0.95;

/**
 * Percentile bounds of several figures from one set of resamples: every block gets a Poisson(1) weight, the same for
 * all figures, so figures of two models on the same rows stay paired.
 *
 * Resamples in which a figure is undefined are left out; under 95 % defined ones it has no bounds.
 *
 * Percentiles of few blocks are too narrow, because resampling divides by the number of blocks and knows no Student: the
 * expanded percentile makes up for both. With days that move together, 5.9 % of candidates worse by the margin passed on
 * 20 days without it, 5.1 % with it (1,200 draws).
 *
 * @returns one interval a figure, in its unit; `estimate` is the figure at weight 1
 * @see Efron and Tibshirani (1993) §13.3 (percentile interval), Hesterberg (2015) §4.1.4 (expanded), Künsch (1989)
 *   (blocks), Hanley and MacGibbon (2006) (Poisson weights instead of multinomial counts)
 */
export function blockBootstrap(
  figures: BlockFigures,
  blocks: number,
  { resamples, seed, level }: BootstrapOptions,
): Interval[] {
  const random = randomStream(seed);
  const weights = new Float64Array(blocks).fill(1);
  const estimates = figures(weights);
  const replicates = estimates.map(() => new Float64Array(resamples));
  for (let r = 0; r < resamples; r++) {
    for (let b = 0; b < blocks; b++) weights[b] = random.poisson();
    figures(weights).forEach((figure, f) => {
      replicates[f]![r] = figure;
    });
  }
  return estimates.map((estimate, f) => summarise(estimate, replicates[f]!, blocks, level));
}

function summarise(estimate: number, replicates: Float64Array, blocks: number, level: number): Interval {
  const base = { level, df: null, blocks };
  const none = { ...base, lower: null, upper: null, se: null, method: 'none' as const };
  if (!Number.isFinite(estimate)) return { ...none, estimate: null, reason: 'the figure is undefined on these rows' };
  const usable = replicates.filter(Number.isFinite).sort();
  if (usable.length < USABLE * replicates.length) {
    const missing = replicates.length - usable.length;
    return { ...none, estimate, reason: `the figure was undefined in ${missing} of ${replicates.length} resamples` };
  }
  const expanded = expandedLevel(level, blocks);
  return {
    ...base,
    estimate,
    lower: quantileOfSorted(usable, expanded),
    upper: quantileOfSorted(usable, 1 - expanded),
    se: standardDeviation(usable),
    method: 'block_bootstrap',
    reason: null,
  };
}

/** Φ(−√(G / (G − 1)) · t), with t of Student's distribution at G − 1: the percentile to take for `level`. */
function expandedLevel(level: number, blocks: number): number {
  if (blocks < 2) return level;
  return referenceCdf(-Math.sqrt(blocks / (blocks - 1)) * referenceQuantile(1 - level, blocks - 1), null);
}

/** Linear interpolation between order statistics (type 7 of Hyndman and Fan 1996, numpy's default). */
export function quantileOfSorted(sorted: Float64Array, p: number): number {
  const position = (sorted.length - 1) * p;
  const below = Math.floor(position);
  const low = sorted[below]!;
  return low + (position - below) * ((sorted[below + 1] ?? low) - low);
}

function standardDeviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
