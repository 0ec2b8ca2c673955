/** Several models on the same rows under the same resamples: figures of each, and paired improvements. */
import type { MetricName } from '../config/model.ts';
import { type BlockStatistic, weightedMean } from '../statistics/block-statistic.ts';
import type { Interval } from '../statistics/contract.ts';
import { blockIntervals, type Resampling } from '../statistics/intervals.ts';
import type { Intervals } from './contract.ts';
import type { JudgedRows } from './judged-rows.ts';
import { byMetric, METRICS } from './metrics.ts';

/** One model, ready to be figured out again under any block weights. */
export interface PreparedModel {
  readonly metrics: BlockStatistic[];
  /** Mean score minus mean label; of several classes one each. */
  readonly bias: readonly BlockStatistic[];
}

export function prepareModel(metrics: readonly MetricName[], judged: JudgedRows, scores: Float64Array): PreparedModel {
  const { labels, block, blocks, decision, classes, weight } = judged;
  const more = { ...(classes === undefined ? {} : { classes }), ...(weight ? { weight } : {}) };
  const difference = (k: number) =>
    labels.map((label, i) =>
      classes === undefined ? scores[i]! - label : scores[i * classes + k]! - (label === k ? 1 : 0),
    );
  return {
    metrics: metrics.map((name) => METRICS[name].prepare({ labels, scores, block, blocks, decision, ...more })),
    bias: Array.from({ length: classes ?? 1 }, (_, k) => weightedMean(difference(k), block, blocks, weight)),
  };
}

/**
 * All figures of all models from one set of resamples, so that every difference is paired. Improvements are sign
 * adjusted: more is better.
 *
 * @param baseline value of each metric for the constant prediction on the same rows
 */
export function compare(
  metrics: readonly MetricName[],
  blocks: number,
  parts: Readonly<Record<'candidate' | 'champion' | 'anchor', PreparedModel | null>>,
  baseline: readonly number[],
  resampling: Resampling,
): Comparison {
  const models = Object.entries(parts).filter((entry): entry is [string, PreparedModel] => entry[1] !== null);
  const width = metrics.length + (models[0]?.[1].bias.length ?? 0);
  const figures = (weights: Float64Array): number[] => {
    const values = models.map(([, part]) => [...part.metrics, ...part.bias].map((statistic) => statistic(weights)));
    const over = (other: readonly number[]) =>
      metrics.map((name, m) => METRICS[name].direction * (values[0]![m]! - other[m]!));
    return [...values.flat(), ...over(baseline), ...values.slice(1).flatMap(over)];
  };

  const all = blockIntervals(figures, blocks, resampling);
  const take = (from: number): Intervals => byMetric(metrics, all.slice(from, from + metrics.length));
  // Behind the models' own figures come the improvements: over the baseline, then over each further model in order.
  const differences = models.length * width;
  const over = (name: string): Intervals | null => {
    const place = models.findIndex(([model]) => model === name);
    return place < 0 ? null : take(differences + place * metrics.length);
  };
  return {
    models: Object.fromEntries(
      models.map(([name], i) => {
        const bias = all.slice(i * width + metrics.length, (i + 1) * width);
        return [name, { metrics: take(i * width), bias }];
      }),
    ),
    overBaseline: take(differences),
    overChampion: over('champion'),
    overAnchor: over('anchor'),
  };
}

export interface Comparison {
  readonly models: Readonly<Record<string, { readonly metrics: Intervals; readonly bias: readonly Interval[] }>>;
  readonly overBaseline: Intervals;
  readonly overChampion: Intervals | null;
  readonly overAnchor: Intervals | null;
}
