/** Owns the delete-one-block jackknife, for few blocks, where a bootstrap is too optimistic. */
import type { BlockFigures } from './block-statistic.ts';
import type { Interval } from './contract.ts';
import { referenceQuantile } from './distributions.ts';

/**
 * Bounds of several figures from leaving out one block at a time, with Student's t at (blocks − 1) degrees of freedom.
 *
 * The standard error is √((G − 1)/G · Σ (θ₋g − θ̄)²). A figure that is undefined when some block is left out has no
 * bounds.
 *
 * @see Shao and Tu (1995) §2.3; Cameron, Gelbach and Miller (2008) for few clusters and t(G − 1)
 */
export function blockJackknife(figures: BlockFigures, blocks: number, level: number): Interval[] {
  const weights = new Float64Array(blocks).fill(1);
  const estimates = figures(weights);
  const without = estimates.map(() => new Float64Array(blocks));
  for (let b = 0; b < blocks; b++) {
    weights[b] = 0;
    figures(weights).forEach((figure, f) => {
      without[f]![b] = figure;
    });
    weights[b] = 1;
  }
  return estimates.map((estimate, f) => summarise(estimate, without[f]!, blocks, level));
}

function summarise(estimate: number, without: Float64Array, blocks: number, level: number): Interval {
  const none = { lower: null, upper: null, level, se: null, df: null, method: 'none' as const, blocks };
  if (!Number.isFinite(estimate)) return { ...none, estimate: null, reason: 'the figure is undefined on these rows' };
  if (blocks < 2) return { ...none, estimate, reason: 'one block has no spread' };
  if (!without.every(Number.isFinite)) return { ...none, estimate, reason: 'one block holds all of a class' };
  const mean = without.reduce((sum, value) => sum + value, 0) / blocks;
  const squares = without.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const se = Math.sqrt(((blocks - 1) / blocks) * squares);
  const half = se * referenceQuantile(1 - level, blocks - 1);
  return {
    estimate,
    lower: estimate - half,
    upper: estimate + half,
    level,
    se,
    df: blocks - 1,
    method: 'block_jackknife',
    blocks,
    reason: null,
  };
}
