/** Which files a source means, and whether they can be whole: looked at before and after reading. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { extname, isAbsolute, join } from 'node:path';
import type { Connection } from '../engine.ts';
import { rowsOf } from '../engine.ts';
import { quoteText } from '../sql-text.ts';
import { SourceIncomplete, SourceMissing, SourceUnreadable } from './errors.ts';

export type FileFormat = 'parquet' | 'csv' | 'jsonl';

export interface SourceFile {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/**
 * Files of a path or glob, in name order, each with its size and time.
 *
 * @param base folder that relative paths start at
 * @throws SourceMissing when nothing matches
 */
export async function findSourceFiles(db: Connection, pattern: string, base: string): Promise<SourceFile[]> {
  const full = isAbsolute(pattern) ? pattern : join(base, pattern);
  const matches = await rowsOf(db, `SELECT file FROM glob(${quoteText(full)}) ORDER BY file`);
  if (matches.length === 0) throw new SourceMissing(pattern, base);
  return Promise.all(matches.map(({ file }) => look(String(file))));
}

/** By the name's ending; used where the model file does not say (`sql` and `command` sources). */
export function formatOf(file: string): FileFormat {
  const ending = extname(file.replace(/\.gz$/, '')).toLowerCase();
  if (ending === '.parquet') return 'parquet';
  if (ending === '.csv' || ending === '.tsv') return 'csv';
  if (ending === '.jsonl' || ending === '.ndjson' || ending === '.json') return 'jsonl';
  throw new SourceUnreadable(file, `its ending "${ending}" says no format`, 'Name it .parquet, .csv or .jsonl.');
}

/** @throws SourceUnreadable for an empty file, or one that is no Parquet; SourceIncomplete for a cut Parquet file */
export async function checkWhole(file: SourceFile, format: FileFormat): Promise<void> {
  if (file.bytes === 0) {
    throw new SourceUnreadable(file.path, 'it is empty (0 bytes)', 'Deliver it again, or remove it.');
  }
  if (format !== 'parquet') return;
  const handle = await open(file.path, 'r');
  try {
    const head = await bytesAt(handle, 0, 4);
    if (head !== 'PAR1') {
      throw new SourceUnreadable(
        file.path,
        `it is named Parquet but begins with ${JSON.stringify(head)}, not "PAR1"`,
        'If it is CSV or JSON lines, say so under data.source.type and mend its name; otherwise write it again.',
      );
    }
    if (file.bytes < 12 || (await bytesAt(handle, file.bytes - 4, 4)) !== 'PAR1') {
      throw new SourceIncomplete(file.path, `its ${file.bytes} bytes end without a Parquet footer`);
    }
  } finally {
    await handle.close();
  }
}

/** @throws SourceIncomplete when a file is another one than before reading */
export async function checkUnchanged(files: readonly SourceFile[]): Promise<void> {
  for (const before of files) {
    const after = await look(before.path);
    if (after.bytes !== before.bytes || after.modifiedMs !== before.modifiedMs) {
      throw new SourceIncomplete(before.path, `it changed while it was read (${before.bytes} to ${after.bytes} bytes)`);
    }
  }
}

async function look(path: string): Promise<SourceFile> {
  try {
    const found = await stat(path);
    return { path, bytes: found.size, modifiedMs: found.mtimeMs };
  } catch {
    throw new SourceIncomplete(path, 'it was removed while it was being read');
  }
}

async function bytesAt(handle: FileHandle, position: number, length: number): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead).toString('latin1');
}
