/** What other thresholds would decide on the judged rows. Shown, never chosen from: the holdout chooses nothing. */
import type { ThresholdPoint } from './contract.ts';
import type { JudgedRows } from './judged-rows.ts';
import { finite } from './metrics.ts';
import { rowWeights } from './row-weights.ts';

const STEPS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/**
 * Nine even thresholds and the one that is served with, ascending.
 *
 * @param scores probabilities in the order of `judged`
 * @returns shares of the (weighed) rows; `value` for 10,000 of them where the file says what outcomes are worth
 */
export function thresholdTable(judged: JudgedRows, scores: Float64Array): ThresholdPoint[] {
  const { labels, decision } = judged;
  const weight = rowWeights(judged);
  const worth = decision.value;
  return [...new Set([...STEPS, decision.threshold])]
    .sort((a, b) => a - b)
    .map((threshold) => {
      let [caught, raised, positives, whole] = [0, 0, 0, 0];
      for (let i = 0; i < labels.length; i++) {
        const [own, yes] = [weight[i]!, scores[i]! >= threshold ? 1 : 0];
        whole += own;
        positives += own * labels[i]!;
        raised += own * yes;
        caught += own * yes * labels[i]!;
      }
      const point = {
        threshold,
        selected: finite(raised / whole),
        precision: finite(caught / raised),
        recall: finite(caught / positives),
      };
      if (!worth) return point;
      const missed = positives - caught;
      const outcomes =
        caught * worth.true_positive + (raised - caught) * worth.false_positive + missed * worth.false_negative;
      const value = (outcomes + (whole - raised - missed) * worth.true_negative) / whole;
      return { ...point, value: finite(10_000 * value) };
    });
}
