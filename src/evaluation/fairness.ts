/** How decisions differ between the groups of a protected column. Differences are measured; what is fair is for people. */
import type { ModelConfig } from '../config/model.ts';
import { type BlockStatistic, dot, sumByBlock } from '../statistics/block-statistic.ts';
import { blockJackknife } from '../statistics/jackknife.ts';
import type { FairnessMeasures, GroupFigures } from './contract.ts';
import { SliceColumnMissing } from './errors.ts';
import type { EvaluationRows, JudgedRows } from './judged-rows.ts';
import { finite } from './metrics.ts';

const LEVEL = 0.05;

export const MEASURES = [
  'selection_rate_ratio',
  'true_positive_rate_gap',
  'false_positive_rate_gap',
  'calibration_gap',
] as const satisfies readonly (keyof FairnessMeasures)[];

/**
 * Each value of each protected column against all other rows. With two groups that is the one against the other, and
 * the figures are those of fairlearn's MetricFrame; with more, a comparison of the extreme groups would have no honest
 * interval, because it is chosen by looking.
 *
 * - `selection_rate_ratio`: ln of the share decided as positive over that share of the others (0 is equal)
 * - `true_positive_rate_gap`, `false_positive_rate_gap`: rate of the group minus that of the others
 * - `calibration_gap`: mean score minus label rate, of the group minus of the others
 *
 * Bounds are of the jackknife over blocks. A group under `gate.slices.min_rows` is listed as not judged.
 *
 * @param scores of the candidate, in the order of `judged`
 * @throws SliceColumnMissing when rows do not carry a protected column
 */
export function groupFigures(
  config: ModelConfig,
  rows: EvaluationRows,
  judged: JudgedRows,
  scores: Float64Array,
): GroupFigures[] {
  const { fairness } = config.gate;
  if (fairness === 'none') return [];
  return fairness.protected.flatMap((column) => {
    const values = rows.slices[column];
    if (!values) throw new SliceColumnMissing(config.model, column, Object.keys(rows.slices));
    const groupOf = Array.from(judged.index, (row) => values[row] ?? '');
    const sizes = new Map<string, number>();
    for (const group of groupOf) sizes.set(group, (sizes.get(group) ?? 0) + 1);
    const sorted = [...sizes].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    if (sorted.length < 2) return [];
    return sorted.map(([value, size]): GroupFigures => {
      const inside = Float64Array.from(groupOf, (group) => (group === value ? 1 : 0));

      const entry = { column, value, rows: size };
      const { min_rows: needed } = config.gate.slices;
      const [few, who] = size < needed ? [size, 'rows'] : [judged.index.length - size, 'other rows'];
      if (few < needed)
        return { ...entry, not_judged: `${few} ${who}, fewer than ${needed}`, rates: null, measures: null };
      return { ...entry, not_judged: null, ...compareWithRest(judged, scores, inside) };
    });
  });
}

function compareWithRest(judged: JudgedRows, scores: Float64Array, inside: Float64Array) {
  const group = ratesOf(judged, scores, (i) => inside[i]!);
  const rest = ratesOf(judged, scores, (i) => 1 - inside[i]!);
  const gap = (a: BlockStatistic, b: BlockStatistic) => (weights: Float64Array) => a(weights) - b(weights);
  const log = (rate: BlockStatistic) => (weights: Float64Array) => Math.log(rate(weights));
  const statistics = [
    gap(log(group.selected), log(rest.selected)),
    gap(group.truePositive, rest.truePositive),
    gap(group.falsePositive, rest.falsePositive),
    gap(group.bias, rest.bias),
  ];
  const found = blockJackknife((weights) => statistics.map((one) => one(weights)), judged.blocks, LEVEL);
  const even = new Float64Array(judged.blocks).fill(1);
  const shown = (rates: typeof group) => ({
    selection_rate: finite(rates.selected(even)),
    true_positive_rate: finite(rates.truePositive(even)),
    false_positive_rate: finite(rates.falsePositive(even)),
  });
  return {
    rates: { group: shown(group), others: shown(rest) },
    measures: Object.fromEntries(MEASURES.map((name, i) => [name, found[i]!])) as FairnessMeasures,
  };
}

function ratesOf(judged: JudgedRows, scores: Float64Array, share: (row: number) => number) {
  const { labels, block, blocks, decision, weight } = judged;
  const sum = (value: (i: number) => number) =>
    sumByBlock(
      scores.map((_, i) => (weight ? weight[i]! : 1) * share(i) * value(i)),
      block,
      blocks,
    );
  const selected = (i: number) => (scores[i]! >= decision.threshold ? 1 : 0);
  const rate = (part: (i: number) => number, whole: (i: number) => number): BlockStatistic => {
    const [parts, wholes] = [sum(part), sum(whole)];
    return (weights) => dot(weights, parts) / dot(weights, wholes);
  };
  return {
    selected: rate(selected, () => 1),
    truePositive: rate(
      (i) => selected(i) * labels[i]!,
      (i) => labels[i]!,
    ),
    falsePositive: rate(
      (i) => selected(i) * (1 - labels[i]!),
      (i) => 1 - labels[i]!,
    ),
    bias: rate(
      (i) => scores[i]! - labels[i]!,
      () => 1,
    ),
  };
}
