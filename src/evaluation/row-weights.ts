/** What each judged row counts: its worth to the business, and one over the chance that its label could be seen. */
import type { ModelConfig } from '../config/model.ts';
import { GateColumnUnusable } from './errors.ts';

/** Rows of a metric, as far as weighing needs them. */
interface Weighted {
  readonly labels: Float64Array;
  readonly weight?: Float64Array;
}

/** Weights of rows; 1 each where none are given. */
export const rowWeights = ({ labels, weight }: Weighted): Float64Array =>
  weight ?? new Float64Array(labels.length).fill(1);

/** `values` times the weight of their row. */
export const weighed = ({ weight }: Weighted, values: Float64Array): Float64Array =>
  weight ? values.map((value, i) => value * weight[i]!) : values;

/** Weighted mean of a value a row; NaN without rows. */
export function meanOfRows({ labels, weight }: Weighted, values: Float64Array): number {
  let [sum, whole] = [0, 0];
  for (let i = 0; i < labels.length; i++) {
    const own = weight ? weight[i]! : 1;
    sum += own * values[i]!;
    whole += own;
  }
  return sum / whole;
}

/**
 * Business weight divided by propensity, in the order of `index`.
 *
 * @param columns values as text by column (`EvaluationRows.slices`)
 * @returns undefined where the file names no column: every row counts once
 * @throws GateColumnUnusable for a weight that is missing, negative or no number, or a propensity outside (0, 1]
 * @see Horvitz and Thompson (1952) for the inverse of the propensity; figures are ratios of weighted sums (Hájek 1971)
 */
export function judgedWeights(
  config: ModelConfig,
  columns: Readonly<Record<string, readonly string[]>>,
  index: Int32Array,
): Float64Array | undefined {
  const { business, propensity } = config.gate.weights;
  let weight: Float64Array | undefined;
  const read = (role: 'business' | 'propensity', column: string, range: GateNumber) =>
    gateColumn(config.model, {
      ...range,
      setting: `gate.weights.${role}`,
      column,
      values: columns[column] ?? [],
      index,
    });
  if (business !== null)
    weight = read('business', business, { usable: (value) => value >= 0, needed: 'a number of at least 0' });
  if (propensity !== null) {
    const chance = read('propensity', propensity, {
      usable: (p) => p > 0 && p <= 1,
      needed: 'a number over 0 and up to 1',
    });
    weight = chance.map((p, i) => (weight?.[i] ?? 1) / p);
  }
  return weight;
}

interface GateNumber {
  readonly usable: (value: number) => boolean;
  readonly needed: string;
}

/** A column as numbers, in the order of `index`. @throws GateColumnUnusable where one is no usable number */
export function gateColumn(
  model: string,
  asked: GateNumber & {
    readonly setting: string;
    readonly column: string;
    readonly values: readonly string[];
    readonly index: Int32Array;
  },
): Float64Array {
  const { setting, column, index, usable, needed } = asked;
  const text = (row: number) => asked.values[row] ?? '';
  // Number, not parseFloat: "12 EUR" is no 12.
  const numbers = Float64Array.from(index, (row) => (text(row).trim() === '' ? Number.NaN : Number(text(row))));
  const fits = (value: number) => Number.isFinite(value) && usable(value);
  const bad = numbers.reduce((count, value) => count + (fits(value) ? 0 : 1), 0);
  if (bad === 0) return numbers;
  const row = index[numbers.findIndex((value) => !fits(value))] ?? 0;
  throw new GateColumnUnusable(model, { setting, column, row, value: text(row), count: bad, needed });
}

/** How many rows of equal weight would say as much: (Σw)² / Σw² (Kish 1965). */
export function effectiveRows(weight: Float64Array): number {
  const [sum, squares] = [weight.reduce((a, w) => a + w, 0), weight.reduce((a, w) => a + w * w, 0)];
  return squares > 0 ? sum ** 2 / squares : 0;
}
