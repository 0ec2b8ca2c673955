/** From a file, a glob or a folder to one relation: what `hone drift` is given as a window. */
import { stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { type Connection, engineSentence, isEngineError, rowsOf } from '../data/engine.ts';
import { parquetOf, quoteList, quoteText } from '../data/sql-text.ts';
import { WindowMissing, WindowUnreadable } from './errors.ts';

const FORMATS: Readonly<Record<string, 'parquet' | 'csv' | 'jsonl'>> = {
  ...{ parquet: 'parquet', pq: 'parquet', csv: 'csv', tsv: 'csv', jsonl: 'jsonl', ndjson: 'jsonl', json: 'jsonl' },
};

export interface WindowFiles {
  /** What the person wrote, for sentences. */
  readonly name: string;
  /** SQL text of a table function over Parquet. */
  readonly relation: string;
}

/**
 * Text formats are parsed once, into Parquet in `workDir`: a comparison scans each column by itself.
 *
 * @param path a file, a glob or a folder (all its files of the one format that it holds), relative to `cwd`
 * @throws WindowMissing, WindowUnreadable
 */
export async function openWindow(
  db: Connection,
  path: string,
  { cwd, workDir, copyName }: { cwd: string; workDir: string; copyName: string },
): Promise<WindowFiles> {
  const files = await filesOf(db, path, cwd);
  const formats = new Set(files.map(formatOf));
  const [format] = formats;
  if (formats.size !== 1 || format === undefined) {
    throw new WindowUnreadable(path, `it holds files of ${formats.size} formats`, 'Name the files of one format.');
  }
  const name = basename(path);
  try {
    if (format === 'parquet') {
      await db.run(`DESCRIBE SELECT * FROM ${parquetOf(files)}`);
      return { name, relation: parquetOf(files) };
    }
    const copy = join(workDir, `${copyName}.parquet`);
    await db.run(`COPY (SELECT * FROM ${textRelation(files, format)}) TO ${quoteText(copy)} (FORMAT parquet)`);
    return { name, relation: parquetOf([copy]) };
  } catch (error) {
    if (!isEngineError(error) || /out of memory|no space left/i.test(error.message)) throw error;
    throw new WindowUnreadable(path, engineSentence(error), 'Mend the file, or write it again.', { cause: error });
  }
}

async function filesOf(db: Connection, path: string, cwd: string): Promise<string[]> {
  const full = resolve(cwd, path);
  const found = await stat(full).catch(() => null);
  if (found?.isFile()) return [full];
  const folder = found?.isDirectory() === true;
  const listed = await rowsOf(
    db,
    `SELECT file FROM glob(${quoteText(folder ? join(full, '**') : full)}) ORDER BY file`,
  );
  const files = listed.map(({ file }) => String(file));
  // In a folder, what is hidden or set aside (`_temporary`) and what is no table is passed over.
  const isOurs = (file: string) => endingOf(file) in FORMATS && !/(^|\/)[._]/.test(relative(full, file));
  const readable = folder ? files.filter(isOurs) : files;
  if (readable.length === 0) throw new WindowMissing(path, cwd);
  return readable;
}

function endingOf(file: string): string {
  return /\.([^./]+)(\.gz|\.zst)?$/.exec(file.toLowerCase())?.[1] ?? '';
}

function formatOf(file: string): 'parquet' | 'csv' | 'jsonl' {
  const format = FORMATS[endingOf(file)];
  if (format !== undefined) return format;
  throw new WindowUnreadable(file, 'its ending says no format', 'Name it .parquet, .csv, .tsv or .jsonl.');
}

/** Types are inferred from every row, so that the same files always give the same types. */
function textRelation(files: readonly string[], format: 'csv' | 'jsonl'): string {
  const options = 'union_by_name = true, sample_size = -1, hive_partitioning = false';
  return format === 'csv'
    ? `read_csv(${quoteList(files)}, header = true, ${options})`
    : `read_json(${quoteList(files)}, format = 'newline_delimited', ${options})`;
}
