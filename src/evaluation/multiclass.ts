/** Metrics of several classes: labels are class positions, scores one probability a class, rows × classes row-major. */
import { type BlockStatistic, dot, sumByBlock } from '../statistics/block-statistic.ts';
import { EPSILON } from './losses.ts';
import type { ScoredRows } from './metrics.ts';
import { rocAuc } from './ranking.ts';
import { rowWeights, weighed } from './row-weights.ts';

const width = (rows: ScoredRows): number => rows.classes ?? 2;

/** Positions of the likeliest classes; of equally likely ones the first, as the prediction server and numpy decide. */
export function likeliest(scores: Float64Array, classes: number): Int32Array {
  return Int32Array.from({ length: scores.length / classes }, (_, row) => {
    let best = 0;
    for (let k = 1; k < classes; k++) if (scores[row * classes + k]! > scores[row * classes + best]!) best = k;
    return best;
  });
}

/** Probability of the likeliest class of each row: the one figure that the prediction server reports of them. */
export function topScores(scores: Float64Array, classes: number): Float64Array {
  return Float64Array.from(likeliest(scores, classes), (best, row) => scores[row * classes + best]!);
}

/** Mean over rows of a value of the row's label and probabilities. */
function meanOfRows(rows: ScoredRows, term: (label: number, at: number, classes: number) => number): BlockStatistic {
  const { labels, block, blocks } = rows;
  const classes = width(rows);
  const counts = sumByBlock(rowWeights(rows), block, blocks);
  const terms = labels.map((label, row) => term(label, row * classes, classes));
  const sums = sumByBlock(weighed(rows, terms), block, blocks);
  return (weights) => dot(weights, sums) / dot(weights, counts);
}

export const multiclassLogLoss = (rows: ScoredRows): BlockStatistic =>
  meanOfRows(rows, (label, at) => -Math.log(Math.min(1, Math.max(EPSILON, rows.scores[at + label]!))));

/** Σ over classes of (probability − whether it was this class)², from 0 to 2. @see Brier (1950) */
export const multiclassBrier = (rows: ScoredRows): BlockStatistic =>
  meanOfRows(rows, (label, at, classes) => {
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += (rows.scores[at + k]! - (k === label ? 1 : 0)) ** 2;
    return sum;
  });

export function multiclassAccuracy(rows: ScoredRows): BlockStatistic {
  const decided = likeliest(rows.scores, width(rows));
  return meanOfRows(rows, (label, at, classes) => (decided[at / classes] === label ? 1 : 0));
}

/** Macro average of each class against all others. NaN where a class has no row, or all of them. */
export function rocAucOneVsRest(rows: ScoredRows): BlockStatistic {
  const classes = width(rows);
  const each = Array.from({ length: classes }, (_, k) =>
    rocAuc({
      labels: rows.labels.map((label) => (label === k ? 1 : 0)),
      scores: rows.labels.map((_, row) => rows.scores[row * classes + k]!),
      block: rows.block,
      blocks: rows.blocks,
      ...(rows.weight ? { weight: rows.weight } : {}),
    }),
  );
  return (weights) => each.reduce((sum, auc) => sum + auc(weights), 0) / classes;
}

type Measure = 'precision' | 'recall' | 'f1';
/** `macro`: each class counts the same. `weighted`: by its share of the labels. */
type Average = 'macro' | 'weighted';

/**
 * As scikit-learn averages: a class that is neither a label nor a decision on these rows is left out, and one that is
 * never decided (or never a label) counts 0 where its own figure would be undefined.
 */
export const averaged =
  (measure: Measure, average: Average) =>
  (rows: ScoredRows): BlockStatistic => {
    const classes = width(rows);
    const decided = likeliest(rows.scores, classes);
    const sums = Array.from({ length: classes }, (_, k) => {
      const by = (is: (label: number, row: number) => boolean) =>
        sumByBlock(
          weighed(
            rows,
            rows.labels.map((label, row) => (is(label, row) ? 1 : 0)),
          ),
          rows.block,
          rows.blocks,
        );
      return {
        labels: by((label) => label === k),
        decided: by((_, row) => decided[row] === k),
        right: by((label, row) => label === k && decided[row] === k),
      };
    });
    return (weights) => {
      let [total, share] = [0, 0];
      for (const one of sums) {
        const [labels, said, right] = [dot(weights, one.labels), dot(weights, one.decided), dot(weights, one.right)];
        if (labels + said === 0) continue;
        const counts = average === 'macro' ? 1 : labels;
        const whole = { precision: said, recall: labels, f1: (labels + said) / 2 }[measure];
        total += counts * (whole === 0 ? 0 : right / whole);
        share += counts;
      }
      return total / share;
    };
  };
