/** Profiles raw data: each column is read about once, in memory that does not grow with the rows. */
import { type Connection, rowsOf } from '../engine.ts';
import { quoteName } from '../sql-text.ts';
import {
  type ColumnKind,
  type ColumnSummary,
  type DataProfile,
  LONGEST_TEXT,
  type ProfileSource,
  type TopValue,
} from './contract.ts';
import {
  type CountedColumn,
  countCells,
  countValues,
  EXACT_VALUES,
  type Extent,
  extents,
  type ValueCount,
} from './counts.ts';
import { gridQuantiles, quantilesOf } from './quantiles.ts';
import { createSample } from './sample.ts';

const TOP = 20;
/** A column with more different values than this in the sample is not counted value by value. */
const FEW_IN_SAMPLE = 5_000;

interface Column extends CountedColumn {
  readonly name: string;
  readonly type: string;
}

/**
 * Looks at a sample first, which says of each column whether its values are few (then they are counted, and everything
 * is exact) or many (then ends, HyperLogLog and the cells of a grid). Leaves the sample as the table `sample`.
 */
export async function profileData(db: Connection, source: ProfileSource): Promise<DataProfile> {
  const rows = source.fileRows.reduce((sum, each) => sum + each, 0);
  const sampled = await createSample(db, source);
  const columns = source.columns.map((column): Column => ({ ...column, kind: kindOf(column.type) }));
  const guesses = await extents(db, 'sample', columns.map(inSample));
  const done = new Map<string, ColumnSummary>();
  const isFew = ({ kind }: Column, i: number) =>
    kind === 'boolean' || (kind !== 'other' && kind !== 'time' && (guesses[i]?.distinct ?? 0) <= FEW_IN_SAMPLE);

  const few = columns.filter(isFew);
  const counted = await countValues(db, source.relation, few);
  for (const [i, column] of few.entries()) {
    const values = counted[i];
    if (values) done.set(column.name, fromValues(column, rows, values));
  }
  const many = columns.filter(({ name }) => !done.has(name));
  const guessed = new Map(columns.map(({ name }, i) => [name, guesses[i]]));
  for (const summary of await summariseMany(db, source.relation, many, guessed, rows)) done.set(summary.name, summary);
  return { rows, sampled, columns: columns.flatMap(({ name }) => done.get(name) ?? []) };
}

/** How a DuckDB type is looked at. */
export function kindOf(type: string): ColumnKind {
  if (/\[|^(STRUCT|MAP|UNION)/.test(type)) return 'other';
  if (/^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$|^(FLOAT|DOUBLE|DECIMAL)/.test(type)) return 'number';
  if (/^(TIMESTAMP|DATE)/.test(type)) return 'time';
  if (type === 'BOOLEAN') return 'boolean';
  return /^(VARCHAR|ENUM|UUID)/.test(type) ? 'text' : 'other';
}

const inSample = (column: Column): Column => ({ ...column, sql: quoteName(column.name) });

async function summariseMany(
  db: Connection,
  relation: string,
  columns: readonly Column[],
  guesses: ReadonlyMap<string, Extent | undefined>,
  rows: number,
): Promise<ColumnSummary[]> {
  if (columns.length === 0) return [];
  const found = await extents(db, relation, columns);
  const gridded = columns.flatMap((column) => {
    const guess = guesses.get(column.name);
    const [lo, hi] = [Number(guess?.min), Number(guess?.max)];
    return column.kind === 'number' && guess?.min !== null && hi > lo ? [{ ...column, grid: { lo, hi } }] : [];
  });
  const cells = await countCells(db, relation, gridded);
  const quantiles = new Map(
    gridded.map(({ name, grid }, i) => {
      const extent = found[columns.findIndex((column) => column.name === name)];
      return [name, gridQuantiles(cells[i] ?? new Map(), grid, Number(extent?.min), Number(extent?.max))] as const;
    }),
  );
  return Promise.all(
    columns.map(async (column, i): Promise<ColumnSummary> => {
      const extent = found[i];
      if (!extent) throw new RangeError(`no extent of ${column.name}`);
      const { name, type, kind } = column;
      return {
        ...{ name, type, kind, rows },
        missing: rows - extent.known + extent.notANumber,
        infinite: extent.infinite,
        empty: extent.empty,
        distinct: Math.min(extent.distinct, extent.known),
        exact: false,
        min: kind === 'time' ? instant(extent.min) : extent.min,
        max: kind === 'time' ? instant(extent.max) : extent.max,
        top: kind === 'other' || kind === 'time' ? [] : await topOfSample(db, column),
        quantiles: quantiles.get(name) ?? [],
      };
    }),
  );
}

function fromValues({ name, type, kind }: Column, rows: number, counts: readonly ValueCount[]): ColumnSummary {
  const present = counts.filter(({ value }) => value !== null && !Number.isNaN(value));
  const finite = present.filter(({ value }) => typeof value !== 'number' || Number.isFinite(value));
  const of = (values: readonly ValueCount[]) => values.reduce((sum, each) => sum + each.rows, 0);
  const points = finite.map(({ value, rows: n }): [number, number] => [Number(value), n]);
  const order = kind === 'number' ? points.map(([at]) => at) : finite.map(({ value }) => shown(value)).sort();
  const least = (way: 1 | -1) =>
    kind === 'number'
      ? (order as number[]).reduce<number | null>(
          (best, at) => (best === null || way * at < way * best ? at : best),
          null,
        )
      : (order.at(way === 1 ? 0 : -1) ?? null);
  return {
    ...{ name, type, kind, rows },
    missing: rows - of(present),
    infinite: of(present) - of(finite),
    empty: counts.find(({ value }) => value === '')?.rows ?? 0,
    distinct: present.length,
    exact: present.length <= EXACT_VALUES,
    min: least(1),
    max: least(-1),
    top: finite.slice(0, TOP).map(({ value, rows: n }) => ({ value: shown(value), rows: n })),
    quantiles: kind === 'number' ? quantilesOf(points) : [],
  };
}

async function topOfSample(db: Connection, { name, kind }: Column): Promise<TopValue[]> {
  const value = kind === 'number' ? `${quoteName(name)}::DOUBLE` : `${quoteName(name)}::VARCHAR`;
  const rows = await rowsOf(
    db,
    `SELECT v, n FROM (SELECT ${value} AS v, count(*) AS n FROM sample WHERE ${quoteName(name)} IS NOT NULL GROUP BY 1)
     WHERE n > 1 ORDER BY n DESC, v LIMIT ${TOP}`,
  );
  return rows.map(({ v, n }) => ({ value: shown(v as string | number), rows: Number(n) }));
}

function shown(value: string | number | null): string | number {
  return typeof value === 'number' ? value : String(value).slice(0, LONGEST_TEXT);
}

function instant(ms: number | string | null): string | null {
  const time = ms === null ? Number.NaN : Number(ms);
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : null;
}
