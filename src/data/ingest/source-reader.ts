/** How the files of each source type become one SQL relation, and how a failure to read names its file. */
import { join } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import { type Connection, engineSentence, isEngineError, rowsOf } from '../engine.ts';
import { UserSqlFailed } from '../errors.ts';
import { parquetOf, quoteList, quoteName, quoteText } from '../sql-text.ts';
import { checkQuery, timeLimitMs, withTimeLimit } from '../user-sql.ts';
import { type CsvDialect, type CsvWish, checkCsv, textWish } from './csv-checks.ts';
import { SourceUnreadable } from './errors.ts';
import { checkRows } from './file-checks.ts';
import { partitionColumns } from './partitions.ts';
import { checkUnchanged, type FileFormat, type SourceFile } from './source-files.ts';

/** Columns of every source relation beside its own: place of the file in the source, of the row in the file. */
export const FILE = '"hone:file"';
export const ROW = '"hone:row"';

export interface Reading {
  readonly db: Connection;
  readonly files: readonly SourceFile[];
  readonly format: FileFormat;
  readonly config: ModelConfig;
  /** Where a staged copy of what is not Parquet may lie. */
  readonly dir: string;
}

/**
 * A relation over Parquet: the source's own files, or one staged file where the source is something else. Columns that a
 * file lacks are NULL; types that differ are widened; `key=value` folders are columns.
 *
 * @throws SourceUnreadable, SourceIncomplete, UserSqlFailed
 */
export async function sourceRelation(reading: Reading): Promise<string> {
  const { db, config, dir } = reading;
  const { source } = config.data;
  const relation = await filesRelation(reading);
  if (source.type !== 'sql') {
    if (reading.format === 'parquet') return relation;
    return `(SELECT *, file_row_number AS ${ROW} FROM ${await stage(db, relation, dir)})`;
  }
  const where = 'data.source.query';
  const places = reading.format === 'parquet' ? [FILE, ROW] : [FILE];
  await checkQuery(db, source.query, where);
  await db.run(`CREATE VIEW source AS SELECT * EXCLUDE (${places.join(', ')}) FROM ${relation}`);
  await columnsOf(db, 'source');
  try {
    const limit = { where, setting: 'data.source.timeout', ms: timeLimitMs(source.timeout) };
    const staged = await withTimeLimit(db, limit, () => stage(db, `(${source.query}\n)`, dir));
    return `(SELECT *, 0 AS ${FILE}, file_row_number AS ${ROW} FROM ${staged})`;
  } catch (error) {
    if (isEngineError(error) && !reading.files.some(({ path }) => error.message.includes(path))) {
      throw new UserSqlFailed(where, engineSentence(error), { cause: error });
    }
    throw error;
  }
}

/** Column names and DuckDB types of a relation. */
export async function columnsOf(db: Connection, relation: string): Promise<{ name: string; type: string }[]> {
  const rows = await rowsOf(db, `DESCRIBE SELECT * FROM ${relation}`);
  return rows.map((row) => ({ name: String(row['column_name']), type: String(row['column_type']) }));
}

/**
 * Runs `work`, which reads `files`; when the engine fails, finds the file that cannot be read.
 *
 * @throws SourceIncomplete where a file changed meanwhile; SourceUnreadable naming the file, where one of them is at
 * fault; else the engine's own error
 */
export async function readable<T>(db: Connection, files: readonly SourceFile[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isEngineError(error) || /out of memory|interrupt|no space left/i.test(error.message)) throw error;
    await checkUnchanged(files); // a file that is being written fails in many ways
    const named = files.find(({ path }) => error.message.includes(path));
    const file = named ?? (await findDamaged(db, files));
    if (!file) throw error;
    const sentence = engineSentence(error).replaceAll(file.path, file.origin);
    throw new SourceUnreadable(file.origin, sentence, 'Deliver the file again, or remove it and start again.', {
      cause: error,
    });
  }
}

