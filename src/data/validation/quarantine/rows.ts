/** Rows set aside, kept with their reasons as one Parquet blob: written once, read by people and by `readmit`. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { putBlob } from '../../../store/content.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import type { SetAsideRows } from '../../contract.ts';
import { type Connection, rowsOf } from '../../engine.ts';
import { quoteName, quoteText } from '../../sql-text.ts';
import type { Reason } from './set-aside.ts';

/** Positions, from 0, in the list of reasons that stands beside the file. */
export const REASONS = 'hone:reasons';
/** Where a row stood in the raw snapshot. */
export const PLACE = ['file_index', 'file_row_number'] as const;

/** Columns of such a file that are not the delivery's own. */
export const OWN_COLUMNS: ReadonlySet<string> = new Set([REASONS, ...PLACE]);

/**
 * Writes the rows of the table `aside` in the order of the snapshot: all their columns, their place and their reasons.
 *
 * @returns null where nothing was set aside
 */
export async function keepRowsAside(
  db: Connection,
  { store, dir }: { store: ObjectStore; dir: string },
): Promise<SetAsideRows | null> {
  const select = `SELECT raw.*, a.reasons AS ${quoteName(REASONS)} FROM raw JOIN (
       SELECT file, row, list(DISTINCT reason ORDER BY reason) AS reasons FROM aside GROUP BY file, row
     ) a ON raw.file_index = a.file AND raw.file_row_number = a.row`;
  const known = await rowsOf(db, 'SELECT rule, "column", "limit" FROM aside_reasons ORDER BY reason');
  const reasons = known.map(({ rule, column, limit }) => ({
    rule: String(rule),
    column: column === null ? null : String(column),
    limit: String(limit),
  }));
  return await writeRows(db, select, reasons, { store, dir });
}

/**
 * Stores the rows of a query that gives place and reasons, in the order of their place; counts the rows of each reason.
 *
 * @param reasons what the positions in `hone:reasons` mean
 * @returns null where there is none
 */
export async function writeRows(
  db: Connection,
  select: string,
  reasons: readonly Reason[],
  { store, dir }: { store: ObjectStore; dir: string },
): Promise<SetAsideRows | null> {
  const path = join(dir, 'quarantined.parquet');
  const order = PLACE.join(', ');
  await db.run(`COPY (${select} ORDER BY ${order}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`);
  const relation = `read_parquet(${quoteText(path)})`;
  const [written] = await rowsOf(db, `SELECT count(*) AS n FROM ${relation}`);
  const counted = await rowsOf(
    db,
    `SELECT reason, count(*) AS n FROM (SELECT unnest(${quoteName(REASONS)}) AS reason FROM ${relation}) GROUP BY reason`,
  );
  const counts = new Map(counted.map(({ reason, n }) => [Number(reason), Number(n)]));
  const rows = Number(written?.['n']);
  const file = rows === 0 ? null : await putBlob(store, { path }, 'quarantined.parquet');
  await rm(path);
  return file && { file: { ...file, rows }, reasons: reasons.map((one, i) => ({ ...one, count: counts.get(i) ?? 0 })) };
}
