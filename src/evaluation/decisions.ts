/** Metrics of what is decided with a score: above a threshold, or by a daily capacity for alerts, or in money. */
import { type BlockStatistic, dot, sumByBlock } from '../statistics/block-statistic.ts';
import { meanOf } from './losses.ts';
import type { Decision, ScoredRows } from './metrics.ts';
import { weighed } from './row-weights.ts';

/** Where a model file says nothing. */
const EVEN: Decision = { threshold: 0.5 };

/** Value is told for as many decisions as people can picture. */
const VALUE_PER = 10_000;

export function accuracy(rows: ScoredRows): BlockStatistic {
  const { threshold } = rows.decision ?? EVEN;
  return meanOf((label, score) => (score >= threshold === (label === 1) ? 1 : 0))(rows);
}

/** Share of positives among the rows decided as positive; NaN where none was (scikit-learn warns and says 0). */
export function precision(rows: ScoredRows): BlockStatistic {
  const { caught, raised } = outcomes(rows);
  return (weights) => dot(weights, caught) / dot(weights, raised);
}

/** Share of the positives that are decided as positive; NaN without positives (scikit-learn warns and says 0). */
export function recall(rows: ScoredRows): BlockStatistic {
  const { caught, positives } = outcomes(rows);
  return (weights) => dot(weights, caught) / dot(weights, positives);
}

/** Harmonic mean of both: 2 TP / (2 TP + FP + FN); NaN where there is neither a positive nor a positive decision. */
export function f1(rows: ScoredRows): BlockStatistic {
  const { caught, raised, positives } = outcomes(rows);
  return (weights) => (2 * dot(weights, caught)) / (dot(weights, raised) + dot(weights, positives));
}

/**
 * Share of all positives that are among the `perDay` highest scores of their day. Rows with the same score at the edge
 * of the capacity share what is left of it, so that the figure does not depend on their order.
 */
export function recallOfAlerts(rows: ScoredRows): BlockStatistic {
  const { labels, scores, block, blocks, decision } = rows;
  const looked = decision?.alerts
    ? lookedAt(scores, decision.alerts)
    : new Float64Array(scores.length).fill(Number.NaN);
  const sumOf = (values: Float64Array) => sumByBlock(weighed(rows, values), block, blocks);
  const caught = sumOf(looked.map((share, i) => share * labels[i]!));
  const positives = sumOf(labels);
  return (weights) => dot(weights, caught) / dot(weights, positives);
}

/** Mean value of a decision by the outcome it had, for 10,000 decisions. NaN where the file gives no values. */
export function value(rows: ScoredRows): BlockStatistic {
  const { threshold, value: worth } = rows.decision ?? EVEN;
  if (!worth) return () => Number.NaN;
  const mean = meanOf((label, score) => {
    if (score >= threshold) return label === 1 ? worth.true_positive : worth.false_positive;
    return label === 1 ? worth.false_negative : worth.true_negative;
  })(rows);
  return (weights) => VALUE_PER * mean(weights);
}

function outcomes(rows: ScoredRows) {
  const { labels, scores, block, blocks, decision = EVEN } = rows;
  const raised = scores.map((score) => (score >= decision.threshold ? 1 : 0));
  const caught = raised.map((yes, i) => yes * labels[i]!);
  const sumOf = (values: Float64Array) => sumByBlock(weighed(rows, values), block, blocks);
  return { raised: sumOf(raised), caught: sumOf(caught), positives: sumOf(labels) };
}

/** For each row the share of it that is looked at: 1, 0, or a part where equal scores meet the edge of the capacity. */
function lookedAt(scores: Float64Array, { perDay, day }: NonNullable<Decision['alerts']>): Float64Array {
  const looked = new Float64Array(scores.length);
  const order = Uint32Array.from(scores.keys()).sort((a, b) => day[a]! - day[b]! || scores[b]! - scores[a]!);
  let left = perDay;
  for (let start = 0; start < order.length; ) {
    const first = order[start]!;
    if (start === 0 || day[order[start - 1]!] !== day[first]) left = perDay;
    let end = start;
    while (end < order.length && day[order[end]!] === day[first] && scores[order[end]!] === scores[first]) end++;
    const share = Math.min(1, left / (end - start));
    for (let i = start; i < end; i++) looked[order[i]!] = share;
    left = Math.max(0, left - (end - start));
    start = end;
  }
  return looked;
}
