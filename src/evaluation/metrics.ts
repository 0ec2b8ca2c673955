/** The metrics that hone knows: name, direction, task, and how each is computed again for any block weights. */
import type { MetricName, Task } from '../config/model.ts';
import { type BlockStatistic, dot, sumByBlock } from '../statistics/block-statistic.ts';
import { averagePrecision, rocAuc } from './ranking.ts';

/** Labels (0 or 1 for binary) and scores in row order; `block[i]` in [0, blocks) is the block of row i. */
export interface ScoredRows {
  readonly labels: Float64Array;
  readonly scores: Float64Array;
  readonly block: Int32Array;
  readonly blocks: number;
}

export interface Metric {
  /** +1 where more is better, −1 for losses. */
  readonly direction: 1 | -1;
  readonly task: Task;
  /** Decimals that people read. */
  readonly decimals: number;
  /** Sorts or sums once, then answers quickly for each set of block weights. NaN where undefined. */
  readonly prepare: (rows: ScoredRows) => BlockStatistic;
}

/** Scores are kept this far from 0 and 1 in logarithms, as scikit-learn does for float64. */
const EPSILON = 2 ** -52;

const meanOf =
  (term: (label: number, score: number) => number) =>
  ({ labels, scores, block, blocks }: ScoredRows): BlockStatistic => {
    const counts = sumByBlock(new Float64Array(labels.length).fill(1), block, blocks);
    const sums = sumByBlock(
      labels.map((label, i) => term(label, scores[i]!)),
      block,
      blocks,
    );
    return (weights) => dot(weights, sums) / dot(weights, counts);
  };

const squaredError = meanOf((label, score) => (label - score) ** 2);

function logLoss(label: number, score: number): number {
  const p = Math.min(1 - EPSILON, Math.max(EPSILON, score));
  return label === 1 ? -Math.log(p) : -Math.log1p(-p);
}

/** 1 − residual / total sum of squares; NaN where the label is constant (scikit-learn reports 0 or 1 there). */
function r2({ labels, scores, block, blocks }: ScoredRows): BlockStatistic {
  // Centred once, so that the difference of large sums below does not lose digits.
  const mean = labels.reduce((sum, label) => sum + label, 0) / labels.length;
  const centred = labels.map((label) => label - mean);
  const counts = sumByBlock(new Float64Array(labels.length).fill(1), block, blocks);
  const sums = sumByBlock(centred, block, blocks);
  const squares = sumByBlock(
    centred.map((value) => value * value),
    block,
    blocks,
  );
  const residuals = sumByBlock(
    labels.map((label, i) => (label - scores[i]!) ** 2),
    block,
    blocks,
  );
  return (weights) => {
    const total = dot(weights, squares) - dot(weights, sums) ** 2 / dot(weights, counts);
    return total > 1e-12 * dot(weights, squares) ? 1 - dot(weights, residuals) / total : Number.NaN;
  };
}

/** Named as MLflow's default evaluator names them; values equal scikit-learn's functions of the same name. */
export const METRICS: Readonly<Record<MetricName, Metric>> = {
  roc_auc: { direction: 1, task: 'binary', decimals: 4, prepare: rocAuc },
  precision_recall_auc: { direction: 1, task: 'binary', decimals: 4, prepare: averagePrecision },
  log_loss: { direction: -1, task: 'binary', decimals: 4, prepare: meanOf(logLoss) },
  brier_score_loss: { direction: -1, task: 'binary', decimals: 4, prepare: squaredError },
  accuracy_score: {
    direction: 1,
    task: 'binary',
    decimals: 4,
    prepare: meanOf((label, score) => (score >= 0.5 === (label === 1) ? 1 : 0)),
  },
  root_mean_squared_error: {
    direction: -1,
    task: 'regression',
    decimals: 4,
    prepare: (rows) => {
      const mean = squaredError(rows);
      return (weights) => Math.sqrt(mean(weights));
    },
  },
  mean_absolute_error: {
    direction: -1,
    task: 'regression',
    decimals: 4,
    prepare: meanOf((label, score) => Math.abs(label - score)),
  },
  r2_score: { direction: 1, task: 'regression', decimals: 4, prepare: r2 },
};

/** The metrics of a task, in the order in which reports show them. */
export const metricsOf = (task: Task): MetricName[] =>
  (Object.keys(METRICS) as MetricName[]).filter((name) => METRICS[name].task === task);

/** One metric of one model on all rows, unweighted. NaN where undefined. */
export function metricValue(name: MetricName, labels: Float64Array, scores: Float64Array): number {
  const statistic = METRICS[name].prepare({ labels, scores, block: new Int32Array(labels.length), blocks: 1 });
  return statistic(Float64Array.of(1));
}

export function byMetric<T>(names: readonly MetricName[], values: readonly T[]): Partial<Record<MetricName, T>> {
  return Object.fromEntries(names.map((name, i) => [name, values[i]!])) as Partial<Record<MetricName, T>>;
}

/** Undefined figures are null in reports: JSON has no NaN. */
export const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
