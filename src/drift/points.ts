/** A numeric profile as points on a line: each value, or each grid cell at the mean of its rows, with a row count. */
import { toGrid } from './add.ts';
import type { NumericProfile } from './contract.ts';

/** Ascending positions and the rows at each; infinite and missing values are left out. */
export interface Points {
  readonly at: Float64Array;
  readonly counts: Float64Array;
  readonly total: number;
}

/** Cells keep their sum, so the mean of a column, and with it the Wasserstein distance, survives the grid. */
export function pointsOf(profile: NumericProfile): Points {
  const { fine } = profile;
  if (fine.kind === 'exact') return points(fine.values, fine.counts);
  const at = fine.counts.map((count, i) => (fine.sums[i] ?? 0) / count);
  const counts = [...fine.counts];
  if (fine.under.count > 0) {
    at.unshift(fine.under.sum / fine.under.count);
    counts.unshift(fine.under.count);
  }
  if (fine.over.count > 0) {
    at.push(fine.over.sum / fine.over.count);
    counts.push(fine.over.count);
  }
  return points(at, counts);
}

/**
 * Both profiles for a comparison of distribution functions. Where one is a grid, both are put on its cells' common
 * places, for inside a cell the order of the two samples is not known.
 */
export function alignedPoints(a: NumericProfile, b: NumericProfile): [Points, Points] {
  const own = a.fine.kind === 'grid' ? a.fine : b.fine.kind === 'grid' ? b.fine : null;
  if (own === null) return [pointsOf(a), pointsOf(b)];
  const [f, g] = [toGrid(a, own).fine, toGrid(b, own).fine];
  if (f.kind !== 'grid' || g.kind !== 'grid' || f.lo !== g.lo || f.hi !== g.hi || f.cells !== g.cells) {
    return [pointsOf(a), pointsOf(b)];
  }
  const place = (grid: typeof f): Points =>
    points([-1, ...grid.at, grid.cells], [grid.under.count, ...grid.counts, grid.over.count]);
  return [place(f), place(g)];
}

export function meanOf(p: Points): number {
  let sum = 0;
  for (let i = 0; i < p.at.length; i++) sum += (p.at[i] ?? 0) * (p.counts[i] ?? 0);
  return sum / p.total;
}

export function standardDeviationOf(p: Points): number {
  const mean = meanOf(p);
  let sum = 0;
  for (let i = 0; i < p.at.length; i++) sum += ((p.at[i] ?? 0) - mean) ** 2 * (p.counts[i] ?? 0);
  return Math.sqrt(sum / p.total);
}

export function points(at: readonly number[], counts: readonly number[]): Points {
  let total = 0;
  for (const count of counts) total += count;
  return { at: Float64Array.from(at), counts: Float64Array.from(counts), total };
}
