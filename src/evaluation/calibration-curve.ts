/** The calibration curve: what a model says against what happened, over equally many rows each. Shown, never judged. */
import type { CurvePoint } from './contract.ts';

const BINS = 10;

/**
 * Rows in ascending order of score, cut into ten parts; rows with equal scores stay together, so there may be fewer.
 *
 * @returns mean score and mean label of each part
 */
export function calibrationCurve(labels: Float64Array, scores: Float64Array): CurvePoint[] {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!);
  const points: CurvePoint[] = [];
  for (let start = 0, bin = 1; start < order.length; bin++) {
    let end = Math.max(start + 1, Math.round((bin * order.length) / BINS));
    while (end < order.length && scores[order[end]!] === scores[order[end - 1]!]) end++;
    let [score, label] = [0, 0];
    for (let i = start; i < end; i++) {
      score += scores[order[i]!]!;
      label += labels[order[i]!]!;
    }
    const rows = end - start;
    points.push({ rows, mean_score: score / rows, mean_label: label / rows });
    while (bin < BINS && Math.round(((bin + 1) * order.length) / BINS) <= end) bin++;
    start = end;
  }
  return points;
}
