/**
 * The SQL of a profile, in the shapes that were measured to be cheap: GROUP BY a column joined by UNION ALL, one wide
 * scan of plain aggregates, cells of equal width; never SUMMARIZE, never a FILTER a bin.
 */
import { type Connection, rowsOf } from '../engine.ts';
import { quoteNumber } from '../sql-text.ts';
import { type ColumnKind, LONGEST_TEXT } from './contract.ts';
import { CELLS, type Grid } from './quantiles.ts';

/** Above so many different values a column is not counted value by value. */
export const EXACT_VALUES = 10_000;
/** Columns of one statement: the plans and hash tables of more are not kept at once. */
const AT_ONCE = 40;

export interface CountedColumn {
  readonly sql: string;
  readonly kind: ColumnKind;
}

export interface ValueCount {
  readonly value: string | number | null;
  readonly rows: number;
}

/** Every value with its rows, most frequent first; null for a column that has more than {@link EXACT_VALUES}. */
export async function countValues(
  db: Connection,
  relation: string,
  columns: readonly CountedColumn[],
): Promise<(readonly ValueCount[] | null)[]> {
  const counts = columns.map((): ValueCount[] => []);
  for (const batch of batches(columns)) {
    const selects = batch.map(({ index, item: { sql, kind } }) => {
      const number = kind === 'number' ? 'CAST(v AS DOUBLE)' : 'NULL::DOUBLE';
      const text = kind === 'number' ? 'NULL::VARCHAR' : 'CAST(v AS VARCHAR)';
      const groups = `SELECT ${sql} AS v, count(*) AS n FROM ${relation} GROUP BY 1`;
      return `(SELECT ${index} AS c, ${number} AS d, ${text} AS t, n::DOUBLE AS n FROM (${groups}) ORDER BY n DESC, v LIMIT ${EXACT_VALUES + 2})`;
    });
    const reader = await db.runAndReadAll(selects.join(' UNION ALL '));
    const [column, number, text, rows] = reader.getColumns();
    column?.forEach((index, i) => {
      const value = (number?.[i] ?? text?.[i] ?? null) as string | number | null;
      counts[Number(index)]?.push({ value, rows: Number(rows?.[i]) });
    });
  }
  // one more than the limit may be the null
  return counts.map((values) => (values.length > EXACT_VALUES + 1 ? null : values));
}

export interface Extent {
  readonly known: number;
  readonly distinct: number;
  readonly min: number | string | null;
  readonly max: number | string | null;
  readonly notANumber: number;
  readonly infinite: number;
  readonly empty: number;
}

/** How many, how different, from where to where: of columns with many values. Times in milliseconds since the epoch. */
export async function extents(db: Connection, relation: string, columns: readonly CountedColumn[]): Promise<Extent[]> {
  const found = await scan(db, relation, columns, extentSql);
  // NaN counts as greater than everything: where both ends are finite, everything between them is
  const odd = columns.filter((_, i) =>
    [found[i]?.min, found[i]?.max].some((end) => typeof end === 'number' && !Number.isFinite(end)),
  );
  const again = await scan(db, relation, odd, finiteExtentSql);
  return found.map((extent, i) => again[odd.indexOf(columns[i] as CountedColumn)] ?? extent);
}

async function scan(
  db: Connection,
  relation: string,
  columns: readonly CountedColumn[],
  select: (column: CountedColumn) => readonly string[],
): Promise<Extent[]> {
  const found: Extent[] = [];
  for (const batch of batches(columns)) {
    const parts = batch.flatMap(({ item, index }) => select(item).map((sql, part) => `${sql} AS c${index}_${part}`));
    const [row = {}] = await rowsOf(db, `SELECT ${parts.join(', ')} FROM ${relation}`);
    for (const { index } of batch) {
      const number = (part: number) => Number(row[`c${index}_${part}`] ?? 0);
      const end = (part: number) => (row[`c${index}_${part}`] ?? null) as number | string | null;
      found.push({
        known: number(0),
        distinct: number(1),
        ...{ min: end(2), max: end(3), empty: number(4), notANumber: number(5), infinite: number(6) },
      });
    }
  }
  return found;
}

function extentSql({ sql, kind }: CountedColumn): string[] {
  if (kind === 'other') return [`count(${sql})`, '0'];
  const counts = [`count(${sql})`, `approx_count_distinct(${sql})`];
  if (kind === 'number') return [...counts, `min(${sql})::DOUBLE`, `max(${sql})::DOUBLE`];
  if (kind === 'time') return [...counts, ...['min', 'max'].map((side) => milliseconds(`${side}(${sql})`))];
  const text = `(${sql})::VARCHAR`;
  return [
    ...counts,
    `left(min(${text}), ${LONGEST_TEXT})`,
    `left(max(${text}), ${LONGEST_TEXT})`,
    `count(*) FILTER (${text} = '')`,
  ];
}

function finiteExtentSql({ sql, kind }: CountedColumn): string[] {
  const [known = '', distinct = ''] = extentSql({ sql, kind });
  const finite = `FILTER (isfinite(${sql}))`;
  if (kind === 'time') {
    const ends = ['min', 'max'].map((side) => milliseconds(`${side}(${sql}) ${finite}`));
    return [known, distinct, ...ends, '0', '0', `count(*) FILTER (NOT isfinite(${sql}))`];
  }
  const ends = ['min', 'max'].map((side) => `(${side}(${sql}) ${finite})::DOUBLE`);
  return [known, distinct, ...ends, '0', `count(*) FILTER (isnan(${sql}))`, `count(*) FILTER (isinf(${sql}))`];
}

/** Of one instant, after the aggregate: the cast of every row would be the dearest part of a scan. */
function milliseconds(instant: string): string {
  return `CASE WHEN isfinite(${instant}) THEN epoch_ms(CAST(${instant} AS TIMESTAMP))::DOUBLE WHEN (${instant}) IS NULL THEN NULL ELSE 'inf'::DOUBLE END`;
}

/** Rows by cell of each column's grid; what is not finite is left out. */
export async function countCells(
  db: Connection,
  relation: string,
  columns: readonly { readonly sql: string; readonly grid: Grid }[],
): Promise<Map<number, number>[]> {
  const cells = columns.map(() => new Map<number, number>());
  for (const batch of batches(columns)) {
    const selects = batch.map(({ index, item: { sql, grid } }) => {
      const at = `floor(((${sql})::DOUBLE - ${quoteNumber(grid.lo)}) * ${quoteNumber(CELLS / (grid.hi - grid.lo))})`;
      const cell = `greatest(least(${at}, ${quoteNumber(CELLS)}), (-1)::DOUBLE)`;
      return `(SELECT ${index} AS c, ${cell} AS d, count(*)::DOUBLE AS n FROM ${relation} WHERE isfinite(${sql}) GROUP BY 2)`;
    });
    const [column, cell, rows] = (await db.runAndReadAll(selects.join(' UNION ALL '))).getColumns();
    column?.forEach((index, i) => {
      cells[Number(index)]?.set(Number(cell?.[i]), Number(rows?.[i]));
    });
  }
  return cells;
}

function batches<T>(items: readonly T[]): { item: T; index: number }[][] {
  const numbered = items.map((item, index) => ({ item, index }));
  return Array.from({ length: Math.ceil(items.length / AT_ONCE) }, (_, i) =>
    numbered.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
  );
}
