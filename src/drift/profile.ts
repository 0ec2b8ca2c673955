/** Profiles columns in DuckDB: one scan a column, all groups (windows, days) at once, columns read back as arrays. */
import type { Connection } from '../data/engine.ts';
import { quoteName, quoteNumber } from '../data/sql-text.ts';
import type { CategoricalProfile, ColumnProfile, NumericProfile, Profile } from './contract.ts';

/** Above about this many distinct values a numeric column is kept as a grid. */
export const exactValues = 9_500;
export const gridCells = 4_096;
const keptLevels = 10_000;

export interface Grid {
  readonly lo: number;
  readonly hi: number;
  readonly cells: number;
}

export interface ColumnSpec {
  readonly name: string;
  readonly kind: 'numeric' | 'categorical';
  /** Bounds of the reference, so that profiles add up and cells can be compared; taken from the data where absent. */
  readonly grid?: Grid;
}

/**
 * @param relation SQL text of a table or table function
 * @param group SQL expression of an integer; rows where it is null are left out
 * @returns a profile for each group that has rows
 */
export async function profileGroups(
  db: Connection,
  relation: string,
  columns: readonly ColumnSpec[],
  group = '0',
): Promise<Map<number, Profile>> {
  const source = `(SELECT * FROM ${relation} WHERE (${group}) IS NOT NULL)`;
  const sizes = await read(db, `SELECT (${group})::INT, count(*)::DOUBLE FROM ${source} GROUP BY 1 ORDER BY 1`);
  const profiles = new Map<number, Profile>();
  sizes[0]?.forEach((key, i) => {
    profiles.set(Number(key), { rows: Number(sizes[1]?.[i]), columns: {} });
  });
  if (columns.length === 0 || profiles.size === 0) return profiles;

  const grids = await chooseGrids(db, source, columns);
  const selects = columns.map((column, i) => selectColumn(column, i, group, source, grids.get(column.name)));
  const [at, key, value, label, counts, sums] = await read(db, selects.join(' UNION ALL '));
  const cells = new Map<string, Cell[]>();
  for (let i = 0; i < (at?.length ?? 0); i++) {
    const id = `${at?.[i]}/${key?.[i]}`;
    const list = cells.get(id) ?? [];
    cells.set(id, list);
    list.push({
      value: value?.[i] === null ? null : Number(value?.[i]),
      label: (label?.[i] ?? null) as string | null,
      count: Number(counts?.[i]),
      sum: Number(sums?.[i] ?? 0),
    });
  }
  for (const [groupKey, profile] of profiles) {
    columns.forEach((column, i) => {
      const own = cells.get(`${i}/${groupKey}`) ?? [];
      profile.columns[column.name] = assemble(column, own, profile.rows, grids.get(column.name));
    });
  }
  return profiles;
}

interface Cell {
  readonly value: number | null;
  readonly label: string | null;
  readonly count: number;
  readonly sum: number;
}

function selectColumn(column: ColumnSpec, i: number, group: string, source: string, grid: Grid | undefined): string {
  const head = `SELECT ${i} AS c, (${group})::INT AS g`;
  if (column.kind === 'categorical') {
    return `(${head}, NULL::DOUBLE AS v, ${levelOf(column.name)} AS l, count(*)::DOUBLE AS n, 0::DOUBLE AS s FROM ${source}
      GROUP BY g, l QUALIFY row_number() OVER (PARTITION BY g ORDER BY l IS NULL DESC, n DESC, l) <= ${keptLevels + 1})`;
  }
  const x = numberOf(column.name);
  if (grid === undefined) {
    return `(${head}, ${x} AS v, NULL AS l, count(*)::DOUBLE AS n, 0::DOUBLE AS s FROM ${source} GROUP BY g, v)`;
  }
  const width = quoteNumber((grid.hi - grid.lo) / grid.cells);
  const cell = `CASE WHEN isinf(x) THEN x WHEN x < ${quoteNumber(grid.lo)} THEN -1::DOUBLE WHEN x > ${quoteNumber(grid.hi)}
    THEN ${quoteNumber(grid.cells)} ELSE least(floor((x - ${quoteNumber(grid.lo)}) / ${width}), ${quoteNumber(grid.cells - 1)}) END`;
  return `(SELECT ${i} AS c, g, ${cell} AS v, NULL AS l, count(*)::DOUBLE AS n, sum(x) AS s
    FROM (SELECT (${group})::INT AS g, ${x} AS x FROM ${source}) GROUP BY g, v)`;
}

