/** How differently two models score the same rows. Told to people; after a real change the right candidate differs. */
import type { Task } from '../config/model.ts';
import { weightedMean } from '../statistics/block-statistic.ts';
import { blockIntervals, type Resampling } from '../statistics/intervals.ts';
import type { Behaviour } from './contract.ts';
import type { JudgedRows } from './judged-rows.ts';
import { likeliest, topScores } from './multiclass.ts';
import { meanOfRows } from './row-weights.ts';

const BINS = 10;
/** Empty bins count as this share, so that the index stays finite. */
const FLOOR = 1e-4;

/**
 * Of several classes the score is the probability of the likeliest one, and the decision is that class.
 *
 * @param known labels, what rows count, and the thresholds that decide (0.5 where none is told)
 * @returns score PSI over the champion's deciles, flips of the decision, mean shift and Spearman's rank correlation
 */
export function behaviour(
  task: Task,
  candidate: Float64Array,
  champion: Float64Array,
  known?: Known,
  classes?: number,
): Behaviour {
  if (classes !== undefined) {
    const [now, before] = [likeliest(candidate, classes), likeliest(champion, classes)];
    const flipped = Float64Array.from(now, (decided, i) => (decided === before[i] ? 0 : 1));
    const top = behaviour('regression', topScores(candidate, classes), topScores(champion, classes), known);
    return { ...top, flips: meanOfRows({ ...known, labels: flipped }, flipped) };
  }
  const threshold = known?.threshold ?? 0.5;
  const other = known?.championThreshold ?? threshold;
  const mean = (values: Float64Array) => meanOfRows({ ...known, labels: values }, values);
  const flipped = candidate.map((score, i) => (score >= threshold === champion[i]! >= other ? 0 : 1));
  return {
    score_psi: scorePsi(candidate, champion),
    flips: task === 'binary' ? mean(flipped) : null,
    mean_shift: mean(candidate) - mean(champion),
    rank_correlation: spearman(candidate, champion),
    ...(task === 'binary' && known
      ? {
          ...{ threshold, ...(other === threshold ? {} : { champion_threshold: other }) },
          per_10000: outcomesPerTenThousand(known, candidate, champion),
        }
      : {}),
  };
}

/** `behaviour` of judged rows, with bounds for what changes for people. */
export function compareBehaviour(
  task: Task,
  judged: JudgedRows,
  { candidate, champion }: { readonly candidate: Float64Array; readonly champion: Float64Array },
  resampling: Resampling,
): Behaviour {
  const { labels, block, blocks, weight, decision, championDecision } = judged;
  const thresholds = { threshold: decision.threshold, championThreshold: championDecision.threshold };
  const known = { labels, ...(weight ? { weight } : {}), ...thresholds };
  const found = behaviour(task, candidate, champion, known, judged.classes);
  if (!found.per_10000) return found;
  const outcomes = changedOutcomes(known, candidate, champion);
  const statistics = [outcomes.caught, outcomes.false_alarms].map((each) => weightedMean(each, block, blocks, weight));
  const figures = (weights: Float64Array) => statistics.map((one) => 10_000 * one(weights));
  const [caught, false_alarms] = blockIntervals(figures, blocks, resampling);
  return caught && false_alarms ? { ...found, per_10000_bounds: { caught, false_alarms } } : found;
}

export interface Known {
  readonly labels: Float64Array;
  readonly weight?: Float64Array;
  readonly threshold: number;
  /** Where the champion serves with another one. */
  readonly championThreshold?: number;
}

/** Of each row whether the candidate catches it and the champion does not (1), or the reverse (−1); and false alarms alike. */
export function changedOutcomes(known: Known, candidate: Float64Array, champion: Float64Array) {
  const { labels, threshold, championThreshold = threshold } = known;
  const change = candidate.map((score, i) => Number(score >= threshold) - Number(champion[i]! >= championThreshold));
  return {
    caught: change.map((one, i) => one * labels[i]!),
    false_alarms: change.map((one, i) => one * (1 - labels[i]!)),
  };
}

/** What the candidate's decisions bring against the champion's, in rows of 10,000. */
function outcomesPerTenThousand(known: Known, candidate: Float64Array, champion: Float64Array) {
  const { caught, false_alarms: alarms } = changedOutcomes(known, candidate, champion);
  return { caught: 10_000 * meanOfRows(known, caught), false_alarms: 10_000 * meanOfRows(known, alarms) };
}

function scorePsi(candidate: Float64Array, champion: Float64Array): number {
  const sorted = Float64Array.from(champion).sort();
  const edges = [
    ...new Set(Array.from({ length: BINS - 1 }, (_, k) => sorted[Math.floor(((k + 1) * sorted.length) / BINS)]!)),
  ];
  const shares = (scores: Float64Array) => {
    const counts = new Float64Array(edges.length + 1);
    for (const score of scores) counts[edges.filter((edge) => score >= edge).length]! += 1;
    return counts.map((count) => Math.max(FLOOR, count / scores.length));
  };
  const [now, before] = [shares(candidate), shares(champion)];
  return now.reduce((sum, share, i) => sum + (share - before[i]!) * Math.log(share / before[i]!), 0);
}

/** Pearson's correlation of average ranks; null where one of the two is constant. */
function spearman(a: Float64Array, b: Float64Array): number | null {
  const [ra, rb] = [ranks(a), ranks(b)];
  const centre = (a.length - 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [ra[i]! - centre, rb[i]! - centre];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : null;
}

function ranks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const result = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) result[order[i]!] = (start + end - 1) / 2;
    start = end;
  }
  return result;
}
