/** Figures of a backtest in words: with the decimals of their metric, and their bounds. */
import type { MetricName } from '../../config/model.ts';
import { METRICS } from '../../evaluation/metrics.ts';
import type { Interval } from '../../statistics/contract.ts';

export function withBounds(metric: MetricName, interval: Interval | undefined): string {
  if (interval?.estimate == null) return '–';
  const { estimate, lower, upper } = interval;
  if (lower === null || upper === null) return figureText(metric, estimate);
  return `${figureText(metric, estimate)} (${figureText(metric, lower)} to ${figureText(metric, upper)})`;
}

export function figureText(metric: MetricName, value: number): string {
  return value.toFixed(METRICS[metric].decimals);
}
