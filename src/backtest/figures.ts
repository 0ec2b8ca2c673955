/** What policies reached on the same rows: pooled and as a mean of months, and paired differences, by week. */
import type { MetricName, ModelConfig } from '../config/model.ts';
import { METRICS } from '../evaluation/metrics.ts';
import type { BlockStatistic } from '../statistics/block-statistic.ts';
import { blocksOf } from '../statistics/blocks.ts';
import type { Interval } from '../statistics/contract.ts';
import { blockIntervals, type Resampling } from '../statistics/intervals.ts';
import { LEVEL, rowsByMonth } from './monthly.ts';

const DAY = 86_400_000;
const WEEK = 7 * DAY;

/** Rows with a label, in order of time, and one array of scores a policy. */
export interface ScoredPast {
  readonly label: Float64Array;
  /** Milliseconds since the epoch. */
  readonly eventTime: Float64Array;
  readonly scores: readonly Float64Array[];
}

export interface Figures {
  readonly pooled: Interval;
  readonly meanMonth: Interval;
}

export interface Improvement {
  /** Positions of the two policies, the earlier one first; above 0 it is the better one. */
  readonly pair: readonly [number, number];
  readonly improvement: Interval;
}

/** The primary metric first, then what the reader of every report expects of the task. */
export function reportedMetrics({ task, gate }: ModelConfig): MetricName[] {
  const usual: MetricName[] =
    task === 'regression' ? ['root_mean_squared_error', 'mean_absolute_error'] : ['roc_auc', 'log_loss'];
  return [...new Set([gate.primary, ...usual])];
}

/** One metric of every policy, and of every pair the improvement on pooled rows, all under the same resampled weeks. */
export function compareByWeek(
  config: ModelConfig,
  past: ScoredPast,
  metric: MetricName,
): { readonly policies: Figures[]; readonly pairs: Improvement[] } {
  const { label, eventTime, scores } = past;
  const { prepare, direction } = METRICS[metric];
  const { block, blocks } = blocksOf(eventTime, WEEK, Math.floor((eventTime[0] ?? 0) / DAY) * DAY);
  const statistic = (own: Float64Array, rows?: readonly number[]): BlockStatistic => {
    if (rows === undefined) return prepare({ labels: label, scores: own, block, blocks });
    const take = (values: Float64Array | Int32Array) => Float64Array.from(rows, (i) => values[i] ?? 0);
    return prepare({ labels: take(label), scores: take(own), block: Int32Array.from(take(block)), blocks });
  };
  const months = scores[0] === undefined ? [] : [...rowsByMonth({ label, eventTime, scores: scores[0] }).values()];
  const pooled = scores.map((own) => statistic(own));
  const monthly = scores.map((own) => months.map((rows) => statistic(own, rows)));
  const pairs = scores.flatMap((_, i) => scores.slice(i + 1).map((__, k) => [i, i + 1 + k] as const));
  const found = blockIntervals(
    (weights) => {
      const values = pooled.map((one) => one(weights));
      const means = monthly.map((all) => meanOfDefined(all.map((one) => one(weights))));
      const gain = ([i, j]: readonly [number, number]) => direction * ((values[i] ?? 0) - (values[j] ?? 0));
      return [...values, ...means, ...pairs.map(gain)];
    },
    blocks,
    resampling(config),
  );
  const at = (i: number) => found[i] as Interval;
  return {
    policies: scores.map((_, i) => ({ pooled: at(i), meanMonth: at(scores.length + i) })),
    pairs: pairs.map((pair, k) => ({ pair, improvement: at(2 * scores.length + k) })),
  };
}

/** Of one model over another on the same rows, by day; more is better. */
export function improvementByDay(
  config: ModelConfig,
  rows: { readonly label: Float64Array; readonly eventTime: Float64Array },
  scores: { readonly own: Float64Array; readonly other: Float64Array },
): Interval {
  const { prepare, direction } = METRICS[config.gate.primary];
  const days = blocksOf(rows.eventTime, DAY);
  const [own, other] = [scores.own, scores.other].map((one) => prepare({ labels: rows.label, scores: one, ...days }));
  const gain = (weights: Float64Array) => direction * ((own?.(weights) ?? 0) - (other?.(weights) ?? 0));
  return blockIntervals((weights) => [gain(weights)], days.blocks, resampling(config))[0] as Interval;
}

function resampling({ gate, training }: ModelConfig): Resampling {
  const { resamples, min_blocks: minBlocks } = gate.uncertainty;
  return { resamples, minBlocks, seed: training.seed, level: LEVEL };
}

/** A month whose class went missing in a resample says nothing in it. */
function meanOfDefined(values: readonly number[]): number {
  const defined = values.filter(Number.isFinite);
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}
