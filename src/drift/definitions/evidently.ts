/** What Evidently 0.7.23's `DataDriftPreset` says of a column: its bins, its choice of method, its limits. */
import chiSquaredCdf from '@stdlib/stats-base-dists-chisquare-cdf';
import { ksStatistic, wassersteinDistance } from '../distances.ts';
import { type Points, standardDeviationOf } from '../points.ts';
import { type ColumnValues, finitePoints, mergePoints } from './column-values.ts';
import { ksPValue } from './ks-p-value.ts';
import { histogram, numpySum, sturgesEdges } from './numpy-histogram.ts';
import { type ToolColumn, ToolRefuses } from './tool-column.ts';

/** Whole numbers with at most this many values are categories, in the current window. */
const categoryValues = 10;
const smallReference = 1000;

interface Side {
  readonly rows: number;
  readonly points: Points | null;
  readonly levels: ReadonlyMap<string | number, number>;
  readonly type: 'integer' | 'single' | 'double';
}

/** @throws ToolRefuses where Evidently itself stops with an error, or treats the column as text */
export function evidently(reference: ColumnValues, current: ColumnValues): ToolColumn {
  const [before, after] = [sideOf(reference), sideOf(current)];
  if (before.rows === 0 || after.rows === 0) throw new ToolRefuses('it stops at a column without any value');
  const numerical = isNumerical(current);
  if (numerical && before.points === null) throw new ToolRefuses('it wants numbers in both windows');
  const shares = sharesOf(before, after, numerical && before.levels.size > 20);
  const [p, q] = [withoutZeros(shares[0]), withoutZeros(shares[1])];
  const [x, y] = numerical ? [before.points, after.points] : [null, null];
  const table = chiSquare(before, after);
  const spread = x === null ? 0 : Math.max(standardDeviationOf(x), 0.001);
  const distances = {
    psi: numpySum(p.map((share, i) => (share - (q[i] ?? 0)) * Math.log(share / (q[i] ?? 0)))),
    js_distance: jensenShannon(...shares),
    ks_statistic: x && y ? ksStatistic(x, y) : null,
    wasserstein_distance: x && y ? wassersteinDistance(x, y) / spread : null,
    chi_squared: numerical && table.values > 5 ? null : table.statistic,
  };
  return { ...distances, ...decided(distances, { before, after, numerical, ...table }), noise: null };
}

function decided(
  {
    js_distance: js,
    ks_statistic: ks,
    wasserstein_distance: wasserstein,
  }: Pick<ToolColumn, 'js_distance' | 'ks_statistic' | 'wasserstein_distance'>,
  {
    before,
    after,
    numerical,
    values,
    statistic,
  }: { before: Side; after: Side; numerical: boolean; values: number; statistic: number },
): Pick<ToolColumn, 'method' | 'score' | 'threshold' | 'moved'> {
  const many = numerical && values > 5;
  if (before.rows > smallReference) {
    const score = many ? wasserstein : js;
    const method = many ? 'Wasserstein distance (normed)' : 'Jensen-Shannon distance';
    return { method, score, threshold: 0.1, moved: (score ?? 0) >= 0.1 };
  }
  if (many) {
    const score = ksPValue(ks ?? 0, before.rows, after.rows);
    return { method: 'K-S p_value', score, threshold: 0.05, moved: score <= 0.05 };
  }
  const chi = 1 - chiSquaredCdf(statistic, values - 1);
  const score = values > 2 ? chi : zTest(before, after);
  return { method: values > 2 ? 'chi-square p_value' : 'Z-test p_value', score, threshold: 0.05, moved: score < 0.05 };
}

/** @see `infer_column_type` in evidently/core/datasets.py */
function isNumerical(current: ColumnValues): boolean {
  if (current.kind === 'numeric') return current.type !== 'integer' || current.points.at.length > categoryValues;
  if (current.stored === 'boolean') {
    if (current.missing > 0) throw new ToolRefuses('it does not know the type of booleans with missing values');
    return false;
  }
  if (current.levels.size > (current.rows - current.missing) * 0.5) {
    throw new ToolRefuses('it takes the column for free text, which it judges by a classifier');
  }
  return false;
}

/** Without nulls and infinities, as `get_one_column_drift` drops them. */
function sideOf(values: ColumnValues): Side {
  if (values.kind === 'categorical') {
    return { rows: values.rows - values.missing, points: null, levels: values.levels, type: 'double' };
  }
  const points = finitePoints(values.points);
  const levels = new Map(Array.from(points.at, (value, i) => [value, points.counts[i] ?? 0]));
  return { rows: points.total, points, levels, type: values.type };
}

/** Shares a bin: Sturges' edges over both windows, or one bin a value. @see `get_binned_data` */
function sharesOf(before: Side, after: Side, binned: boolean): [number[], number[]] {
  if (binned && before.points && after.points) {
    const type = before.type === after.type ? before.type : 'double';
    const edges = sturgesEdges(mergePoints([before.points, after.points]), type);
    const shares = (side: Side, points: Points) => Array.from(histogram(points, edges), (count) => count / side.rows);
    return [shares(before, before.points), shares(after, after.points)];
  }
  const keys = [...new Set([...before.levels.keys(), ...after.levels.keys()])];
  const shares = (side: Side) => keys.map((key) => (side.levels.get(key) ?? 0) / side.rows);
  return [shares(before), shares(after)];
}

function withoutZeros(shares: readonly number[]): number[] {
  const least = Math.min(...shares.filter((share) => share > 0));
  const fill = least <= 0.0001 ? least / 1e6 : 0.0001;
  return shares.map((share) => (share === 0 ? fill : share));
}

/** Natural logarithm, unlike hone's own. */
function jensenShannon(p: readonly number[], q: readonly number[]): number {
  const [n, m] = [numpySum(p), numpySum(q)];
  let sum = 0;
  p.forEach((share, i) => {
    const [a, b] = [share / n, (q[i] ?? 0) / m];
    const middle = (a + b) / 2;
    sum += (a > 0 ? a * Math.log(a / middle) : 0) + (b > 0 ? b * Math.log(b / middle) : 0);
  });
  return Math.sqrt(Math.max(0, sum) / 2);
}

/** Current against what the reference leads to expect: one-sample, so a new value makes it infinite. */
function chiSquare(before: Side, after: Side): { statistic: number; values: number } {
  const keys = new Set([...before.levels.keys(), ...after.levels.keys()]);
  let statistic = 0;
  for (const key of keys) {
    const expected = ((before.levels.get(key) ?? 0) * after.rows) / before.rows;
    statistic += ((after.levels.get(key) ?? 0) - expected) ** 2 / expected;
  }
  return { statistic, values: keys.size };
}

function zTest(before: Side, after: Side): number {
  const keys = [...new Set([...before.levels.keys(), ...after.levels.keys()])];
  if (keys.length <= 1) return 1;
  const [first] = keys;
  const others = ({ rows, levels }: Side) => rows - (first === undefined ? 0 : (levels.get(first) ?? 0));
  const [n, m] = [before.rows, after.rows];
  const pooled = (others(before) + others(after)) / (n + m);
  const z = (others(before) / n - others(after) / m) / Math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m));
  return 1 - chiSquaredCdf(z * z, 1);
}