/** Grids for the columns with too many values to keep each: the given bounds, else the 0.01 and 99.99 % points. */
async function chooseGrids(db: Connection, source: string, columns: readonly ColumnSpec[]): Promise<Map<string, Grid>> {
  const grids = new Map<string, Grid>();
  const numeric = columns.filter((column) => column.kind === 'numeric');
  if (numeric.length === 0) return grids;
  const distinct = await read(
    db,
    `SELECT ${numeric.map((column) => `approx_count_distinct(${quoteName(column.name)})::DOUBLE`).join(', ')} FROM ${source}`,
  );
  for (const [i, column] of numeric.entries()) {
    if (Number(distinct[i]?.[0]) <= exactValues) continue;
    const given = column.grid ?? (await boundsOf(db, source, column.name));
    if (given.hi > given.lo) grids.set(column.name, given);
  }
  return grids;
}

async function boundsOf(db: Connection, source: string, name: string): Promise<Grid> {
  const [points] = await read(
    db,
    `SELECT unnest(quantile_disc(x, [0.0001, 0.9999])) FROM (SELECT ${numberOf(name)} AS x FROM ${source}) WHERE isfinite(x)`,
  );
  return { lo: Number(points?.[0] ?? 0), hi: Number(points?.[1] ?? 0), cells: gridCells };
}

function assemble(column: ColumnSpec, cells: Cell[], rows: number, grid: Grid | undefined): ColumnProfile {
  return column.kind === 'numeric' ? numericOf(cells, rows, grid) : categoricalOf(cells, rows);
}

/** Builds the profile from groups of equal values (`grid` absent) or of equal cell numbers. */
function numericOf(cells: Cell[], rows: number, grid: Grid | undefined): NumericProfile {
  const countAt = (wanted: number | null): number => cells.find((cell) => cell.value === wanted)?.count ?? 0;
  const finite = cells
    .filter((cell): cell is Cell & { value: number } => cell.value !== null && Number.isFinite(cell.value))
    .sort((a, b) => a.value - b.value);
  const infinite: [number, number] = [countAt(Number.NEGATIVE_INFINITY), countAt(Number.POSITIVE_INFINITY)];
  const base = { kind: 'numeric', rows, missing: countAt(null), infinite } as const;
  if (grid === undefined) {
    const values = finite.map((cell) => (cell.value === 0 ? 0 : cell.value)); // no minus zero
    const fine = { kind: 'exact', values, counts: finite.map((cell) => cell.count) } as const;
    return { ...base, min: values[0] ?? null, max: values.at(-1) ?? null, fine };
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

function categoricalOf(cells: Cell[], rows: number): CategoricalProfile {
  const missing = cells.find((cell) => cell.label === null)?.count ?? 0;
  const levels = cells
    .filter((cell): cell is Cell & { label: string } => cell.label !== null)
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

/** SQL of a number as DOUBLE, with NaN as null. */
export function numberOf(column: string): string {
  const value = `${quoteName(column)}::DOUBLE`;
  return `CASE WHEN isnan(${value}) THEN NULL ELSE ${value} END`;
}

/** SQL of a text, with '' as null. */
export function levelOf(column: string): string {
  return `nullif(${quoteName(column)}::VARCHAR, '')`;
}

/** Runs a query and returns its columns. */
export async function read(db: Connection, sql: string): Promise<readonly (readonly unknown[])[]> {
  const reader = await db.runAndReadAll(sql);
  return reader.getColumns();
}
