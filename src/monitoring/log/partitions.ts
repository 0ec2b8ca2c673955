/** Writes records as Parquet under date partitions and fetches them back, checked. Files are written once, never appended to. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Connection, withDuckDb } from '../../data/engine.ts';
import { quoteName, quoteText } from '../../data/sql-text.ts';
import { sha256OfFile } from '../../store/content.ts';
import { ObjectCorrupt } from '../../store/errors.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { dayFile } from './day-files.ts';
import type { KeptEngine } from './kept-engine.ts';
import { cachedPath } from './partition-files.ts';
import type { RecordKind, RecordType } from './records.ts';

/** A record ready to be written: column to value; a column left out is NULL. */
export type RecordRow = Readonly<Record<string, unknown>>;

type Chunks<T> = Iterable<T> | AsyncIterable<T>;

export interface PartitionWrite {
  readonly kind: RecordKind;
  readonly model: string;
  /** Columns beside the kind's own, such as features. */
  readonly extra?: Readonly<Record<string, RecordType>>;
  /** Chunks of rows, or of lines: JSON of a row each. They are written one chunk at a time, so that others get their turn in between. */
  readonly chunks: Chunks<readonly RecordRow[]> | Chunks<Buffer>;
  /** Milliseconds since the epoch, part of the file names. The same stamp and rows again write nothing new. */
  readonly writtenAt: number;
  /** For this write's own temporary folder. */
  readonly tempDir: string;
  /** For who writes every second; left out: one is opened for this write. */
  readonly engine?: KeptEngine;
}

/** Of an engine that writes partitions. */
export const WRITING = { memoryMb: 256, threads: 1 } as const;

/**
 * One file a day of the kind's `day` column, at `models/<model>/<folder>/date=<day>/<written>-<sha256>.parquet`.
 *
 * @returns the keys; they are durable
 */
export async function writePartitions(store: ObjectStore, write: PartitionWrite): Promise<string[]> {
  await mkdir(write.tempDir, { recursive: true });
  const dir = await mkdtemp(join(write.tempDir, `${write.kind.folder}-`));
  try {
    await writeLines(join(dir, 'rows.ndjson'), write.chunks);
    await toParquet(dir, write);
    const keys: string[] = [];
    for (const partition of (await readdir(join(dir, 'out'))).sort()) {
      for (const name of await readdir(join(dir, 'out', partition))) {
        const path = join(dir, 'out', partition, name);
        const file = `${write.writtenAt}-${await sha256OfFile(path)}.parquet`;
        const key = `models/${write.model}/${write.kind.folder}/${partition}/${file}`;
        await store.create(key, { path });
        keys.push(key);
      }
    }
    return keys;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export interface DayRange {
  /** First day, `YYYY-MM-DD` or an instant; none: from the beginning. */
  readonly from?: string;
  /** The day after the last, or an instant whose day still counts unless it is midnight; none: to the end. */
  readonly to?: string;
}

/**
 * Local copies of all records of a kind in a range of whole days, one file a day, in order; what was fetched is checked
 * against its name's SHA-256.
 *
 * @throws ObjectCorrupt
 */
export async function fetchPartitions(
  store: ObjectStore,
  model: string,
  folder: RecordKind['folder'],
  { from, to, cacheDir }: DayRange & { cacheDir: string },
): Promise<string[]> {
  const prefix = `models/${model}/${folder}/`;
  const first = from?.slice(0, 10);
  const last = to === undefined ? undefined : lastDay(to);
  const days = new Map<string, { key: string; sha256: string }[]>();
  for await (const key of store.list(prefix, first ? { after: `${prefix}date=${first}` } : {})) {
    const [, day, sha256] =
      /^date=(\d{4}-\d\d-\d\d)\/\d+-([0-9a-f]{64})\.parquet$/.exec(key.slice(prefix.length)) ?? [];
    if (day === undefined || sha256 === undefined || (first !== undefined && day < first)) continue;
    if (last !== undefined && day > last) break;
    const files = days.get(day) ?? [];
    files.push({ key, sha256 });
    days.set(day, files);
  }
  const paths: string[] = [];
  for (const [day, files] of days) {
    const fetch = (file: { key: string; sha256: string }) => fetchChecked(store, file.key, file.sha256, cacheDir);
    paths.push(await dayFile({ day, files }, cacheDir, fetch));
  }
  return paths;
}

/** A local copy, checked against the SHA-256 in its name. @throws ObjectCorrupt, ObjectMissing */
export async function fetchChecked(store: ObjectStore, key: string, sha256: string, cacheDir: string): Promise<string> {
  const path = cachedPath(cacheDir, sha256);
  if ((await sha256OfFile(path).catch(() => undefined)) === sha256) return path;
  await mkdir(dirname(path), { recursive: true });
  const aside = `${path}.${randomUUID()}`;
  try {
    await store.download(key, aside);
    const found = await sha256OfFile(aside);
    if (found !== sha256) throw new ObjectCorrupt(store.uri, key, `expected sha256 ${sha256}, found ${found}`);
    await rename(aside, path);
  } finally {
    await rm(aside, { force: true });
  }
  return path;
}

function lastDay(to: string): string {
  return new Date(Date.parse(to) - 1).toISOString().slice(0, 10);
}

async function writeLines(path: string, chunks: PartitionWrite['chunks']): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for await (const chunk of chunks) {
      await file.appendFile(Buffer.isBuffer(chunk) ? chunk : chunk.map((row) => `${JSON.stringify(row)}\n`).join(''));
    }
  } finally {
    await file.close();
  }
}

/** DuckDB reads the lines and writes Parquet on its own thread, not on Node's. */
async function toParquet(dir: string, { kind, extra = {}, tempDir, engine }: PartitionWrite): Promise<void> {
  const columns = Object.entries({ ...kind.columns, ...extra });
  const read = columns.map(([name, type]) => `${quoteText(name)}: '${type === 'TIMESTAMP' ? 'BIGINT' : type}'`);
  const select = columns.map(([name, type]) =>
    type === 'TIMESTAMP' ? `epoch_ms(${quoteName(name)}) AS ${quoteName(name)}` : quoteName(name),
  );
  const source = `read_json(${quoteText(join(dir, 'rows.ndjson'))}, format = 'newline_delimited', columns = {${read.join(', ')}})`;
  const rows = `SELECT ${select.join(', ')}, strftime(epoch_ms(${quoteName(kind.day)}), '%Y-%m-%d') AS date FROM ${source}`;
  const copy = `COPY (${rows}) TO ${quoteText(join(dir, 'out'))} (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (date))`;
  const write = async (db: Connection) => void (await db.run(copy));
  await (engine === undefined ? withDuckDb({ ...WRITING, tempDir }, write) : engine.use(write));
}
