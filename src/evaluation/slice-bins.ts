/** Features as a few bins each: levels of a category, quantiles of a number, and what is missing. */
import type { FeatureRows } from '../data/columns.ts';
import type { Signature } from '../registry/contract.ts';

/** `bin[i]` is the bin of judged row i, −1 for a level too rare to have one. */
interface Bins {
  readonly bin: Int16Array;
  readonly labels: readonly string[];
}

export interface Binned {
  readonly name: string;
  readonly fine: Bins;
  /** For pairs. */
  readonly coarse: Bins;
}

const FINE = { quantiles: 10, levels: 19 };
const COARSE = { quantiles: 4, levels: 6 };
const MISSING = '(missing)';

/** Every feature of the signature. @param index row numbers of the judged rows */
export function binnedColumns(rows: FeatureRows, index: Int32Array, { numeric, categorical }: Signature): Binned[] {
  const numbers = numeric.map((name, k): Binned => {
    const values = Float64Array.from(index, (row) => rows.numeric[row * numeric.length + k]!);
    const sorted = values.filter((value) => !Number.isNaN(value)).sort();
    return {
      name,
      fine: byQuantile(values, sorted, FINE.quantiles),
      coarse: byQuantile(values, sorted, COARSE.quantiles),
    };
  });
  const categories = categorical.map((name, k): Binned => {
    const values = Array.from(index, (row) => rows.categorical[k]?.[row] ?? '');
    const counts = new Map<string, number>();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    const levels = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([level]) => level);
    return { name, fine: byLevel(values, levels, FINE.levels), coarse: byLevel(values, levels, COARSE.levels) };
  });
  return [...numbers, ...categories];
}

function byLevel(values: readonly string[], levels: readonly string[], most: number): Bins {
  const kept = levels.slice(0, most);
  const place = new Map(kept.map((level, i) => [level, i]));
  return {
    bin: Int16Array.from(values, (value) => place.get(value) ?? -1),
    labels: kept.map((level) => level || MISSING),
  };
}

function byQuantile(values: Float64Array, sorted: Float64Array, most: number): Bins {
  const edges = [
    ...new Set(Array.from({ length: most - 1 }, (_, k) => sorted[Math.floor(((k + 1) * sorted.length) / most)]!)),
  ].filter((edge) => edge !== undefined && edge > sorted[0]!);
  const shown = (value: number) => String(Number(value.toPrecision(5)));
  const ranges = Array.from({ length: edges.length + 1 }, (_, k) => {
    if (edges.length === 0) return 'any';
    if (k === 0) return `< ${shown(edges[0]!)}`;
    return k === edges.length ? `>= ${shown(edges[k - 1]!)}` : `${shown(edges[k - 1]!)} to < ${shown(edges[k]!)}`;
  });
  const bin = Int16Array.from(values, (value) =>
    Number.isNaN(value) ? edges.length + 1 : edges.filter((edge) => value >= edge).length,
  );
  return { bin, labels: [...ranges, MISSING] };
}
