/** The stored files behind the partitions: listed by day, replaced or removed, never changed in place. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from '../../store/object-store.ts';
import type { RecordKind } from './records.ts';

export interface PartitionFile {
  readonly key: string;
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** Stamp of the write, in milliseconds. */
  readonly writtenAt: string;
  readonly sha256: string;
}

/** Folders of a cache with what was made of records: made anew when it is needed, removed with what it was made of. */
export const DERIVED = { labels: 'labels', days: 'days' } as const;

/** In order of day and writing. @param before only days before this one */
export async function partitionFiles(
  store: ObjectStore,
  model: string,
  folder: RecordKind['folder'],
  before?: string,
): Promise<PartitionFile[]> {
  const prefix = `models/${model}/${folder}/`;
  const files: PartitionFile[] = [];
  for await (const key of store.list(prefix)) {
    const [, day, writtenAt, sha256] =
      /^date=(\d{4}-\d\d-\d\d)\/(\d+)-([0-9a-f]{64})\.parquet$/.exec(key.slice(prefix.length)) ?? [];
    if (day === undefined || writtenAt === undefined || sha256 === undefined) continue;
    if (before !== undefined && day >= before) break;
    files.push({ key, day, writtenAt, sha256 });
  }
  return files;
}

/** Where this machine keeps a checked copy of a file. */
export function cachedPath(cacheDir: string, sha256: string): string {
  return join(cacheDir, sha256.slice(0, 2), `${sha256}.parquet`);
}

/** From the store and from this machine's copies. */
export async function removeFile(
  store: ObjectStore,
  cacheDir: string,
  file: { key: string; sha256: string },
): Promise<void> {
  await store.remove(file.key);
  await rm(cachedPath(cacheDir, file.sha256), { force: true });
}
