/** Which policy to take: chosen on the first 60 % of the time, reported on the rest. */
import type { MetricName, ModelConfig } from '../config/model.ts';
import { METRICS } from '../evaluation/metrics.ts';
import { marginOf } from '../gate/comparison.ts';
import type { Interval } from '../statistics/contract.ts';
import type { Comparison, Recommendation } from './contract.ts';
import { compareByWeek, type Improvement, type ScoredPast } from './figures.ts';

/** Share of the time on which the choice rests. */
const CHOICE = 0.6;
const DAY = 86_400_000;

export interface Contender {
  readonly name: string;
  /** By instant of the run's start: what the choice may count is what was trained by then. */
  readonly trainedAt: readonly number[];
  /** A policy without a gate is a reference, and is taken only where there is no other. */
  readonly gate: boolean;
}

/**
 * Of the policies with a gate that are not shown to be worse than the best one by more than the gate's margin (lower bound of the
 * paired difference above −margin), the one with the fewest trainings; without any such, the best one.
 *
 * @param span milliseconds
 */
export function recommend(
  config: ModelConfig,
  contenders: readonly Contender[],
  past: ScoredPast,
  span: { readonly from: number; readonly to: number },
): Recommendation {
  const metric = config.gate.primary;
  const { direction } = METRICS[metric];
  const split = Math.floor((span.from + CHOICE * (span.to - span.from)) / DAY) * DAY;
  const first = compareByWeek(config, between(past, span.from, split), metric);
  const value = (i: number) => direction * (first.policies[i]?.pooled.estimate ?? Number.NEGATIVE_INFINITY);
  const gated = contenders.some(({ gate }) => gate);
  const order = [...contenders.keys()].filter((i) => !gated || contenders[i]?.gate);
  const best = order.reduce((a, b) => (value(b) > value(a) ? b : a));
  const margin = marginOf(config.gate.champion.margin[metric], first.policies[best]?.pooled.estimate ?? null);
  const trainings = (i: number) => contenders[i]?.trainedAt.filter((at) => at < split).length ?? 0;
  const holds = order.filter((i) => i === best || (over(first.pairs, i, best)?.lower ?? -Infinity) > -margin);
  const chosen = holds.reduce((a, b) =>
    trainings(b) < trainings(a) || (trainings(b) === trainings(a) && value(b) > value(a)) ? b : a,
  );

  const last = compareByWeek(config, between(past, split, span.to), metric);
  const against = (other: number): Comparison | null => {
    const improvement = over(last.pairs, chosen, other);
    if (improvement === null) return null;
    return { policy: nameOf(chosen), against: nameOf(other), metric, improvement };
  };
  const nameOf = (i: number) => contenders[i]?.name ?? '';
  const reported = last.policies[chosen]?.pooled as Interval;
  const iso = (ms: number) => new Date(ms).toISOString();
  const told = {
    policy: nameOf(chosen),
    chosen_on: { from: iso(span.from), to: iso(split) },
    reported_on: { from: iso(split), to: iso(span.to) },
    ...{ metric, best: nameOf(best), margin, value: reported },
    over_first: chosen === 0 ? null : against(0),
    over_best: chosen === best ? null : against(best),
  };
  const later = (contenders[chosen]?.trainedAt.length ?? 0) - trainings(chosen);
  return { ...told, sentence: sentenceOf(told, { chosen: trainings(chosen), best: trainings(best), later }) };
}

/** Improvement of policy `i` over `j`; null of a policy over itself. */
function over(pairs: readonly Improvement[], i: number, j: number): Interval | null {
  const straight = pairs.find(({ pair }) => pair[0] === i && pair[1] === j);
  if (straight) return straight.improvement;
  const turned = pairs.find(({ pair }) => pair[0] === j && pair[1] === i)?.improvement;
  if (turned === undefined) return null;
  const minus = (value: number | null) => (value === null ? null : 0 - value);
  const { estimate, lower, upper } = turned;
  return { ...turned, estimate: minus(estimate), lower: minus(upper), upper: minus(lower) };
}

function between({ label, eventTime, scores }: ScoredPast, from: number, to: number): ScoredPast {
  const first = eventTime.findIndex((time) => time >= from);
  const after = eventTime.findIndex((time) => time >= to);
  const [start, end] = [first < 0 ? eventTime.length : first, after < 0 ? eventTime.length : after];
  const cut = (values: Float64Array) => values.subarray(start, end);
  return { label: cut(label), eventTime: cut(eventTime), scores: scores.map(cut) };
}

function sentenceOf(
  {
    policy,
    best,
    metric,
    margin,
    value,
    over_first: gain,
    over_best: loss,
    chosen_on: chosenOn,
    reported_on: reportedOn,
  }: Omit<Recommendation, 'sentence'>,
  trainings: { readonly chosen: number; readonly best: number; readonly later: number },
): string {
  const days = ({ from, to }: Recommendation['chosen_on']) => `${from.slice(0, 10)} to ${to.slice(0, 10)}`;
  const why =
    policy === best
      ? `it had the best ${metric}`
      : `with ${runs(trainings.chosen)} instead of ${trainings.best} it was not shown worse than ${best} by more than ${shown(metric, margin)} ${metric}`;
  const held = `On ${days(reportedOn)}, which had no part in the choice, it reached ${metric} ${withBounds(metric, value)} with ${runs(trainings.later)}`;
  const against = [gain, loss].flatMap((one) =>
    one === null ? [] : [`${withBounds(metric, one.improvement, true)} against ${one.against}`],
  );
  const rest = against.length === 0 ? '' : `: ${against.join('; ')}`;
  return `Take ${policy}: on ${days(chosenOn)} ${why}. ${held}${rest}.`;
}

const runs = (count: number) => (count === 1 ? '1 training' : `${count} trainings`);

function withBounds(metric: MetricName, { estimate, lower, upper, reason }: Interval, signed = false): string {
  const one = (value: number) => `${signed && value >= 0 ? '+' : ''}${shown(metric, value)}`;
  if (estimate === null) return 'undefined';
  if (lower === null || upper === null) return `${one(estimate)} (no bounds: ${reason ?? 'unknown'})`;
  return `${one(estimate)} (95 % each way from ${one(lower)} to ${one(upper)})`;
}

function shown(metric: MetricName, value: number): string {
  return value.toFixed(METRICS[metric].decimals);
}
