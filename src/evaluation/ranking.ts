/** Ranking metrics that are fast to compute again for other block weights: sorted once, ties counted half. */
import type { BlockStatistic } from '../statistics/block-statistic.ts';
import type { ScoredRows } from './metrics.ts';
import { rowWeights } from './row-weights.ts';

/** Up to this many blocks the AUC is a table of block pairs: one resample costs blocks², whatever the number of rows. */
const PAIR_TABLE_UP_TO = 512;

/** Row numbers in ascending order of score. */
function ascending(scores: Float64Array): Uint32Array {
  return Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
}

/**
 * Area under the ROC curve: the share of (positive, negative) pairs in the right order, ties half. NaN where one class
 * has no weight. Equals scikit-learn's `roc_auc_score` with `sample_weight`.
 */
export function rocAuc(rows: ScoredRows): BlockStatistic {
  return rows.blocks <= PAIR_TABLE_UP_TO ? rocAucByPairs(rows) : rocAucByRows(rows);
}

/**
 * The AUC is bilinear in the block weights: Σ wᵦ w꜀ U[b][c] / (P N), where U[b][c] sums what the pairs of a positive of
 * block b above a negative of block c count. The table is filled in one sorted pass.
 */
function rocAucByPairs(rows: ScoredRows): BlockStatistic {
  const { labels, scores, block, blocks } = rows;
  const counts = rowWeights(rows);
  const order = ascending(scores);
  const wins = new Float64Array(blocks * blocks);
  const positives = new Float64Array(blocks);
  const negatives = new Float64Array(blocks);
  const tied = new Float64Array(blocks);
  for (let start = 0; start < order.length; ) {
    const score = scores[order[start]!]!;
    let end = start;
    for (; end < order.length && scores[order[end]!] === score; end++) {
      if (labels[order[end]!] !== 1) tied[block[order[end]!]!]! += counts[order[end]!]!;
    }
    for (let i = start; i < end; i++) {
      const row = order[i]!;
      if (labels[row] !== 1) continue;
      const b = block[row]!;
      const own = counts[row]!;
      positives[b]! += own;
      for (let c = 0; c < blocks; c++) wins[b * blocks + c]! += own * (negatives[c]! + tied[c]! / 2);
    }
    for (let c = 0; c < blocks; c++) {
      negatives[c]! += tied[c]!;
      tied[c] = 0;
    }
    start = end;
  }
  return (weights) => {
    let won = 0;
    let [p, n] = [0, 0];
    for (let b = 0; b < blocks; b++) {
      const weight = weights[b]!;
      if (weight === 0) continue;
      p += weight * positives[b]!;
      n += weight * negatives[b]!;
      let row = 0;
      for (let c = 0, at = b * blocks; c < blocks; c++, at++) row += weights[c]! * wins[at]!;
      won += weight * row;
    }
    return won / (p * n);
  };
}

function rocAucByRows(rows: ScoredRows): BlockStatistic {
  const sorted = sortedRows(rows);
  return (weights) => {
    let [won, below] = [0, 0];
    let [p, n] = [0, 0];
    let total = 0;
    for (let i = 0; i < sorted.block.length; i++) {
      const weight = weights[sorted.block[i]!]! * sorted.counts[i]!;
      if (sorted.positive[i]) p += weight;
      else n += weight;
      if (sorted.groupEnd[i]) {
        won += p * (below + n / 2);
        below += n;
        total += p;
        p = 0;
        n = 0;
      }
    }
    return won / (total * below);
  };
}

/**
 * Average precision, Σ (Rₖ − Rₖ₋₁) Pₖ over distinct thresholds from the highest down. NaN without positives (where
 * scikit-learn's `average_precision_score` warns and says 0); otherwise equal to it.
 */
export function averagePrecision(rows: ScoredRows): BlockStatistic {
  const sorted = sortedRows(rows, -1);
  return (weights) => {
    let [p, seen, hits, area] = [0, 0, 0, 0];
    for (let i = 0; i < sorted.block.length; i++) {
      const weight = weights[sorted.block[i]!]! * sorted.counts[i]!;
      seen += weight;
      if (sorted.positive[i]) p += weight;
      if (sorted.groupEnd[i] && p > 0) {
        hits += p;
        area += (p * hits) / seen;
        p = 0;
      }
    }
    return area / hits;
  };
}

/** Rows in order of score, with the last row of each group of equal scores marked. */
function sortedRows(rows: ScoredRows, direction: 1 | -1 = 1) {
  const { labels, scores, block } = rows;
  const counts = rowWeights(rows);
  const order = ascending(scores);
  if (direction === -1) order.reverse();
  return {
    block: Int32Array.from(order, (row) => block[row]!),
    counts: Float64Array.from(order, (row) => counts[row]!),
    positive: Uint8Array.from(order, (row) => (labels[row] === 1 ? 1 : 0)),
    groupEnd: Uint8Array.from(order, (row, i) => (scores[order[i + 1] ?? -1] === scores[row] ? 0 : 1)),
  };
}
