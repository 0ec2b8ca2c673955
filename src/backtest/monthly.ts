/** Scores by month: metrics with block intervals, each row scored by whatever was live at its time. */
import type { MetricName, ModelConfig } from '../config/model.ts';
import { judgedRows } from '../evaluation/judged-rows.ts';
import { byMetric, METRICS } from '../evaluation/metrics.ts';
import type { Interval } from '../statistics/contract.ts';
import { blockIntervals } from '../statistics/intervals.ts';

export interface ScoredYear {
  readonly label: Float64Array;
  /** Milliseconds since the epoch. */
  readonly eventTime: Float64Array;
  readonly scores: Float64Array;
}

export interface Month {
  /** `2013-04`, in UTC. */
  readonly month: string;
  readonly rows: number;
  readonly metrics: Partial<Record<MetricName, Interval>>;
}

/** Two-sided 90 %: each bound at 5 %. */
export const LEVEL = 0.05;

/** Rows without a label or a score are left out. Blocks are days, or what the model file says. */
export function monthsOf(config: ModelConfig, year: ScoredYear, metrics: readonly MetricName[]): Month[] {
  return [...rowsByMonth(year)].sort().map(([month, rows]) => {
    const pick = (values: Float64Array) => Float64Array.from(rows, (i) => values[i] as number);
    const judged = judgedRows(config, {
      label: pick(year.label),
      eventTime: pick(year.eventTime),
      id: [],
      entity: [],
      slices: {},
    });
    const { labels, block, blocks, decision } = judged;
    const scored = { labels, scores: pick(year.scores), block, blocks, decision };
    const statistics = metrics.map((name) => METRICS[name].prepare(scored));
    const { resamples, min_blocks } = config.gate.uncertainty;
    const options = { resamples, minBlocks: min_blocks, seed: config.training.seed, level: LEVEL };
    const found = blockIntervals((weights) => statistics.map((one) => one(weights)), blocks, options);
    return { month, rows: rows.length, metrics: byMetric(metrics, found) };
  });
}

/** Row numbers with a label and a score, by month in UTC. */
export function rowsByMonth({ label, eventTime, scores }: ScoredYear): Map<string, number[]> {
  const byMonth = new Map<string, number[]>();
  for (let i = 0; i < label.length; i++) {
    if (Number.isNaN(label[i]) || Number.isNaN(scores[i])) continue;
    const month = new Date(eventTime[i] as number).toISOString().slice(0, 7);
    const rows = byMonth.get(month) ?? [];
    rows.push(i);
    byMonth.set(month, rows);
  }
  return byMonth;
}
