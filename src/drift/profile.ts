/** Profiles columns in DuckDB: one scan a column, all groups (windows, days) at once, columns read back as arrays. */
import type { Connection } from '../data/engine.ts';
import { quoteName, quoteNumber } from '../data/sql-text.ts';
import type { Profile } from './contract.ts';
import { type Cell, categoricalOf, keptLevels, numericOf } from './profile-cells.ts';

/** Above this many distinct values a numeric column is kept as a grid. */
export const exactValues = 9_500;
export const gridCells = 4_096;
/** First rows that are looked at to see which columns have too many values to keep each; what they do not show is read again. */
const sampleRows = 20_000;
/** Columns whose ends are looked for by one statement. */
const gridsAtOnce = 25;
/** Columns that are read by one statement. */
const unionSize = 100;

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
  /** How the reference is kept, which saves a look at the values. */
  readonly keptAs?: 'exact' | 'grid';
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
  const profiles = new Map<number, Profile>();
  const [keys, sizes] = await read(
    db,
    group === '0'
      ? `SELECT 0, count(*)::DOUBLE FROM ${relation} HAVING count(*) > 0`
      : `SELECT (${group})::INT, count(*)::DOUBLE FROM ${relation} WHERE (${group}) IS NOT NULL GROUP BY 1 ORDER BY 1`,
  );
  keys?.forEach((key, i) => {
    profiles.set(Number(key), { rows: Number(sizes?.[i]), columns: {} });
  });
  if (columns.length === 0 || profiles.size === 0) return profiles;

  const rows = [...profiles.values()].reduce((sum, one) => sum + one.rows, 0);
  const source: Source = {
    relation,
    group,
    groups: profiles.size,
    rows: group === '0' ? rows : await countRows(db, relation),
  };
  const grids = await chooseGrids(db, source, columns, rows);
  let cells = await readCells(db, source, columns, grids);
  for (const again of await badlyKept(db, source, columns, grids, cells)) {
    if (again.grid !== undefined) grids.set(columns[again.i]!.name, again.grid);
    else grids.delete(columns[again.i]!.name);
    const repeated = await readCells(db, source, columns, grids, again);
    cells = cells.map((own, i) => (i === again.i ? (repeated[i] ?? own) : own));
  }
  for (const [key, profile] of profiles) {
    columns.forEach(({ name, kind }, i) => {
      const own = cells[i]?.get(key) ?? [];
      profile.columns[name] =
        kind === 'numeric' ? numericOf(own, profile.rows, grids.get(name)) : categoricalOf(own, profile.rows);
    });
  }
  return profiles;
}

interface Source {
  readonly relation: string;
  readonly group: string;
  readonly groups: number;
  /** Of the relation, in groups or not. */
  readonly rows: number;
}

/** One column that has to be read again, and how. */
interface Again {
  readonly i: number;
  readonly grid: Grid | undefined;
  /** Looks at each value for NaN and infinity, and keeps however many there are. */
  readonly careful: true;
}

/** Cells by column, then by group. */
type ColumnCells = Map<number, Cell[]>;

async function readCells(
  db: Connection,
  source: Source,
  columns: readonly ColumnSpec[],
  grids: ReadonlyMap<string, Grid>,
  only?: Again,
): Promise<ColumnCells[]> {
  const selects = columns.flatMap((column, i) =>
    only !== undefined && only.i !== i ? [] : [selectColumn(column, i, source, grids.get(column.name), only?.careful)],
  );
  const [at, keys, values, labels, counts, sums] = await readAll(db, selects);
  const cells: ColumnCells[] = columns.map(() => new Map());
  for (let i = 0; i < (at?.length ?? 0); i++) {
    const groups = cells[Number(at?.[i])]!;
    const key = Number(keys?.[i]);
    const list = groups.get(key) ?? [];
    groups.set(key, list);
    const value = values?.[i] ?? null;
    list.push({
      value: value === null || Number.isNaN(value) ? null : Number(value),
      label: (labels?.[i] ?? null) as string | null,
      count: Number(counts?.[i]),
      sum: Number(sums?.[i] ?? 0),
    });
  }
  return cells;
}

/**
 * Values are grouped as they are stored and made numbers afterwards: integers then meet DuckDB's quickest grouping.
 * Columns are named by place only, for a table may have a column of any name.
 */
function selectColumn(
  { name, kind }: ColumnSpec,
  i: number,
  { relation, group, groups }: Source,
  grid: Grid | undefined,
  careful = false,
): string {
  const [key, where] = group === '0' ? ['0', ''] : [`(${group})::INT`, `WHERE (${group}) IS NOT NULL`];
  const x = quoteName(name);
  if (kind === 'categorical') {
    const top = `QUALIFY row_number() OVER (PARTITION BY k ORDER BY coalesce(x, '') = '' DESC, n DESC, x) <= ${keptLevels + 2}`;
    return `(SELECT ${i}, k, NULL::DOUBLE, x, n::DOUBLE, 0::DOUBLE FROM
      (SELECT ${key}, ${x}::VARCHAR, count(*) FROM ${relation} ${where} GROUP BY ALL) t(k, x, n) ${top})`;
  }
  if (grid === undefined) {
    // One more than is kept tells that there are too many.
    const limit = careful ? '' : `LIMIT ${exactValues * groups + 1}`;
    return `(SELECT ${i}, k, x::DOUBLE, NULL::VARCHAR, n::DOUBLE, 0::DOUBLE FROM
      (SELECT ${key}, ${x}, count(*) FROM ${relation} ${where} GROUP BY ALL) t(k, x, n) ${limit})`;
  }
  const [lo, hi] = [quoteNumber(grid.lo), quoteNumber(grid.hi)];
  const inside = `least(floor((x - ${lo}) / ${quoteNumber((grid.hi - grid.lo) / grid.cells)}), ${quoteNumber(grid.cells - 1)})`;
  // No ELSE: a missing value has no cell (`least` passes over nulls).
  const cell = `CASE WHEN x > ${hi} THEN ${quoteNumber(grid.cells)} WHEN x < ${lo} THEN -1::DOUBLE WHEN x <= ${hi} THEN ${inside} END`;
  const known = careful ? `CASE WHEN isnan(x) THEN NULL WHEN isinf(x) THEN x ELSE ${cell} END` : cell;
  return `(SELECT ${i}, k, c, NULL::VARCHAR, n::DOUBLE, s FROM
    (SELECT k, ${known}, count(*), sum(x) FROM (SELECT ${key}, ${x}::DOUBLE FROM ${relation} ${where}) t(k, x) GROUP BY 1, 2) u(k, c, n, s))`;
}

