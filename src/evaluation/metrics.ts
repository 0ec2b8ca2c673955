/** The metrics that hone knows: name, direction, task, and how each is computed again for any block weights. */
import type { MetricName, Task } from '../config/model.ts';
import type { BlockStatistic } from '../statistics/block-statistic.ts';
import { calibrationError } from './calibration-error.ts';
import { accuracy, f1, precision, recall, recallOfAlerts, value } from './decisions.ts';
import { absoluteError, absolutePercentageError, brier, logLoss, r2, rootMeanSquaredError } from './losses.ts';
import { averaged, multiclassAccuracy, multiclassBrier, multiclassLogLoss, rocAucOneVsRest } from './multiclass.ts';
import { averagePrecision, rocAuc } from './ranking.ts';

/**
 * Labels (0 or 1 for binary) and scores in row order; `block[i]` in [0, blocks) is the block of row i. With `classes`,
 * labels are class positions and scores rows × classes, row-major.
 */
export interface ScoredRows {
  readonly labels: Float64Array;
  readonly scores: Float64Array;
  readonly block: Int32Array;
  readonly blocks: number;
  /** Of a multiclass task; absent in all others. */
  readonly classes?: number;
  /** What each row counts; 1 where it is not given. */
  readonly weight?: Float64Array;
  /** How scores become decisions; a threshold of 0.5 and nothing else where it is not given. */
  readonly decision?: Decision;
}

/** What a team does with a score. */
export interface Decision {
  /** Scores from here on count as positive. */
  readonly threshold: number;
  /** The `perDay` highest scores of each day are looked at; `day[i]` is any number that rows of one day share. */
  readonly alerts?: { readonly perDay: number; readonly day: Int32Array };
  /** What each outcome is worth, in the unit of the team. */
  readonly value?: OutcomeValues;
}

export interface OutcomeValues {
  readonly true_positive: number;
  readonly false_positive: number;
  readonly false_negative: number;
  readonly true_negative: number;
}

export interface Metric {
  /** +1 where more is better, −1 for losses. */
  readonly direction: 1 | -1;
  readonly tasks: readonly Task[];
  /** Decimals that people read. */
  readonly decimals: number;
  /** Sorts or sums once, then answers quickly for each set of block weights. NaN where undefined. */
  readonly prepare: (rows: ScoredRows) => BlockStatistic;
  /** Needs this part of `gate.decision`, and is left out of reports where the file does not give it. */
  readonly needs?: 'alerts' | 'value';
  /** Shown to people, never judged: its size depends on the number of rows. */
  readonly shownOnly?: true;
  /** Visits every row again for each resample: reported only where the file names it. */
  readonly slow?: true;
}

const binary = { tasks: ['binary'], decimals: 4 } as const;
const multiclass = { tasks: ['multiclass'], decimals: 4, direction: 1 } as const;
const classes = { tasks: ['binary', 'multiclass'], decimals: 4 } as const;
const regression = { tasks: ['regression'], decimals: 4 } as const;

type Prepare = Metric['prepare'];
const either =
  (two: Prepare, several: Prepare): Prepare =>
  (rows) =>
    rows.classes === undefined ? two(rows) : several(rows);

/**
 * Named as MLflow's default evaluator names them, averages over classes as scikit-learn's scorers; values equal
 * scikit-learn's functions of the same name.
 * `recall_at`, `expected_calibration_error` and `business_value` are defined where they are computed.
 */
export const METRICS: Readonly<Record<MetricName, Metric>> = {
  roc_auc: { ...classes, direction: 1, prepare: either(rocAuc, rocAucOneVsRest) },
  precision_recall_auc: { ...binary, direction: 1, prepare: averagePrecision, slow: true },
  log_loss: { ...classes, direction: -1, prepare: either(logLoss, multiclassLogLoss) },
  brier_score_loss: { ...classes, direction: -1, prepare: either(brier, multiclassBrier) },
  accuracy_score: { ...classes, direction: 1, prepare: either(accuracy, multiclassAccuracy) },
  precision_score: { ...binary, direction: 1, prepare: precision },
  recall_score: { ...binary, direction: 1, prepare: recall },
  f1_score: { ...binary, direction: 1, prepare: f1 },
  precision_macro: { ...multiclass, prepare: averaged('precision', 'macro') },
  precision_weighted: { ...multiclass, prepare: averaged('precision', 'weighted') },
  recall_macro: { ...multiclass, prepare: averaged('recall', 'macro') },
  recall_weighted: { ...multiclass, prepare: averaged('recall', 'weighted') },
  f1_macro: { ...multiclass, prepare: averaged('f1', 'macro') },
  f1_weighted: { ...multiclass, prepare: averaged('f1', 'weighted') },
  recall_at: { ...binary, direction: 1, prepare: recallOfAlerts, needs: 'alerts' },
  expected_calibration_error: { ...binary, direction: -1, prepare: calibrationError, shownOnly: true },
  business_value: { ...binary, direction: 1, decimals: 2, prepare: value, needs: 'value' },
  root_mean_squared_error: { ...regression, direction: -1, prepare: rootMeanSquaredError },
  mean_absolute_error: { ...regression, direction: -1, prepare: absoluteError },
  mean_absolute_percentage_error: { ...regression, direction: -1, prepare: absolutePercentageError },
  r2_score: { ...regression, direction: 1, prepare: r2 },
};

/** The metrics of a task, in the order in which reports show them. */
export const metricsOf = (task: Task): MetricName[] =>
  (Object.keys(METRICS) as MetricName[]).filter((name) => METRICS[name].tasks.includes(task));

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
