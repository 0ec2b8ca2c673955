/** Calibration of probabilities and of values by intercept and slope, with errors that respect blocks. */

import { dot, sumByBlock } from '../statistics/block-statistic.ts';
import type { Interval } from '../statistics/contract.ts';
import { referenceQuantile } from '../statistics/distributions.ts';
import { blockJackknife } from '../statistics/jackknife.ts';
import type { ScoredRows } from './metrics.ts';
import { meanOfRows, rowWeights } from './row-weights.ts';

const EPSILON = 1e-6;
const STEPS = 50;

/**
 * Logistic regression of the label on logit(score): intercept 0 and slope 1 are perfect; a slope under 1 means
 * predictions too extreme. Standard errors are clustered by block, with Student's t at (blocks − 1).
 *
 * @returns null where the fit has no finite answer (one class only, perfect separation, constant scores)
 * @see Cox (1958) for the model, Liang and Zeger (1986) for the clustered variance (with the G/(G − 1) correction)
 */
export function recalibration(rows: ScoredRows, level: number): { intercept: Interval; slope: Interval } | null {
  const { labels, block, blocks } = rows;
  if (blocks < 2) return null;
  const counts = rowWeights(rows);
  const x = rows.scores.map((score) => {
    const p = Math.min(1 - EPSILON, Math.max(EPSILON, score));
    return Math.log(p / (1 - p));
  });
  let [a, b] = [0, 1];
  let inverse: [number, number, number] | null = null;
  for (let step = 0; step < STEPS; step++) {
    let [ga, gb, haa, hab, hbb] = [0, 0, 0, 0, 0];
    for (let i = 0; i < x.length; i++) {
      const p = 1 / (1 + Math.exp(-(a + b * x[i]!)));
      const [residual, weight] = [counts[i]! * (labels[i]! - p), counts[i]! * p * (1 - p)];
      ga += residual;
      gb += residual * x[i]!;
      haa += weight;
      hab += weight * x[i]!;
      hbb += weight * x[i]! * x[i]!;
    }
    const determinant = haa * hbb - hab * hab;
    if (!(determinant > 1e-9 * haa * hbb)) return null;
    inverse = [hbb / determinant, -hab / determinant, haa / determinant];
    const [da, db] = [inverse[0] * ga + inverse[1] * gb, inverse[1] * ga + inverse[2] * gb];
    a += da;
    b += db;
    if (Math.abs(b) > 100 || !Number.isFinite(a + b)) return null;
    if (Math.abs(da) + Math.abs(db) < 1e-10) break;
  }
  if (inverse === null) return null;

  const scoreA = new Float64Array(blocks);
  const scoreB = new Float64Array(blocks);
  for (let i = 0; i < x.length; i++) {
    const residual = counts[i]! * (labels[i]! - 1 / (1 + Math.exp(-(a + b * x[i]!))));
    scoreA[block[i]!]! += residual;
    scoreB[block[i]!]! += residual * x[i]!;
  }
  let [varianceA, varianceB] = [0, 0];
  for (let g = 0; g < blocks; g++) {
    varianceA += (inverse[0] * scoreA[g]! + inverse[1] * scoreB[g]!) ** 2;
    varianceB += (inverse[1] * scoreA[g]! + inverse[2] * scoreB[g]!) ** 2;
  }
  const correction = blocks / (blocks - 1);
  const around = (estimate: number, variance: number): Interval => {
    const se = Math.sqrt(variance * correction);
    const half = se * referenceQuantile(1 - level, blocks - 1);
    return {
      estimate,
      lower: estimate - half,
      upper: estimate + half,
      level,
      se,
      df: blocks - 1,
      method: 'cluster_sandwich',
      blocks,
      reason: null,
    };
  };
  return { intercept: around(a, varianceA), slope: around(b, varianceB) };
}

/**
 * Least squares of the label on the prediction of a regression: intercept 0 and slope 1 are perfect; a slope under 1
 * means predictions too extreme. Bounds are of the jackknife over blocks.
 *
 * @returns null where the predictions are constant, or there is one block
 * @see Mincer and Zarnowitz (1969)
 */
export function linearRecalibration(rows: ScoredRows, level: number): { intercept: Interval; slope: Interval } | null {
  const { labels, scores, block, blocks } = rows;
  if (blocks < 2) return null;
  const counts = rowWeights(rows);
  // Centred once, so that differences of large sums do not lose digits.
  const [x0, y0] = [meanOfRows(rows, scores), meanOfRows(rows, labels)];
  const sumOf = (value: (x: number, y: number) => number) =>
    sumByBlock(
      scores.map((score, i) => counts[i]! * value(score - x0, labels[i]! - y0)),
      block,
      blocks,
    );
  const [n, sx, sy, sxx, sxy] = [
    sumOf(() => 1),
    sumOf((x) => x),
    sumOf((_, y) => y),
    sumOf((x) => x * x),
    sumOf((x, y) => x * y),
  ];
  const fit = (weights: Float64Array): number[] => {
    const [rowsIn, x, y] = [dot(weights, n), dot(weights, sx), dot(weights, sy)];
    const spread = dot(weights, sxx) - (x * x) / rowsIn;
    if (!(spread > 1e-12 * dot(weights, sxx))) return [Number.NaN, Number.NaN];
    const slope = (dot(weights, sxy) - (x * y) / rowsIn) / spread;
    return [y / rowsIn + y0 - slope * (x / rowsIn + x0), slope];
  };
  const [intercept, slope] = blockJackknife(fit, blocks, level);
  return intercept?.estimate == null || !slope ? null : { intercept, slope };
}
