/** From rows of (value or cell, count, sum), as DuckDB grouped them, to the profile of a column. */
import type { CategoricalProfile, NumericProfile } from './contract.ts';
import type { Grid } from './profile.ts';

export const keptLevels = 10_000;

/** One distinct value of a column, or one cell of its grid. */
export interface Cell {
  readonly value: number | null;
  readonly label: string | null;
  readonly count: number;
  readonly sum: number;
}

/** Builds the profile from groups of equal values (`grid` absent) or of equal cell numbers. */
export function numericOf(cells: readonly Cell[], rows: number, grid: Grid | undefined): NumericProfile {
  const countAt = (wanted: number | null): number =>
    cells.reduce((sum, { value, count }) => sum + (value === wanted ? count : 0), 0);
  const finite = cells
    .filter((cell): cell is Cell & { value: number } => cell.value !== null && Number.isFinite(cell.value))
    .sort((a, b) => a.value - b.value);
  const infinite: [number, number] = [countAt(Number.NEGATIVE_INFINITY), countAt(Number.POSITIVE_INFINITY)];
  const base = { kind: 'numeric', rows, missing: countAt(null), infinite } as const;
  if (grid === undefined) {
    const fine = { kind: 'exact', ...distinct(finite) } as const;
    return { ...base, min: fine.values[0] ?? null, max: fine.values.at(-1) ?? null, fine };
  }
  const tail = (place: number): { count: number; sum: number } => {
    const cell = finite.find((one) => one.value === place);
    return { count: cell?.count ?? 0, sum: cell?.sum ?? 0 };
  };
  const inside = finite.filter((cell) => cell.value >= 0 && cell.value < grid.cells);
  return {
    ...base,
    min: grid.lo,
    max: grid.hi,
    fine: {
      kind: 'grid',
      ...grid,
      at: inside.map((cell) => cell.value),
      counts: inside.map((cell) => cell.count),
      sums: inside.map((cell) => cell.sum),
      under: tail(-1),
      over: tail(grid.cells),
    },
  };
}

/** Large whole numbers may differ in the file and be one double. */
function distinct(sorted: readonly { value: number; count: number }[]): { values: number[]; counts: number[] } {
  const [values, counts]: [number[], number[]] = [[], []];
  for (const { value, count } of sorted) {
    if (values.at(-1) === value) counts[counts.length - 1]! += count;
    else {
      values.push(value === 0 ? 0 : value); // no minus zero
      counts.push(count);
    }
  }
  return { values, counts };
}

export function categoricalOf(cells: readonly Cell[], rows: number): CategoricalProfile {
  const missing = cells.reduce((sum, { label, count }) => sum + (label === null || label === '' ? count : 0), 0);
  const levels = cells
    .filter((cell): cell is Cell & { label: string } => cell.label !== null && cell.label !== '')
    .sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1))
    .slice(0, keptLevels);
  const kept = levels.reduce((sum, cell) => sum + cell.count, 0);
  return {
    kind: 'categorical',
    rows,
    missing,
    levels: levels.map((cell) => cell.label),
    counts: levels.map((cell) => cell.count),
    other: rows - missing - kept,
  };
}
