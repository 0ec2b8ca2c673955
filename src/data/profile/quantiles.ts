/** Quantile points from values with counts, or from the cells of a grid. */
import { QUANTILES } from './contract.ts';

/** Points `[at, count]` in any order. By the definition of `quantile_disc`: the least value with at least that share below or at it. */
export function quantilesOf(points: readonly (readonly [at: number, count: number])[]): number[] {
  const sorted = [...points].sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return [];
  let i = 0;
  let below = 0;
  return QUANTILES.map((share) => {
    while (i + 1 < sorted.length && below + (sorted[i]?.[1] ?? 0) < share * total) {
      below += sorted[i]?.[1] ?? 0;
      i++;
    }
    return sorted[i]?.[0] ?? 0;
  });
}

export interface Grid {
  readonly lo: number;
  readonly hi: number;
}

export const CELLS = 4_096;

/**
 * Values are taken as evenly spread over their cell, so that a point is at most one cell off.
 *
 * @param cells counts by cell: -1 under `lo`, 0 to CELLS - 1, CELLS over `hi`
 * @param min, max ends of the cells outside
 */
export function gridQuantiles(
  cells: ReadonlyMap<number, number>,
  { lo, hi }: Grid,
  min: number,
  max: number,
): number[] {
  const width = (hi - lo) / CELLS;
  const order = [...cells].filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
  const total = order.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return [];
  const edges = (cell: number): [number, number] => {
    if (cell < 0) return [min, lo];
    if (cell >= CELLS) return [hi, max];
    return [Math.max(min, lo + cell * width), Math.min(max, lo + (cell + 1) * width)];
  };
  let i = 0;
  let below = 0;
  return QUANTILES.map((share) => {
    while (i + 1 < order.length && below + (order[i]?.[1] ?? 0) < share * total) {
      below += order[i]?.[1] ?? 0;
      i++;
    }
    const [cell, count] = order[i] ?? [0, 1];
    const [from, to] = edges(cell);
    return from + (to - from) * Math.min(1, Math.max(0, (share * total - below) / count));
  });
}
