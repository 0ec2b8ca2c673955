/** A first look at a few rows from all over the data: enough to choose how each column is counted. */
import { type Connection, rowsOf } from '../engine.ts';
import { quoteName } from '../sql-text.ts';
import type { ProfileSource } from './contract.ts';

const SLICES = 8;
const SLICE_ROWS = 8_192;

/**
 * Creates the table `sample` with every column under its own name: all rows where they are few, else slices evenly
 * spread over files and rows, so that a column that stands still in the first file is seen moving in a later one.
 *
 * @returns its number of rows
 */
export async function createSample(db: Connection, { relation, columns, fileRows }: ProfileSource): Promise<number> {
  const total = fileRows.reduce((sum, rows) => sum + rows, 0);
  const select = columns.map(({ name, sql }) => `${sql} AS ${quoteName(name)}`).join(', ');
  const slices = total <= SLICES * SLICE_ROWS ? [] : slicesOf(fileRows, total);
  const where = slices.map(
    ({ file, from }) => `(file_index = ${file} AND file_row_number BETWEEN ${from} AND ${from + SLICE_ROWS - 1})`,
  );
  await db.run(
    `CREATE TABLE sample AS SELECT ${select} FROM ${relation}${where.length > 0 ? ` WHERE ${where.join(' OR ')}` : ''}`,
  );
  const [found] = await rowsOf(db, 'SELECT count(*) AS n FROM sample');
  return Number(found?.['n']);
}

/** Where each slice begins; the last one ends with the data. A slice does not go on into the next file. */
function slicesOf(fileRows: readonly number[], total: number): { file: number; from: number }[] {
  return Array.from({ length: SLICES }, (_, i) => {
    let from = Math.floor(((total - SLICE_ROWS) * i) / (SLICES - 1));
    let file = 0;
    while (from >= (fileRows[file] ?? Number.POSITIVE_INFINITY)) {
      from -= fileRows[file] ?? 0;
      file++;
    }
    return { file, from };
  });
}
