/** The ingest stage: source files to an immutable raw snapshot of what was known at `as_of`. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import type { Source } from '../../config/sections/data.ts';
import { putBlob } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { RawSnapshot, SnapshotRef } from '../contract.ts';
import { type Connection, engineSentence, engineVersion, isEngineError, rowsOf, withDuckDb } from '../engine.ts';
import { UserSqlFailed } from '../errors.ts';
import { snapshotRef, writeSnapshot } from '../snapshots.ts';
import { parquetOf, quoteInstant, quoteName, quoteText } from '../sql-text.ts';
import { checkQuery } from '../user-sql.ts';
import { SourceUnreadable, SourceWithoutRows } from './errors.ts';
import { labelCoverage } from './label-coverage.ts';
import { runSourceCommand } from './source-command.ts';
import {
  checkUnchanged,
  checkWhole,
  type FileFormat,
  findSourceFiles,
  formatOf,
  type SourceFile,
} from './source-files.ts';
import { columnsOf, readable, relationOf } from './source-reader.ts';
import { createKnown, windowStart } from './source-table.ts';

export interface IngestInput {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  /** ISO instant: rows from then on, and labels that became available after it, are left out. */
  readonly asOf: string;
  readonly workDir: string;
  readonly cacheDir: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: IngestProgress) => void;
  /** Folder that relative source paths start at; the working directory by default. */
  readonly base?: string;
}

export interface IngestProgress {
  readonly done: number;
  readonly total: number;
  readonly sentence: string;
}

/**
 * Rows with `event_time < asOf` in the training window, one Parquet file a UTC month, so that snapshots taken later
 * share the months that did not change. The same input gives the same digest.
 *
 * @throws SourceMissing, SourceUnreadable, SourceIncomplete, SourceColumnMissing, SourceColumnUnsuitable,
 * SourceWithoutRows, SourceCommandFailed, UserSqlFailed
 */
export async function ingest(input: IngestInput): Promise<{ ref: SnapshotRef; manifest: RawSnapshot }> {
  const { store, config, asOf, workDir, signal } = input;
  await mkdir(workDir, { recursive: true });
  const dir = await mkdtemp(join(workDir, 'ingest-'));
  try {
    const files = await findFiles(input, dir);
    const options = { tempDir: dir, lockDown: true, allowedPaths: [...files.map(({ path }) => path), `${dir}/`] };
    const manifest = await withDuckDb(
      options,
      async (db) => {
        await readable(db, files, async () =>
          createKnown(db, await sourceRelation(db, input, files, dir), config, asOf),
        );
        return await readable(db, files, () => writeMonths(db, input, dir));
      },
      signal,
    );
    await checkUnchanged(files);
    const { digest } = await writeSnapshot(store, manifest);
    return { ref: snapshotRef(digest, manifest), manifest };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function findFiles(
  { config, asOf, base = process.cwd(), signal }: IngestInput,
  dir: string,
): Promise<SourceFile[]> {
  const { source } = config.data;
  const output = join(dir, 'command');
  const pattern =
    source.type === 'command' ? await runSourceCommand(source, { base, asOf, output, signal }) : source.path;
  const files = await withDuckDb({ tempDir: dir }, (db) => findSourceFiles(db, pattern, base), signal);
  for (const file of files) await checkWhole(file, formatFor(source, file));
  return files;
}

function formatFor(source: Source, file: SourceFile): FileFormat {
  return source.type === 'sql' || source.type === 'command' ? formatOf(file.path) : source.type;
}

function oneFormat(source: Source, files: readonly SourceFile[]): FileFormat {
  const [first, ...others] = files.map((file) => ({ file, format: formatFor(source, file) }));
  if (!first) throw new RangeError('a source has at least one file');
  const stray = others.find(({ format }) => format !== first.format);
  if (!stray) return first.format;
  const problem = `it is ${stray.format} beside ${first.file.path}, which is ${first.format}`;
  throw new SourceUnreadable(stray.file.path, problem, 'Keep one format in a source, or narrow its path.');
}

/** A relation over Parquet: the source's own files, or one staged file where the source is something else. */
async function sourceRelation(
  db: Connection,
  { config }: IngestInput,
  files: readonly SourceFile[],
  dir: string,
): Promise<string> {
  const { source } = config.data;
  const relation = await relationOf(db, files, oneFormat(source, files), config);
  if (source.type === 'parquet') return relation;
  if (source.type !== 'sql') return await stage(db, relation, dir);

  const where = 'data.source.query';
  await checkQuery(db, source.query, where);
  await db.run(`CREATE VIEW source AS SELECT * FROM ${relation}`);
  await readable(db, files, () => columnsOf(db, 'source'));
  try {
    return await stage(db, `(${source.query}\n)`, dir);
  } catch (error) {
    if (isEngineError(error) && !files.some(({ path }) => error.message.includes(path))) {
      throw new UserSqlFailed(where, engineSentence(error), { cause: error });
    }
    throw error;
  }
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

async function writeMonths(db: Connection, input: IngestInput, dir: string): Promise<RawSnapshot> {
  const { store, config, asOf, onProgress, signal } = input;
  const { id, event_time: eventTime, source } = config.data;
  const time = quoteName(eventTime);
  const from = windowStart(config, asOf);
  const window = `isfinite(${time}) AND ${time} < ${quoteInstant(asOf)}${from ? ` AND ${time} >= ${quoteInstant(from)}` : ''}`;
  const columns = (await columnsOf(db, 'known')).filter(({ name }) => name !== '_file' && name !== '_row');
  const select = columns.map(({ name }) => quoteName(name)).join(', ');

  const months = await rowsOf(
    db,
    `SELECT strftime(${time}, '%Y-%m') AS month, count(*) AS n, epoch_ms(min(${time})) AS earliest
     FROM known WHERE ${window} GROUP BY 1 ORDER BY 1`,
  );
  if (months.length === 0) throw new SourceWithoutRows(config.model, 'row', { from, to: asOf });

  const files: RawSnapshot['files'] = [];
  for (const [done, { month, n }] of months.entries()) {
    const path = join(dir, `${month}.parquet`);
    await db.run(
      `COPY (SELECT ${select} FROM known WHERE ${window} AND ${inMonth(time, String(month))}
       ORDER BY ${time}, CAST(${quoteName(id)} AS VARCHAR), _file, _row)
       TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    files.push({ ...(await putBlob(store, { path }, `${month}.parquet`)), rows: Number(n) });
    await rm(path);
    signal?.throwIfAborted();
    onProgress?.({ done: done + 1, total: months.length, sentence: `${month}: ${n} rows` });
  }

  return {
    kind: 'raw',
    model: config.model,
    as_of: asOf,
    window: { from: new Date(Number(months[0]?.['earliest'])).toISOString(), to: asOf },
    source: describeSource(source),
    rows: files.reduce((total, { rows }) => total + rows, 0),
    columns,
    files,
    label_coverage: await labelCoverage(db, `(SELECT * FROM known WHERE ${window})`, config, asOf),
    producer: { name: 'duckdb', version: engineVersion },
  };
}

/** As a range, so that row groups of other months are skipped unread. */
function inMonth(time: string, month: string): string {
  const start = quoteInstant(`${month}-01T00:00:00Z`);
  return `${time} >= ${start} AND ${time} < ${start} + INTERVAL 1 MONTH`;
}

/** As the model file says it, so that a snapshot does not depend on where the project lies. */
function describeSource(source: Source): string {
  return source.type === 'command' ? `command: ${source.command.join(' ')}` : `${source.type}: ${source.path}`;
}
