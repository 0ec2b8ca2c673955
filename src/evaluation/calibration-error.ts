/** Expected calibration error: how far mean score and label rate are apart, bin by bin. Shown, never judged. */
import type { BlockStatistic } from '../statistics/block-statistic.ts';
import type { ScoredRows } from './metrics.ts';
import { rowWeights } from './row-weights.ts';

const BINS = 10;

/**
 * Σ n_b / n · |mean score − label rate| over ten equal bins of the score (Naeini, Cooper and Hauskrecht 2015; Guo et
 * al. 2017). Biased upward: noise in each bin adds to it, so that it shrinks with more rows of the same model.
 */
export function calibrationError(rows: ScoredRows): BlockStatistic {
  const { labels, scores, block, blocks } = rows;
  const weight = rowWeights(rows);
  const gap = new Float64Array(BINS * blocks);
  const counts = new Float64Array(blocks);
  scores.forEach((score, i) => {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(score * BINS)));
    gap[bin * blocks + block[i]!]! += weight[i]! * (score - labels[i]!);
    counts[block[i]!]! += weight[i]!;
  });
  return (weights) => {
    let [total, whole] = [0, 0];
    for (let b = 0; b < blocks; b++) whole += weights[b]! * counts[b]!;
    for (let bin = 0; bin < BINS; bin++) {
      let sum = 0;
      for (let b = 0; b < blocks; b++) sum += weights[b]! * gap[bin * blocks + b]!;
      total += Math.abs(sum);
    }
    return total / whole;
  };
}
