/** Metrics that are means over rows: the loss of each score against its label. */
import type { Task } from '../config/model.ts';
import { type BlockStatistic, dot, sumByBlock } from '../statistics/block-statistic.ts';
import type { ScoredRows } from './metrics.ts';
import { rowWeights, weighed } from './row-weights.ts';

/** Scores are kept this far from 0 and 1 in logarithms, as scikit-learn does for float64. */
export const EPSILON = 2 ** -52;

/** A mean over rows, which needs one sum a block. */
export const meanOf =
  (term: (label: number, score: number) => number) =>
  (rows: ScoredRows): BlockStatistic => {
    const { labels, scores, block, blocks } = rows;
    const counts = sumByBlock(rowWeights(rows), block, blocks);
    const sums = sumByBlock(
      weighed(
        rows,
        labels.map((label, i) => term(label, scores[i]!)),
      ),
      block,
      blocks,
    );
    return (weights) => dot(weights, sums) / dot(weights, counts);
  };

/** Brier score of probabilities, mean squared error of values. */
export const brier = meanOf((label, score) => (label - score) ** 2);

export const logLoss = meanOf((label, score) => {
  const p = Math.min(1 - EPSILON, Math.max(EPSILON, score));
  return label === 1 ? -Math.log(p) : -Math.log1p(-p);
});

export function rootMeanSquaredError(rows: ScoredRows): BlockStatistic {
  const mean = brier(rows);
  return (weights) => Math.sqrt(mean(weights));
}

export const absoluteError = meanOf((label, score) => Math.abs(label - score));

/** A share, not percent; a label of 0 is divided by the smallest number that counts, as scikit-learn does. */
export const absolutePercentageError = meanOf(
  (label, score) => Math.abs(label - score) / Math.max(Math.abs(label), EPSILON),
);

/** 1 − residual / total sum of squares; NaN where the label is constant (scikit-learn reports 0 or 1 there). */
export function r2(rows: ScoredRows): BlockStatistic {
  const { labels, scores, block, blocks } = rows;
  // Centred once, so that the difference of large sums below does not lose digits.
  const mean = labels.reduce((sum, label) => sum + label, 0) / labels.length;
  const centred = labels.map((label) => label - mean);
  const sumOf = (values: Float64Array) => sumByBlock(weighed(rows, values), block, blocks);
  const counts = sumByBlock(rowWeights(rows), block, blocks);
  const sums = sumOf(centred);
  const squares = sumOf(centred.map((value) => value * value));
  const residuals = sumOf(labels.map((label, i) => (label - scores[i]!) ** 2));
  return (weights) => {
    const total = dot(weights, squares) - dot(weights, sums) ** 2 / dot(weights, counts);
    return total > 1e-12 * dot(weights, squares) ? 1 - dot(weights, residuals) / total : Number.NaN;
  };
}

/** Of each row: log loss, or the squared error of a regression. @param classes of scores rows × classes, row-major */
export function rowLosses(task: Task, labels: Float64Array, scores: Float64Array, classes?: number): Float64Array {
  if (task === 'regression') return labels.map((label, i) => (label - scores[i]!) ** 2);
  return labels.map((label, i) => {
    const given = classes === undefined ? scores[i]! : scores[i * classes + label]!;
    return -Math.log(Math.max(EPSILON, classes === undefined && label === 0 ? 1 - given : given));
  });
}
