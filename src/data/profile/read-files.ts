/** Opens files of which nothing is known yet, a file, a glob or a folder, and profiles them. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Connection, rowsOf, withDuckDb } from '../engine.ts';
import { checkCsv } from '../ingest/csv-checks.ts';
import { SourceUnreadable } from '../ingest/errors.ts';
import { checkRows, checkWhole } from '../ingest/file-checks.ts';
import { partitionColumns } from '../ingest/partitions.ts';
import { type FileFormat, findSourceFiles, formatOf, type SourceFile } from '../ingest/source-files.ts';
import { columnsOf, readable } from '../ingest/source-reader.ts';
import { parquetOf, quoteList, quoteName, quoteText } from '../sql-text.ts';
import type { DataProfile, ProfileSource } from './contract.ts';
import { profileData } from './profile.ts';

export interface FilesInput {
  /** A file, a glob or a folder. */
  readonly path: string;
  /** Folder that a relative path starts at. */
  readonly base: string;
  readonly workDir: string;
  readonly signal?: AbortSignal;
}

/** What was opened, and its rows for questions that a profile leaves open. */
export interface OpenedFiles {
  readonly format: FileFormat;
  readonly files: readonly SourceFile[];
  readonly source: ProfileSource;
  readonly profile: DataProfile;
}

/**
 * @param work is given the connection, on which the table `sample` stands, while the files are open
 * @throws SourceMissing, SourceUnreadable (with line numbers for text), SourceIncomplete
 */
export async function profileFiles<T>(
  input: FilesInput,
  work: (db: Connection, opened: OpenedFiles) => Promise<T>,
): Promise<T> {
  await mkdir(input.workDir, { recursive: true });
  const dir = await mkdtemp(join(input.workDir, 'profile-'));
  try {
    const { files, format } = await filesOf(input, dir);
    const options = { tempDir: dir, lockDown: true, allowedPaths: [...files.map(({ path }) => path), `${dir}/`] };
    return await withDuckDb(
      options,
      async (db) => {
        const opened = await readable(db, files, async () => {
          const source = await openFiles(db, files, format, dir);
          return { format, files, source, profile: await profileData(db, source) };
        });
        return await work(db, opened);
      },
      input.signal,
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function filesOf({ path, base, signal }: FilesInput, dir: string) {
  const where = { base, format: undefined, marker: undefined };
  const { files } = await withDuckDb({ tempDir: dir }, (db) => findSourceFiles(db, path, where), signal);
  const formats = files.map((file) => formatOf(file.path));
  const format = formats[0] ?? 'parquet';
  const stray = formats.findIndex((other) => other !== format);
  if (stray >= 0) {
    const problem = `it is ${formats[stray]} beside ${files[0]?.name}, which is ${format}`;
    throw new SourceUnreadable(files[stray]?.name ?? path, problem, 'Narrow the path to files of one format.');
  }
  for (const file of files) await checkWhole(file, format);
  return { files, format };
}

/** Parquet as it stands; text is read once, strictly, into one Parquet file. */
async function openFiles(
  db: Connection,
  files: readonly SourceFile[],
  format: FileFormat,
  dir: string,
): Promise<ProfileSource> {
  if (format === 'parquet') {
    await checkRows(db, files);
    return await sourceOf(
      db,
      files,
      files.map(({ path }) => path),
    );
  }
  const staged = join(dir, 'staged.parquet');
  const table = await textTable(db, files, format);
  const columns = await columnsOf(db, table);
  const partitions = partitionColumns(files, new Set(columns.map(({ name }) => name)), new Set());
  const own = columns.map(({ name, type }) => {
    // Parquet has no integers of 128 bits: they stay exact as text
    return /^U?HUGEINT$/.test(type) ? `CAST(${quoteName(name)} AS VARCHAR) AS ${quoteName(name)}` : quoteName(name);
  });
  await db.run(
    `COPY (SELECT ${[...own, ...partitions].join(', ')} FROM ${table}) TO ${quoteText(staged)} (FORMAT parquet)`,
  );
  return await sourceOf(db, [], [staged]);
}

async function sourceOf(
  db: Connection,
  files: readonly SourceFile[],
  paths: readonly string[],
): Promise<ProfileSource> {
  const relation = parquetOf(paths);
  const columns = (await columnsOf(db, relation)).map((column) => ({ ...column, sql: quoteName(column.name) }));
  const partitions = partitionColumns(files, new Set(columns.map(({ name }) => name)), new Set());
  const types =
    partitions.length === 0 ? [] : await columnsOf(db, `(SELECT ${partitions.join(', ')} FROM ${relation})`);
  const derived = types.map((column, i) => ({
    ...column,
    sql: (partitions[i] ?? '').replace(/ AS "(?:[^"]|"")*"$/, ''),
  }));
  const footers = await rowsOf(db, `SELECT num_rows FROM parquet_file_metadata(${quoteList(paths)})`);
  return { relation, columns: [...columns, ...derived], fileRows: footers.map(({ num_rows }) => Number(num_rows)) };
}

async function textTable(db: Connection, files: readonly SourceFile[], format: 'csv' | 'jsonl'): Promise<string> {
  const list = quoteList(files.map(({ path }) => path));
  const together = 'union_by_name = true, hive_partitioning = false, sample_size = -1';
  if (format === 'jsonl') return `read_json(${list}, format = 'newline_delimited', ${together})`;
  const dialects = new Set<string>();
  for (const file of files) dialects.add((await checkCsv(db, file, {})).options);
  const [options = '', other] = [...dialects];
  if (other !== undefined) {
    const cure = 'Write all files in one way, or narrow the path.';
    throw new SourceUnreadable(files[0]?.name ?? '', 'its delimiter is not that of the files beside it', cure);
  }
  return `read_csv(${list}, ${options}, ${together})`;
}
