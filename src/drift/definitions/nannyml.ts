/** What NannyML 0.13.1's univariate drift says of a column: Jensen–Shannon over ten chunks, three deviations as the limit. */
import { chiSquared, jsDistance, ksStatistic, wassersteinDistance } from '../distances.ts';
import { type Points, points } from '../points.ts';
import { type ColumnValues, type LevelValues, mergeLevels, mergePoints, type NumberValues } from './column-values.ts';
import { doaneEdges, equalEdges, histogram, linspace, type NumberType, numpySum } from './numpy-histogram.ts';
import { type ToolColumn, ToolRefuses } from './tool-column.ts';

export const chunks = 10;
/** From here on NannyML bins for Kolmogorov–Smirnov and Wasserstein. */
const binnedFrom = 10_000;
const bins = 10_000;

/**
 * Distances are those of the whole current window; the limit comes from the reference's chunks, and the column moved
 * where any chunk of the current window lies outside it, as NannyML raises its alerts.
 *
 * @param reference and @param current one entry a chunk
 * @throws ToolRefuses where NannyML itself stops with an error
 */
export function nannyml(reference: readonly ColumnValues[], current: readonly ColumnValues[]): ToolColumn {
  const numeric = allNumeric(reference);
  const numericNow = allNumeric(current);
  if (numeric !== null && numericNow !== null) return continuous(numeric, numericNow);
  if (numeric !== null || numericNow !== null) throw new ToolRefuses('the two windows store different types');
  return categorical(reference.filter(isLevels), current.filter(isLevels));
}

function continuous(reference: readonly NumberValues[], current: readonly NumberValues[]): ToolColumn {
  const before = mergePoints(reference.map((chunk) => chunk.points));
  const after = mergePoints(current.map((chunk) => chunk.points));
  if (before.total === 0) throw new ToolRefuses('it stops at a reference without any value');
  if (!Number.isFinite(before.at[0]) || !Number.isFinite(before.at.at(-1))) {
    throw new ToolRefuses('it stops at infinite values in the reference');
  }
  const types = new Set(reference.map(({ type }) => type));
  const type: NumberType = types.has('double') ? 'double' : ([...types][0] ?? 'double');
  const edges = doaneEdges(before, 'double');
  const shares = histogram(before, edges).map((count) => count / before.total);
  const js = (values: Points): number => withLeftover(shares, histogram(values, edges), values.total);
  const [ks, wasserstein] =
    before.total < binnedFrom
      ? [ksStatistic(before, after), wassersteinDistance(before, after)]
      : [binnedKs(before, after, type), binnedWasserstein(before, after, type)];
  return {
    ...{ psi: null, js_distance: finite(js(after)), ks_statistic: finite(ks), chi_squared: null },
    wasserstein_distance: Number.isFinite(after.at[0]) && Number.isFinite(after.at.at(-1)) ? finite(wasserstein) : null,
    ...alerts(
      reference.map((chunk) => js(chunk.points)),
      current.map((chunk) => js(chunk.points)),
    ),
  };
}

function categorical(reference: readonly LevelValues[], current: readonly LevelValues[]): ToolColumn {
  const before = mergeLevels(reference.map(({ levels }) => levels));
  const after = mergeLevels(current.map(({ levels }) => levels));
  const total = (levels: ReadonlyMap<string, number>) => [...levels.values()].reduce((sum, count) => sum + count, 0);
  if (before.size === 0) throw new ToolRefuses('it stops at a reference without any value');
  const keys = [...before.keys()].sort((a, b) => (a < b ? -1 : 1));
  const shares = Float64Array.from(keys, (key) => (before.get(key) ?? 0) / total(before));
  const js = (levels: ReadonlyMap<string, number>): number =>
    withLeftover(
      shares,
      Float64Array.from(keys, (key) => levels.get(key) ?? 0),
      total(levels),
    );
  const all = [...new Set([...before.keys(), ...after.keys()])];
  const { statistic } = yates(
    all.map((key) => before.get(key) ?? 0),
    all.map((key) => after.get(key) ?? 0),
  );
  return {
    ...{ psi: null, js_distance: finite(js(after)), ks_statistic: null, wasserstein_distance: null },
    chi_squared: finite(statistic),
    ...alerts(
      reference.map(({ levels }) => js(levels)),
      current.map(({ levels }) => js(levels)),
    ),
  };
}

/** Mass outside the reference's bins is one more bin; the rounding of `1 - sum` is part of NannyML's number. */
function withLeftover(shares: Float64Array, counts: Float64Array, rows: number): number {
  if (rows === 0) return Number.NaN;
  const now = counts.map((count) => count / rows);
  const leftover = 1 - numpySum(now);
  return leftover > 0 ? jsDistance([...shares, 0], [...now, leftover]) : jsDistance(shares, now);
}