/** Columns with more values than the sample showed, and grids whose tails hold NaN or infinity: few, so read again. */
async function badlyKept(
  db: Connection,
  source: Source,
  columns: readonly ColumnSpec[],
  grids: ReadonlyMap<string, Grid>,
  cells: readonly ColumnCells[],
): Promise<Again[]> {
  const again: Again[] = [];
  for (const [i, column] of columns.entries()) {
    const own = [...(cells[i]?.values() ?? [])];
    const grid = grids.get(column.name);
    if (column.kind === 'categorical') continue;
    if (grid !== undefined) {
      if (own.some((list) => list.some(({ sum }) => !Number.isFinite(sum)))) again.push({ i, grid, careful: true });
    } else if (own.reduce((sum, list) => sum + list.length, 0) > exactValues * source.groups) {
      const grid = (await gridsFor(db, source, [column])).get(column.name);
      again.push({ i, grid, careful: true });
    }
  }
  return again;
}

/** Grids for the columns with too many values to keep each. */
async function chooseGrids(
  db: Connection,
  source: Source,
  columns: readonly ColumnSpec[],
  rows: number,
): Promise<Map<string, Grid>> {
  const numeric = columns.filter(({ kind, keptAs }) => kind === 'numeric' && keptAs !== 'exact');
  const asked = numeric.filter(({ keptAs }) => keptAs === undefined);
  const many = new Set(numeric.filter(({ keptAs, grid }) => keptAs === 'grid' && grid !== undefined));
  // Each distinct count keeps a table of its own in memory: some columns at a time.
  for (let from = 0; from < asked.length && rows > exactValues; from += 50) {
    const some = asked.slice(from, from + 50);
    const names = some.map(({ name }) => quoteName(name));
    const sample = `(SELECT ${names.join(', ')} FROM ${source.relation} LIMIT ${sampleRows})`;
    const distinct = await read(
      db,
      `SELECT ${names.map((x) => `count(DISTINCT ${x})::DOUBLE`).join(', ')} FROM ${sample}`,
    );
    some.forEach((column, i) => {
      if (Number(distinct[i]?.[0]) > exactValues) many.add(column);
    });
  }
  return await gridsFor(db, source, [...many]);
}

/**
 * The given bounds, else the 0.01 and 99.99 % points (as `quantile_disc` has them); none where they are one point. The
 * points lie among the few smallest and largest values, which cost half of an order of all and no memory.
 */
async function gridsFor(
  db: Connection,
  { relation, rows }: Source,
  columns: readonly ColumnSpec[],
): Promise<Map<string, Grid>> {
  const grids = new Map<string, Grid>();
  const asked: string[] = [];
  for (const { name, grid } of columns) {
    if (grid === undefined) asked.push(name);
    else grids.set(name, grid);
  }
  const kept = Math.floor(rows / 10_000) + 1;
  for (let from = 0; from < asked.length; from += gridsAtOnce) {
    const some = asked.slice(from, from + gridsAtOnce);
    const ends = some.map((_, i) => {
      const [low, high] = [`greatest(1, (count(x${i}) + 9999) // 10000)`, `count(x${i}) // 10000 + 1`];
      return `min(x${i}, ${kept})[${low}], max(x${i}, ${kept})[${high}]`;
    });
    const values = some.map(
      (name, i) => `CASE WHEN isfinite(${quoteName(name)}::DOUBLE) THEN ${quoteName(name)}::DOUBLE END AS x${i}`,
    );
    const points = await read(db, `SELECT ${ends.join(', ')} FROM (SELECT ${values.join(', ')} FROM ${relation})`);
    some.forEach((name, i) => {
      const [lo, hi] = [Number(points[2 * i]?.[0] ?? 0), Number(points[2 * i + 1]?.[0] ?? 0)];
      if (hi > lo) grids.set(name, { lo, hi, cells: gridCells });
    });
  }
  return grids;
}

async function countRows(db: Connection, relation: string): Promise<number> {
  const [rows] = await read(db, `SELECT count(*)::DOUBLE FROM ${relation}`);
  return Number(rows?.[0]);
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

/** The rows of many queries of the same shape; DuckDB nests a UNION, and nests only so deep. */
export async function readAll(db: Connection, selects: readonly string[]): Promise<readonly (readonly unknown[])[]> {
  const columns: unknown[][] = [];
  for (let i = 0; i < selects.length; i += unionSize) {
    (await read(db, selects.slice(i, i + unionSize).join(' UNION ALL '))).forEach((values, at) => {
      columns[at] = columns[at] === undefined ? [...values] : columns[at].concat(values);
    });
  }
  return columns;
}

/** Runs a query and returns its columns. */
export async function read(db: Connection, sql: string): Promise<readonly (readonly unknown[])[]> {
  const reader = await db.runAndReadAll(sql);
  return reader.getColumns();
}
