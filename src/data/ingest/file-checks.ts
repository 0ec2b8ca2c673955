/** Whether each source file can be whole, before any of it is read as rows; its digest; and which files repeat others. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { type Connection, rowsOf } from '../engine.ts';
import { quoteList } from '../sql-text.ts';
import { SourceUnreadable } from './errors.ts';
import type { FileFormat, SourceFile } from './source-files.ts';

export interface CheckedFile extends SourceFile {
  readonly sha256: string;
}

export interface Repeat {
  readonly name: string;
  readonly sameAs: string;
}

const CURE = 'Deliver the file again, or remove it and start again.';

/**
 * Reads every byte once.
 *
 * @param encoding of text; NUL bytes belong to UTF-16 and to nothing else
 * @throws SourceUnreadable for 0 bytes, a file that is no Parquet, a cut Parquet file, NUL bytes in text, a byte order
 * mark in JSON lines
 */
export async function checkWhole(
  file: SourceFile,
  format: FileFormat,
  { encoding, signal }: { encoding?: string | undefined; signal?: AbortSignal | undefined } = {},
): Promise<CheckedFile> {
  const { path, origin, bytes } = file;
  if (bytes === 0) throw new SourceUnreadable(origin, 'it is empty (0 bytes)', 'Deliver it again, or remove it.');
  if (format === 'parquet') await checkEnds(file);
  if (format === 'jsonl') await refuseMark(file);
  const hash = createHash('sha256');
  const isPlainText = format !== 'parquet' && !path.endsWith('.gz') && encoding !== 'utf-16';
  let lines = 1;
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) {
    signal?.throwIfAborted();
    const buffer = part as Buffer;
    hash.update(buffer);
    if (!isPlainText) continue;
    const nul = buffer.indexOf(0);
    if (nul >= 0) throw nulByte(origin, lines + count(buffer.subarray(0, nul), 10), buffer);
    lines += count(buffer, 10);
  }
  return { ...file, sha256: hash.digest('hex') };
}

/** Of files with the same bytes only the first by name is kept: the same delivery under another name adds nothing. */
export function withoutRepeats(files: readonly CheckedFile[]): { files: CheckedFile[]; repeated: Repeat[] } {
  const first = new Map<string, CheckedFile>();
  const repeated: Repeat[] = [];
  for (const file of files) {
    const sameAs = first.get(placeAndDigest(file));
    if (sameAs) repeated.push({ name: file.name, sameAs: sameAs.name });
    else first.set(placeAndDigest(file), file);
  }
  return { files: [...first.values()], repeated };
}

/** By the footers of Parquet files. @throws SourceUnreadable for one without rows */
export async function checkRows(db: Connection, files: readonly SourceFile[]): Promise<void> {
  const footers = `parquet_file_metadata(${quoteList(files.map(({ path }) => path))})`;
  const [empty] = await rowsOf(db, `SELECT file_name FROM ${footers} WHERE num_rows = 0 ORDER BY 1 LIMIT 1`);
  if (empty) throw withoutRows(files.find(({ path }) => path === empty['file_name'])?.origin ?? '');
}

export function withoutRows(origin: string): SourceUnreadable {
  return new SourceUnreadable(origin, 'it is whole but has no row (0 rows)', 'Deliver it with its rows, or remove it.');
}

/** The same bytes in another partition are other rows. */
function placeAndDigest({ sha256, partitions }: CheckedFile): string {
  return JSON.stringify([sha256, partitions]);
}

async function checkEnds({ path, origin, bytes }: SourceFile): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const head = await bytesAt(handle, 0, 4);
    if (head !== 'PAR1') {
      const cure =
        'If it is CSV or JSON lines, say so under data.source.type and mend its name; otherwise write it again.';
      throw new SourceUnreadable(
        origin,
        `it is named Parquet but begins with ${JSON.stringify(head)}, not "PAR1"`,
        cure,
      );
    }
    if (bytes < 12 || (await bytesAt(handle, bytes - 4, 4)) !== 'PAR1') {
      const cure =
        'It was cut, or is still being written: deliver it again. Writers that write aside and rename, or a ' +
        'completion_marker, avoid this.';
      throw new SourceUnreadable(origin, `its ${bytes} bytes end without a Parquet footer`, cure);
    }
  } finally {
    await handle.close();
  }
}

/** In CSV the mark declares the encoding and is no part of the first name; JSON forbids it (RFC 8259, section 8.1). */
async function refuseMark({ path, origin }: SourceFile): Promise<void> {
  const raw = createReadStream(path);
  try {
    for await (const part of path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw) {
      if (!(part as Buffer).subarray(0, 3).equals(Buffer.from('\ufeff'))) return;
      const problem = 'line 1 begins with a byte order mark, which JSON does not have';
      throw new SourceUnreadable(origin, problem, 'Write it in UTF-8 without one, and deliver it again.');
    }
  } finally {
    raw.destroy();
  }
}

function nulByte(origin: string, line: number, head: Buffer): SourceUnreadable {
  const marked = line === 1 && ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff));
  const wide = marked || (line === 1 && (head[1] === 0 || head[0] === 0));
  if (!wide) return new SourceUnreadable(origin, `line ${line} has a NUL byte, so it is no text`, CURE);
  const cure = 'Say `encoding: utf-16` under data.source (type csv), or deliver it in UTF-8.';
  return new SourceUnreadable(origin, 'line 1 is UTF-16, not UTF-8', cure);
}

function count(buffer: Buffer, byte: number): number {
  let found = 0;
  for (let at = buffer.indexOf(byte); at >= 0; at = buffer.indexOf(byte, at + 1)) found++;
  return found;
}

async function bytesAt(handle: FileHandle, position: number, length: number): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead).toString('latin1');
}