/** Every file with its partition columns, `FILE` and, as only Parquet can tell it before staging, `ROW`. */
async function filesRelation({ db, files, format, config }: Reading): Promise<string> {
  if (format === 'parquet') await checkRows(db, files);
  const table = await tableFunction(db, files, format, config);
  const taken = new Set((await columnsOf(db, table)).map(({ name }) => name));
  const partitions = partitionColumns(files, taken, textColumns(config));
  const places = [`file_index AS ${FILE}`, ...(format === 'parquet' ? [`file_row_number AS ${ROW}`] : [])];
  return `(SELECT *, ${[...places, ...partitions].join(', ')} FROM ${table})`;
}

/**
 * In CSV, id, entity and categories are read as text, so that `007` stays `007`; other types are inferred from every row,
 * so that the same files always give the same types.
 */
async function tableFunction(
  db: Connection,
  files: readonly SourceFile[],
  format: FileFormat,
  config: ModelConfig,
): Promise<string> {
  const list = quoteList(files.map(({ path }) => path));
  const together = 'union_by_name = true, hive_partitioning = false';
  if (format === 'parquet') return `read_parquet(${list}, ${together})`;
  if (format === 'jsonl') return `read_json(${list}, format = 'newline_delimited', ${together}, sample_size = -1)`;
  const { source } = config.data;
  const { options } = await oneDialect(db, files, textWish(source));
  const all = `${options}, ${together}, sample_size = -1`;
  const wanted = textColumns(config);
  const found = await columnsOf(db, `read_csv(${list}, ${all})`);
  const asText = found.filter(({ name }) => wanted.has(name)).map(({ name }) => `${quoteText(name)}: 'VARCHAR'`);
  return `read_csv(${list}, ${all}${asText.length > 0 ? `, types = {${asText.join(', ')}}` : ''})`;
}

async function oneDialect(db: Connection, files: readonly SourceFile[], wish: CsvWish): Promise<CsvDialect> {
  let first: CsvDialect | undefined;
  for (const file of files) {
    const dialect = await checkCsv(db, file, wish);
    first ??= dialect;
    if (dialect.delimiter === first.delimiter) continue;
    const problem = `its columns are separated by ${JSON.stringify(dialect.delimiter)}, those of ${files[0]?.origin} by ${JSON.stringify(first.delimiter)}`;
    throw new SourceUnreadable(file.origin, problem, 'Deliver all files of a source alike.');
  }
  if (!first) throw new RangeError('a source has at least one file');
  return first;
}

function textColumns({ data, features }: ModelConfig): Set<string> {
  return new Set([data.id, ...(data.entity === null ? [] : [data.entity]), ...features.categories.columns]);
}

/** Copies a relation into one Parquet file. Parquet has no 128-bit integers: such columns become text, not rounded. */
async function stage(db: Connection, relation: string, dir: string): Promise<string> {
  const path = join(dir, 'staged.parquet');
  const columns = await columnsOf(db, relation);
  const select = columns.map(({ name, type }) => {
    const quoted = quoteName(name);
    return /^U?HUGEINT$/.test(type) ? `CAST(${quoted} AS VARCHAR) AS ${quoted}` : quoted;
  });
  await db.run(`COPY (SELECT ${select.join(', ')} FROM ${relation}) TO ${quoteText(path)} (FORMAT parquet)`);
  return parquetOf([path]);
}

/** Reads every page of each Parquet file, one by one, until one fails. */
async function findDamaged(db: Connection, files: readonly SourceFile[]): Promise<SourceFile | undefined> {
  for (const file of files.filter(({ name }) => name.toLowerCase().endsWith('.parquet'))) {
    const relation = `read_parquet(${quoteText(file.path)})`;
    try {
      const columns = await columnsOf(db, relation);
      await db.run(`SELECT ${columns.map(({ name }) => `max(hash(${quoteName(name)}))`).join(', ')} FROM ${relation}`);
    } catch (error) {
      if (isEngineError(error)) return file;
      throw error;
    }
  }
  return undefined;
}
