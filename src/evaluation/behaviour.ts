/** How differently two models score the same rows. Told to people; after a real change the right candidate differs. */
import type { Task } from '../config/model.ts';
import type { Behaviour } from './contract.ts';
import { likeliest, topScores } from './multiclass.ts';

const BINS = 10;
/** Empty bins count as this share, so that the index stays finite. */
const FLOOR = 1e-4;

/**
 * Of several classes the score is the probability of the likeliest one, and the decision is that class.
 *
 * @param known labels, and the threshold that decides (0.5 where it is not told)
 * @returns score PSI over the champion's deciles, flips of the decision, mean shift and Spearman's rank correlation
 */
export function behaviour(
  task: Task,
  candidate: Float64Array,
  champion: Float64Array,
  known?: { readonly labels: Float64Array; readonly threshold: number },
  classes?: number,
): Behaviour {
  if (classes !== undefined) {
    const [now, before] = [likeliest(candidate, classes), likeliest(champion, classes)];
    const flipped = now.reduce((count, decided, i) => count + (decided === before[i] ? 0 : 1), 0);
    const top = behaviour('regression', topScores(candidate, classes), topScores(champion, classes));
    return { ...top, flips: flipped / now.length };
  }
  const threshold = known?.threshold ?? 0.5;
  const rows = candidate.length;
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const flips = candidate.reduce(
    (count, score, i) => count + (score >= threshold === champion[i]! >= threshold ? 0 : 1),
    0,
  );
  return {
    score_psi: scorePsi(candidate, champion),
    flips: task === 'binary' ? flips / rows : null,
    mean_shift: mean(candidate) - mean(champion),
    rank_correlation: spearman(candidate, champion),
    ...(task === 'binary' && known
      ? { threshold, per_10000: changedOutcomes(known.labels, candidate, champion, threshold) }
      : {}),
  };
}

/** What the candidate's decisions bring against the champion's, in rows of 10,000. */
function changedOutcomes(labels: Float64Array, candidate: Float64Array, champion: Float64Array, threshold: number) {
  let [caught, falseAlarms] = [0, 0];
  labels.forEach((label, i) => {
    const change = Number(candidate[i]! >= threshold) - Number(champion[i]! >= threshold);
    if (label === 1) caught += change;
    else falseAlarms += change;
  });
  const scale = 10_000 / labels.length;
  return { caught: caught * scale, false_alarms: falseAlarms * scale };
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
