/** The calibration curve: what a model says against what happened, over equally many rows each. Shown, never judged. */
import type { CurvePoint } from './contract.ts';

const BINS = 10;

/**
 * Rows in ascending order of score, cut into ten parts; rows with equal scores stay together, so there may be fewer.
 *
 * @param weight what each row counts; parts are of equally many rows all the same
 * @returns mean score and mean label of each part
 */
export function calibrationCurve(labels: Float64Array, scores: Float64Array, weight?: Float64Array): CurvePoint[] {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!);
  const points: CurvePoint[] = [];
  for (let start = 0, bin = 1; start < order.length; bin++) {
    let end = Math.max(start + 1, Math.round((bin * order.length) / BINS));
    while (end < order.length && scores[order[end]!] === scores[order[end - 1]!]) end++;
    let [score, label, whole] = [0, 0, 0];
    for (let i = start; i < end; i++) {
      const own = weight ? weight[order[i]!]! : 1;
      score += own * scores[order[i]!]!;
      label += own * labels[order[i]!]!;
      whole += own;
    }
    if (whole > 0) points.push({ rows: end - start, mean_score: score / whole, mean_label: label / whole });
    while (bin < BINS && Math.round(((bin + 1) * order.length) / BINS) <= end) bin++;
    start = end;
  }
  return points;
}
