/** Bin edges, counts and sums as numpy makes them, over values with counts, so that other tools' numbers come out equal. */
import { meanOf, type Points, standardDeviationOf } from '../points.ts';

/** How pandas stores a column: it decides numpy's rounding and some of its rules. */
export type NumberType = 'integer' | 'single' | 'double';

/** `np.linspace(lo, hi, bins + 1)`; in single precision for float32. */
export function linspace(lo: number, hi: number, bins: number, type: NumberType): Float64Array {
  const round = type === 'single' ? Math.fround : (value: number) => value;
  const step = round(round(hi - lo) / bins);
  const edges = Float64Array.from({ length: bins + 1 }, (_, i) => round(round(i * step) + lo));
  edges[bins] = hi;
  return edges;
}

/** `np.histogram_bin_edges(values, bins='sturges')`. @see numpy/lib/_histograms_impl.py */
export function sturgesEdges(values: Points, type: NumberType): Float64Array {
  return edgesOfWidth(values, rangeOf(values) / (Math.log2(values.total) + 1), type);
}

/** `np.histogram_bin_edges(values, bins='doane')`: Sturges' width, narrower for skewed values. */
export function doaneEdges(values: Points, type: NumberType): Float64Array {
  const n = values.total;
  const sigma = standardDeviationOf(values);
  if (n <= 2 || !(sigma > 0)) return edgesOfWidth(values, 0, type);
  const mean = meanOf(values);
  let cubes = 0;
  for (let i = 0; i < values.at.length; i++) {
    cubes += (((values.at[i] ?? 0) - mean) / sigma) ** 3 * (values.counts[i] ?? 0);
  }
  const spread = Math.sqrt((6 * (n - 2)) / ((n + 1) * (n + 3)));
  const bins = 1 + Math.log2(n) + Math.log2(1 + Math.abs(cubes / n) / spread);
  return edgesOfWidth(values, rangeOf(values) / bins, type);
}

/** `np.histogram_bin_edges(values, bins=n)`: a range of nothing is widened by a half on both sides. */
export function equalEdges(values: Points, bins: number, type: NumberType): Float64Array {
  const [lo, hi] = outerEdges(values);
  return linspace(lo, hi, bins, type);
}

function edgesOfWidth(values: Points, wanted: number, type: NumberType): Float64Array {
  const width = type === 'integer' && wanted > 0 && wanted < 1 ? 1 : wanted;
  const [lo, hi] = outerEdges(values);
  return linspace(lo, hi, width > 0 ? Math.ceil((hi - lo) / width) : 1, type);
}

function outerEdges(values: Points): [number, number] {
  const [lo, hi] = [values.at[0] ?? 0, values.at.at(-1) ?? 1];
  return lo === hi ? [lo - 0.5, hi + 0.5] : [lo, hi];
}

function rangeOf(values: Points): number {
  return (values.at.at(-1) ?? 0) - (values.at[0] ?? 0);
}

/** Rows a bin, `edges[i] <= x < edges[i + 1]`, the last one with its right edge; values outside are left out. */
export function histogram(values: Points, edges: Float64Array): Float64Array {
  const counts = new Float64Array(edges.length - 1);
  const last = edges[edges.length - 1] ?? 0;
  let bin = 0;
  for (let i = 0; i < values.at.length; i++) {
    const value = values.at[i] ?? 0;
    if (value < (edges[0] ?? 0)) continue;
    if (value > last) break;
    while (bin < counts.length - 1 && value >= (edges[bin + 1] ?? 0)) bin++;
    counts[bin]! += values.counts[i] ?? 0;
  }
  return counts;
}

/** `np.sum`: pairwise, eight at a time. The order matters where a sum is compared with one. */
export function numpySum(values: ArrayLike<number>, from = 0, length = values.length): number {
  const at = (i: number): number => values[from + i] ?? 0;
  if (length < 8) {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += at(i);
    return sum;
  }
  if (length > 128) {
    const half = (length >> 1) - ((length >> 1) % 8);
    return numpySum(values, from, half) + numpySum(values, from + half, length - half);
  }
  const r = Array.from({ length: 8 }, (_, i) => at(i));
  const whole = length - (length % 8);
  for (let i = 8; i < whole; i++) r[i % 8]! += at(i);
  let sum = r[0]! + r[1]! + (r[2]! + r[3]!) + (r[4]! + r[5]! + (r[6]! + r[7]!));
  for (let i = whole; i < length; i++) sum += at(i);
  return sum;
}
