/** One local file a day of records: a server that answers all day writes thousands, and each costs a reader 2 ms and 1 MB. */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { withDuckDb } from '../../data/engine.ts';
import { parquetOf, quoteText } from '../../data/sql-text.ts';
import { sha256Of } from '../../store/content.ts';
import { DERIVED } from './partition-files.ts';

/** Files that are open at once. */
const AT_ONCE = 200;

export interface DayOfFiles {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** In the order of their rows. */
  readonly files: readonly { readonly key: string; readonly sha256: string }[];
}

/**
 * The rows of all files of one day in one, in their order; made once for the same files, and again when one is added.
 *
 * @param fetch gives a checked local copy; called only where one is needed
 */
export async function dayFile(
  { day, files }: DayOfFiles,
  cacheDir: string,
  fetch: (file: DayOfFiles['files'][number]) => Promise<string>,
): Promise<string> {
  const [only] = files;
  if (files.length === 1 && only !== undefined) return await fetch(only);
  const folder = join(cacheDir, DERIVED.days);
  const name = sha256Of(files.map(({ sha256 }) => sha256).join('\n')).slice(0, 32);
  const path = join(folder, `${day}-${name}.parquet`);
  const now = new Date();
  const isThere = await utimes(path, now, now).then(
    () => true, // what nobody reads for a day is removed
    () => false,
  );
  if (isThere) return path;
  const paths: string[] = [];
  for (const file of files) paths.push(await fetch(file));
  await mkdir(folder, { recursive: true });
  const aside = `${path}.${randomUUID()}`;
  try {
    await mergeInto(aside, paths, cacheDir);
    await rename(aside, path);
  } finally {
    await rm(aside, { force: true });
  }
  return path;
}

async function mergeInto(path: string, paths: readonly string[], tempDir: string): Promise<void> {
  const parts = Array.from({ length: Math.ceil(paths.length / AT_ONCE) }, (_, i) => ({
    path: paths.length <= AT_ONCE ? path : `${path}-${i}`,
    of: paths.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
  }));
  try {
    for (const part of parts) await copy(part.of, part.path, tempDir);
    if (parts.length === 1) return;
    await mergeInto(
      path,
      parts.map((part) => part.path),
      tempDir,
    );
  } finally {
    if (parts.length > 1) await Promise.all(parts.map((part) => rm(part.path, { force: true })));
  }
}

async function copy(from: readonly string[], to: string, tempDir: string): Promise<void> {
  await withDuckDb({ memoryMb: 512, threads: 1, tempDir }, async (db) => {
    await db.run(`COPY (SELECT * FROM ${parquetOf(from)}) TO ${quoteText(to)} (FORMAT parquet, COMPRESSION zstd)`);
  });
}
