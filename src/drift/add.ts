/** Adds profiles of disjoint rows: a month is the sum of its days, with no row read again. */
import type { CategoricalProfile, ColumnProfile, NumericProfile, Profile } from './contract.ts';
import { ProfilesDoNotAdd } from './errors.ts';
import type { Grid } from './profile.ts';

const keptLevels = 10_000;

/** @throws ProfilesDoNotAdd where a column changed its kind or its grid; give both the same grid bounds */
export function addProfiles(a: Profile, b: Profile): Profile {
  const columns: Record<string, ColumnProfile> = { ...a.columns };
  for (const [name, other] of Object.entries(b.columns)) {
    const own = columns[name];
    columns[name] = own === undefined ? other : addColumns(name, own, other);
  }
  return { rows: a.rows + b.rows, columns };
}

function addColumns(name: string, a: ColumnProfile, b: ColumnProfile): ColumnProfile {
  if (a.kind === 'numeric' && b.kind === 'numeric') return addNumeric(name, a, b);
  if (a.kind === 'categorical' && b.kind === 'categorical') return addCategorical(a, b);
  throw new ProfilesDoNotAdd(name, a.kind, b.kind);
}

function addNumeric(name: string, a: NumericProfile, b: NumericProfile): NumericProfile {
  const base = {
    kind: 'numeric',
    rows: a.rows + b.rows,
    missing: a.missing + b.missing,
    infinite: [a.infinite[0] + b.infinite[0], a.infinite[1] + b.infinite[1]] as [number, number],
    min: extreme(Math.min, a.min, b.min),
    max: extreme(Math.max, a.max, b.max),
  } as const;
  const [f, g] = [a.fine, b.fine];
  if (f.kind === 'exact' && g.kind === 'exact') {
    const merged = merge(f.values, [f.counts], g.values, [g.counts]);
    return { ...base, fine: { kind: 'exact', values: merged.keys, counts: merged.amounts[0]! } };
  }
  if (f.kind === 'grid' && g.kind === 'grid' && f.lo === g.lo && f.hi === g.hi && f.cells === g.cells) {
    const merged = merge(f.at, [f.counts, f.sums], g.at, [g.counts, g.sums]);
    const tail = (side: 'under' | 'over') => ({
      count: f[side].count + g[side].count,
      sum: f[side].sum + g[side].sum,
    });
    const [counts, sums] = [merged.amounts[0]!, merged.amounts[1]!];
    return { ...base, fine: { ...f, at: merged.keys, counts, sums, under: tail('under'), over: tail('over') } };
  }
  if (f.kind === 'exact' && g.kind === 'grid') return addNumeric(name, toGrid(a, g), b);
  if (f.kind === 'grid' && g.kind === 'exact') return addNumeric(name, a, toGrid(b, f));
  throw new ProfilesDoNotAdd(name, 'one grid', 'a grid with other bounds');
}

/** Puts exact values into the cells of a grid, by the rule of the SQL in profile.ts. */
export function toGrid(profile: NumericProfile, grid: Grid): NumericProfile {
  if (profile.fine.kind === 'grid') return profile;
  const { lo, hi, cells } = grid;
  const inside = new Map<number, { count: number; sum: number }>();
  const under = { count: 0, sum: 0 };
  const over = { count: 0, sum: 0 };
  profile.fine.values.forEach((value, i) => {
    const count = profile.fine.counts[i] ?? 0;
    const cell = Math.min(Math.floor((value - lo) / ((hi - lo) / cells)), cells - 1);
    const target = value < lo ? under : value > hi ? over : (inside.get(cell) ?? { count: 0, sum: 0 });
    target.count += count;
    target.sum += value * count;
    if (value >= lo && value <= hi) inside.set(cell, target);
  });
  const ordered = [...inside].sort(([x], [y]) => x - y);
  return {
    ...profile,
    fine: {
      kind: 'grid',
      lo,
      hi,
      cells,
      at: ordered.map(([cell]) => cell),
      counts: ordered.map(([, { count }]) => count),
      sums: ordered.map(([, { sum }]) => sum),
      under,
      over,
    },
  };
}

function addCategorical(a: CategoricalProfile, b: CategoricalProfile): CategoricalProfile {
  const sums = new Map(a.levels.map((level, i) => [level, a.counts[i] ?? 0]));
  b.levels.forEach((level, i) => {
    sums.set(level, (sums.get(level) ?? 0) + (b.counts[i] ?? 0));
  });
  const ordered = [...sums].sort(([x, n], [y, m]) => m - n || (x < y ? -1 : 1));
  const kept = ordered.slice(0, keptLevels);
  const cut = ordered.slice(keptLevels).reduce((sum, [, count]) => sum + count, 0);
  return {
    kind: 'categorical',
    rows: a.rows + b.rows,
    missing: a.missing + b.missing,
    levels: kept.map(([level]) => level),
    counts: kept.map(([, count]) => count),
    other: a.other + b.other + cut,
  };
}

/** Merges two ascending key lists, adding the amounts of equal keys. */
function merge(a: number[], amountsA: number[][], b: number[], amountsB: number[][]) {
  const keys: number[] = [];
  const amounts: number[][] = amountsA.map(() => []);
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const key = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY);
    const [inA, inB] = [a[i] === key, b[j] === key];
    keys.push(key);
    amounts.forEach((list, k) => {
      list.push((inA ? (amountsA[k]?.[i] ?? 0) : 0) + (inB ? (amountsB[k]?.[j] ?? 0) : 0));
    });
    if (inA) i++;
    if (inB) j++;
  }
  return { keys, amounts };
}

function extreme(pick: (a: number, b: number) => number, a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : pick(a, b);
}
