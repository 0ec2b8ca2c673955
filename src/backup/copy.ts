/** One object from store to store by its digest. Small ones pass through memory, large ones through a local file. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of, sha256OfFile } from '../store/content.ts';
import { ObjectMissing } from '../store/errors.ts';
import type { LocalFile, ObjectStore } from '../store/object-store.ts';

const IN_MEMORY = 4 * 1024 ** 2;
/** Objects on the way at once. */
const PARALLEL = 8;

export interface Fetched {
  readonly body: Uint8Array | LocalFile;
  readonly sha256: string;
  readonly bytes: number;
}

/** Calls `work` with the object and its digest. @returns undefined when there is none (any more) */
export async function withObject<T>(
  store: ObjectStore,
  key: string,
  workDir: string,
  work: (fetched: Fetched) => Promise<T>,
): Promise<T | undefined> {
  const bytes = await store.size(key);
  if (bytes === undefined) return undefined;
  if (bytes <= IN_MEMORY) {
    const body = await store.find(key);
    return body && (await work({ body, sha256: sha256Of(body), bytes: body.byteLength }));
  }
  const path = join(workDir, randomUUID());
  try {
    await store.download(key, path);
    return await work({ body: { path }, sha256: await sha256OfFile(path), bytes });
  } catch (error) {
    if (error instanceof ObjectMissing) return undefined;
    throw error;
  } finally {
    await rm(path, { force: true });
  }
}

/** In the given order, several at once; the first error ends it. */
export async function eachOf<T>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) {
      signal.throwIfAborted();
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}
