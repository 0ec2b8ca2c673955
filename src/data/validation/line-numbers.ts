/** Lines of a text delivery: where in its file a row stands, as an editor counts. */
import { createReadStream } from 'node:fs';
import { type Connection, rowsOf } from '../engine.ts';
import type { OpenedSource } from '../ingest/open-source.ts';
import type { ValidationContext } from './context.ts';

/**
 * @param relation rows with `file_index` and `file_row_number`, the number of the row among those of all files
 * @returns undefined where the delivery is Parquet, compressed, or has rows over several lines
 */
export async function lineNumbers(
  db: Connection,
  source: OpenedSource,
  relation: string,
): Promise<ValidationContext['lineOf']> {
  if (source.format === 'parquet' || source.files.some(({ path }) => path.endsWith('.gz'))) return undefined;
  const header = source.format === 'csv' ? 1 : 0;
  const spans = await rowsOf(
    db,
    `SELECT file_index AS file, min(file_row_number) AS first, count(*) AS n FROM ${relation} GROUP BY 1`,
  );
  const first = new Map<number, number>();
  for (const span of spans) {
    const file = source.files[Number(span['file'])];
    if (!file || (await linesOf(file.path)) !== Number(span['n']) + header) return undefined;
    first.set(Number(span['file']), Number(span['first']));
  }
  return (file, row) => {
    const start = first.get(file);
    return start === undefined ? null : row - start + 1 + header;
  };
}

async function linesOf(path: string): Promise<number> {
  let lines = 0;
  let last = 10;
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const buffer = part as Buffer;
    for (let at = buffer.indexOf(10); at >= 0; at = buffer.indexOf(10, at + 1)) lines += 1;
    last = buffer[buffer.length - 1] ?? last;
  }
  return last === 10 ? lines : lines + 1;
}
