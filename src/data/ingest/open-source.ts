/** From the model file's source to whole, distinct files on this machine, with their digests and their producer. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelConfig } from '../../config/model.ts';
import type { Source } from '../../config/sections/sources.ts';
import { withDuckDb } from '../engine.ts';
import { textWish } from './csv-checks.ts';
import { SourceUnreadable } from './errors.ts';
import { type CheckedFile, checkWhole, type Repeat, withoutRepeats } from './file-checks.ts';
import { neededPartitions } from './partitions.ts';
import { type Producer, producerOf } from './producer.ts';
import { runSourceCommand } from './source-command.ts';
import { type FileFormat, type Found, findSourceFiles, formatOf } from './source-files.ts';
import { fetchObjects } from './source-objects.ts';

export interface Window {
  /** Null: from the beginning. */
  readonly from: string | null;
  readonly to: string;
}

export interface SourceInput {
  readonly config: ModelConfig;
  readonly base: string;
  readonly dir: string;
  readonly cacheDir: string;
  readonly window: Window;
  readonly signal?: AbortSignal | undefined;
}

export interface OpenedSource {
  /** In name order, no two with the same bytes. */
  readonly files: readonly CheckedFile[];
  readonly format: FileFormat;
  readonly repeated: readonly Repeat[];
  readonly waiting: readonly string[];
  readonly producer: Producer;
}

/**
 * @throws SourceMissing, SourceIncomplete, SourceUnreadable, SourceColumnUnsuitable (partitions), SourceCommandFailed, and
 * the store's errors for an S3 prefix
 */
export async function openSource(input: SourceInput): Promise<OpenedSource> {
  const { source } = input.config.data;
  const found = await locate(input);
  if (found.files.length === 0) {
    const problem = 'no partition lies in the window';
    throw new SourceUnreadable(describeSource(source), problem, 'Check partition_date, as_of and training.window.');
  }
  const format = oneFormat(source, found.files);
  const { encoding } = textWish(source);
  const checked: CheckedFile[] = [];
  for (const file of found.files) {
    checked.push(await checkWhole(file, format, { encoding, signal: input.signal }));
  }
  return { ...withoutRepeats(checked), format, waiting: found.waiting, producer: await producerOf(source, found.root) };
}

/** As the model file says it, so that a snapshot does not depend on where the project lies. */
export function describeSource(source: Source): string {
  return source.type === 'command' ? `command: ${source.command.join(' ')}` : `${source.type}: ${source.path}`;
}

async function locate(input: SourceInput): Promise<Found> {
  const { base, dir, window, signal } = input;
  const { source } = input.config.data;
  const marker = source.completion_marker;
  if (source.type === 'command') {
    const output = join(dir, 'command');
    await runSourceCommand(source, { base, window, output, signal });
    const where = { base: output, format: undefined, marker };
    return await withDuckDb({ tempDir: dir }, (db) => findSourceFiles(db, output, where), signal);
  }
  const key = source.partition_date;
  const format = source.type === 'sql' ? undefined : source.type;
  const choose: Parameters<typeof fetchObjects>[1]['choose'] = (files) =>
    key === undefined ? [...files] : neededPartitions(files, key, window);
  if (source.path.startsWith('s3://')) return await fetchObjects(source.path, { ...input, format, marker, choose });
  const where = { base, format, marker };
  const path = localPath(source.path);
  const found = await withDuckDb({ tempDir: dir }, (db) => findSourceFiles(db, path, where), signal);
  return { ...found, files: choose(found.files) };
}

function localPath(path: string): string {
  if (path.startsWith('file://')) return fileURLToPath(path);
  return path.startsWith('file:') ? path.slice('file:'.length) : path;
}

function oneFormat(source: Source, files: Found['files']): FileFormat {
  if (source.type !== 'sql' && source.type !== 'command') return source.type;
  const [first, ...others] = files.map((file) => ({ file, format: formatOf(file.origin) }));
  if (!first) throw new RangeError('a source has at least one file');
  const stray = others.find(({ format }) => format !== first.format);
  if (!stray) return first.format;
  const problem = `it is ${stray.format} beside ${first.file.origin}, which is ${first.format}`;
  throw new SourceUnreadable(stray.file.origin, problem, 'Keep one format in a source, or narrow its path.');
}
