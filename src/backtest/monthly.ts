/** Scores of a year by month: metrics with block intervals, each row scored by whatever was live at its time. */
import type { ModelConfig } from '../config/model.ts';
import { judgedRows } from '../evaluation/judged-rows.ts';
import { METRICS } from '../evaluation/metrics.ts';
import type { Interval } from '../statistics/contract.ts';
import { blockIntervals } from '../statistics/intervals.ts';

export interface ScoredYear {
  readonly label: Float64Array;
  /** Milliseconds since the epoch. */
  readonly eventTime: Float64Array;
  readonly scores: Float64Array;
}

export interface MonthFigures {
  /** `2013-04`, in UTC. */
  readonly month: string;
  readonly rows: number;
  readonly roc_auc: Interval;
  readonly log_loss: Interval;
}

/** Two-sided 90 %: each bound at 5 %. */
const LEVEL = 0.05;

export function monthlyFigures(config: ModelConfig, year: ScoredYear): MonthFigures[] {
  const byMonth = new Map<string, number[]>();
  for (let i = 0; i < year.label.length; i++) {
    if (Number.isNaN(year.label[i]) || Number.isNaN(year.scores[i])) continue;
    const month = new Date(year.eventTime[i] as number).toISOString().slice(0, 7);
    const rows = byMonth.get(month) ?? [];
    rows.push(i);
    byMonth.set(month, rows);
  }
  return [...byMonth].sort().map(([month, rows]) => {
    const pick = (values: Float64Array) => Float64Array.from(rows, (i) => values[i] as number);
    const judged = judgedRows(config, {
      label: pick(year.label),
      eventTime: pick(year.eventTime),
      id: [],
      entity: [],
      slices: {},
    });
    const scored = { labels: judged.labels, scores: pick(year.scores), block: judged.block, blocks: judged.blocks };
    const statistics = (['roc_auc', 'log_loss'] as const).map((name) => METRICS[name].prepare(scored));
    const { resamples, min_blocks } = config.gate.uncertainty;
    const options = { resamples, minBlocks: min_blocks, seed: config.training.seed, level: LEVEL };
    const [roc_auc, log_loss] = blockIntervals(
      (weights) => statistics.map((one) => one(weights)),
      judged.blocks,
      options,
    );
    return { month, rows: rows.length, roc_auc: roc_auc as Interval, log_loss: log_loss as Interval };
  });
}
