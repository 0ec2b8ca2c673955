/** From the address in `config/hone.yaml` to a store, and the start-up test that refuses one which would lose changes. */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StoreAddressInvalid, StoreWithoutConditionalCreate } from './errors.ts';
import { FilesystemStore } from './filesystem-store.ts';
import type { ObjectStore } from './object-store.ts';
import { S3Store } from './s3-store.ts';

/**
 * @param uri `file:<folder>` (relative to `base`, or absolute) or
 * `s3://<bucket>/<prefix>?endpoint=<url>&region=<region>`; nothing is read or written yet
 * @throws StoreAddressInvalid
 */
export function openStore(uri: string, base: string = process.cwd()): ObjectStore {
  if (uri.startsWith('s3://')) return S3Store.at(uri);
  if (!uri.startsWith('file:') || uri === 'file:') throw new StoreAddressInvalid(uri, 'it is neither file: nor s3://');
  if (!uri.startsWith('file://')) return new FilesystemStore(resolve(base, uri.slice('file:'.length)));
  try {
    return new FilesystemStore(fileURLToPath(uri));
  } catch (error) {
    throw new StoreAddressInvalid(uri, (error as Error).message);
  }
}

/**
 * Start-up self-test: a second create must be refused and change nothing, and of several at once one must win.
 *
 * @throws StoreWithoutConditionalCreate when the store answers but does not keep the promise
 */
export async function proveConditionalCreate(store: ObjectStore): Promise<void> {
  const key = `self-test/${randomUUID()}`;
  const bodies = Array.from({ length: 4 }, (_, i) => Buffer.from(`writer ${i}`));
  try {
    const outcomes = await Promise.all(bodies.map((body) => store.create(key, body)));
    // None at all is possible: an answer that was lost on the way is 'exists' on the retry.
    const winners = outcomes.filter((outcome) => outcome === 'created').length;
    if (winners > 1) {
      throw new StoreWithoutConditionalCreate(store.uri, `of four writers ${winners} were told that they created it`);
    }
    const first = await store.get(key);
    if ((await store.create(key, Buffer.from('late writer'))) !== 'exists') {
      throw new StoreWithoutConditionalCreate(store.uri, 'an object that exists could be created again');
    }
    if (!Buffer.from(first).equals(await store.get(key))) {
      throw new StoreWithoutConditionalCreate(store.uri, 'a refused create still replaced the object');
    }
    const won = bodies[outcomes.indexOf('created')];
    if (won && !won.equals(first)) {
      throw new StoreWithoutConditionalCreate(store.uri, 'the object does not hold what its only creator wrote');
    }
  } finally {
    await store.remove(key);
  }
}