/** `chi2_contingency` with its default: Yates' correction for two levels. */
function yates(a: readonly number[], b: readonly number[]): { statistic: number } {
  if (a.length !== 2) return chiSquared(a, b);
  const [n, m] = [(a[0] ?? 0) + (a[1] ?? 0), (b[0] ?? 0) + (b[1] ?? 0)];
  let statistic = 0;
  for (const [side, rows] of [
    [a, n],
    [b, m],
  ] as const) {
    side.forEach((count, i) => {
      const expected = (((a[i] ?? 0) + (b[i] ?? 0)) * rows) / (n + m);
      const off = Math.abs(count - expected);
      statistic += (off - Math.min(0.5, off)) ** 2 / expected;
    });
  }
  return { statistic };
}

function alerts(
  reference: readonly number[],
  current: readonly number[],
): Pick<ToolColumn, 'method' | 'score' | 'threshold' | 'moved' | 'detail' | 'noise'> {
  const known = reference.filter((value) => !Number.isNaN(value));
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const sd = Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length);
  const upper = mean + 3 * sd;
  const beyond = current.filter((value) => value > upper).length;
  const largest = Math.max(...current.filter((value) => !Number.isNaN(value)));
  if (!Number.isFinite(largest)) throw new ToolRefuses('it gives no number for a window without any value');
  return {
    ...{
      method: 'largest Jensen-Shannon distance of a chunk',
      score: finite(largest),
      threshold: finite(upper),
      noise: null,
    },
    moved: beyond > 0,
    detail: `${beyond} of ${current.length} chunks beyond it`,
  };
}

function binnedKs(before: Points, after: Points, type: NumberType): number {
  const lo = before.at[0] ?? 0;
  const edges = linspace(lo, before.at.at(-1) ?? 0, bins, type);
  const [f, g] = [histogram(before, edges), histogram(after, edges)];
  let below = 0;
  for (let i = 0; i < after.at.length && (after.at[i] ?? 0) < lo; i++) below += after.counts[i] ?? 0;
  let [cumulativeF, cumulativeG, largest] = [0, below / after.total, 0];
  for (let i = 0; i < bins; i++) {
    cumulativeF += (f[i] ?? 0) / before.total;
    cumulativeG += (g[i] ?? 0) / after.total;
    largest = Math.max(largest, Math.abs(cumulativeF - cumulativeG));
  }
  return largest;
}

/** NannyML's own estimate: the tails weigh one row more than they hold. */
function binnedWasserstein(before: Points, after: Points, type: NumberType): number {
  const edges = equalEdges(before, bins, type);
  const [lo, hi] = [edges[0] ?? 0, edges[bins] ?? 0];
  const width = (edges[1] ?? 0) - lo;
  const under = part(after, (value) => value < lo);
  const over = part(after, (value) => value > hi);
  const amountUnder = under.total > 0 ? (under.total + 1) / after.total : 0;
  const amountOver = over.total > 0 ? (over.total + 1) / after.total : 0;
  const [f, g] = [histogram(before, edges), histogram(after, edges)];
  let [cumulativeF, cumulativeG, within] = [0, amountUnder, 0];
  for (let i = 0; i < bins; i++) {
    cumulativeF += (f[i] ?? 0) / before.total;
    cumulativeG += (g[i] ?? 0) / after.total;
    within += Math.abs(cumulativeF - cumulativeG) * width;
  }
  const [low, high] = [mergePoints([under, points([lo], [1])]), mergePoints([points([hi], [1]), over])];
  return within + amountUnder * area(low, (share) => share) + amountOver * area(high, (share) => 1 - share);
}

/** Area under a function of the distribution function, between the first and the last value. */
function area(values: Points, height: (share: number) => number): number {
  let [rows, sum] = [0, 0];
  for (let i = 0; i + 1 < values.at.length; i++) {
    rows += values.counts[i] ?? 0;
    sum += height(rows / values.total) * ((values.at[i + 1] ?? 0) - (values.at[i] ?? 0));
  }
  return sum;
}

function part({ at, counts }: Points, keep: (value: number) => boolean): Points {
  const kept = Array.from(at.keys()).filter((i) => keep(at[i] ?? 0));
  return points(
    kept.map((i) => at[i] ?? 0),
    kept.map((i) => counts[i] ?? 0),
  );
}

function allNumeric(values: readonly ColumnValues[]): readonly NumberValues[] | null {
  const numeric = values.filter((chunk): chunk is NumberValues => chunk.kind === 'numeric');
  return numeric.length === values.length && values.length > 0 ? numeric : null;
}

function isLevels(values: ColumnValues): values is LevelValues {
  return values.kind === 'categorical';
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
