/** Calibration of probabilities by intercept and slope, with errors that respect blocks. */
import type { Interval } from '../statistics/contract.ts';
import { referenceQuantile } from '../statistics/distributions.ts';
import type { ScoredRows } from './metrics.ts';

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
      const [residual, weight] = [labels[i]! - p, p * (1 - p)];
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
    const residual = labels[i]! - 1 / (1 + Math.exp(-(a + b * x[i]!)));
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
