/** Chooses how an interval is made from the number of blocks, and moves intervals to other levels. */
import type { BlockFigures } from './block-statistic.ts';
import { type BootstrapOptions, blockBootstrap } from './bootstrap.ts';
import type { Interval } from './contract.ts';
import { referenceCdf, referenceQuantile } from './distributions.ts';
import { blockJackknife } from './jackknife.ts';

/** From here on the block bootstrap, below the jackknife with Student's t. */
export const BOOTSTRAP_FROM = 20;

export interface Resampling extends BootstrapOptions {
  /** Fewer blocks get no bounds, with the reason. */
  readonly minBlocks: number;
}

/**
 * Bounds of several figures on the same rows: bootstrap from 20 blocks on, jackknife with Student's t below, none
 * under `minBlocks` (the caller turns missing bounds into `inconclusive`).
 *
 * @returns one interval a figure, in its unit
 */
export function blockIntervals(figures: BlockFigures, blocks: number, options: Resampling): Interval[] {
  if (blocks < Math.max(2, options.minBlocks)) {
    const weights = new Float64Array(blocks).fill(1);
    return figures(weights).map((figure) => withoutBounds(figure, blocks, options));
  }
  return blocks < BOOTSTRAP_FROM
    ? blockJackknife(figures, blocks, options.level)
    : blockBootstrap(figures, blocks, options);
}

function withoutBounds(estimate: number, blocks: number, { level, minBlocks }: Resampling): Interval {
  return {
    estimate: Number.isFinite(estimate) ? estimate : null,
    lower: null,
    upper: null,
    level,
    se: null,
    df: null,
    method: 'none',
    blocks,
    reason: `${blocks} blocks are fewer than the ${minBlocks} needed`,
  };
}

/**
 * The same interval at another one-sided level, each side stretched by the ratio of reference quantiles. Exact for the
 * jackknife; for the bootstrap it keeps the skewness, and needs no more resamples where the level is tiny.
 */
export function atLevel(interval: Interval, level: number): Interval {
  const { estimate, lower, upper, df } = interval;
  if (estimate === null || lower === null || upper === null) return { ...interval, level };
  const stretch = referenceQuantile(1 - level, df) / referenceQuantile(1 - interval.level, df);
  return {
    ...interval,
    level,
    lower: estimate - (estimate - lower) * stretch,
    upper: estimate + (upper - estimate) * stretch,
  };
}

/** One-sided p-value of "the truth is at least `limit`"; null where the interval has no spread to judge by. */
export function pBelow({ estimate, se, df }: Interval, limit: number): number | null {
  if (estimate === null || se === null) return null;
  if (se === 0) return estimate < limit ? 0 : 1;
  return referenceCdf((estimate - limit) / se, df);
}

/** Level of the j-th look at the same rows, so that all looks together spend `level`: level · 6/(π² j²). */
export const levelOfLook = (attempt: number, level = 0.05): number =>
  attempt <= 1 ? level : (level * 6) / (Math.PI ** 2 * attempt ** 2);
