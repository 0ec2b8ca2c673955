/** Content-addressed blobs and write-once documents on top of any store: what is read is checked against its digest. */
import { randomUUID } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import { canonicalJson } from './canonical-json.ts';
import { sha256Of, sha256OfFile } from './digest.ts';
import { ObjectConflict, ObjectCorrupt, ObjectMissing } from './errors.ts';
import { errnoOf } from './file-errors.ts';
import type { LocalFile, ObjectStore } from './object-store.ts';

export { canonicalJson } from './canonical-json.ts';
export { sha256Of, sha256OfFile } from './digest.ts';

/** SHA-256 of the canonical JSON of a value. */
export function digestOf(value: unknown): string {
  return sha256Of(canonicalJson(value));
}

/** What a manifest says about a file. */
export interface StoredFile {
  name: string;
  sha256: string;
  bytes: number;
}

/** Where a blob lies: `blobs/<first two digits>/<sha256>`. */
export function blobKey(sha256: string): string {
  return `blobs/${sha256.slice(0, 2)}/${sha256}`;
}

/**
 * Stores bytes under their own digest; a blob that is there already is read back and checked.
 *
 * @param name what the file is called in its manifest
 * @throws ObjectCorrupt when the stored blob is damaged, or when a local file changed while it was being stored
 */
export async function putBlob(store: ObjectStore, body: Uint8Array | LocalFile, name: string): Promise<StoredFile> {
  if (body instanceof Uint8Array) {
    const sha256 = sha256Of(body);
    if ((await store.create(blobKey(sha256), body)) === 'exists') await getBlob(store, sha256);
    return { name, sha256, bytes: body.byteLength };
  }
  const before = await stat(body.path);
  const sha256 = await sha256OfFile(body.path);
  const outcome = await store.create(blobKey(sha256), body);
  if (outcome === 'exists') {
    await verifyBlob(store, sha256);
  } else {
    const after = await stat(body.path);
    if (after.mtimeMs !== before.mtimeMs || after.size !== before.size) {
      await store.remove(blobKey(sha256)); // ours alone: nobody refers to it yet
      throw new ObjectCorrupt(store.uri, blobKey(sha256), `${body.path} changed while it was being stored`);
    }
  }
  return { name, sha256, bytes: before.size };
}

/** @throws ObjectMissing, or ObjectCorrupt when one bit differs */
export async function getBlob(store: ObjectStore, sha256: string): Promise<Uint8Array> {
  const key = blobKey(sha256);
  const body = await store.get(key);
  expectDigest(store, key, sha256, sha256Of(body));
  return body;
}

/**
 * A local, verified copy of a blob, cached by hash. Safe for many processes sharing `cacheDir`: a copy gets its name only
 * when it is complete and checked, and a damaged cached copy is fetched again.
 *
 * @returns its path; treat the file as read-only
 */
export async function fetchBlob(store: ObjectStore, sha256: string, cacheDir: string): Promise<string> {
  const key = blobKey(sha256);
  const path = join(cacheDir, sha256.slice(0, 2), sha256);
  if ((await digestIfPresent(path)) === sha256) return path;
  const aside = `${path}.${randomUUID()}`;
  try {
    await store.download(key, aside);
    expectDigest(store, key, sha256, await sha256OfFile(aside));
    await rename(aside, path);
  } finally {
    await rm(aside, { force: true });
  }
  return path;
}

/**
 * Writes a document once. Writing the same content again is no error, so a retry after a lost answer succeeds.
 *
 * @throws ObjectConflict when other content stands there
 */
export async function putDocument(store: ObjectStore, key: string, value: unknown): Promise<void> {
  const body = Buffer.from(canonicalJson(value));
  if ((await store.create(key, body)) === 'created') return;
  const found = await store.get(key);
  if (!body.equals(found)) throw new ObjectConflict(store.uri, key, sha256Of(body), sha256Of(found));
}

/** Writes a document unless one stands there: of two writers at once the first wins. @returns the one that stands */
export async function putFirst<S extends z.ZodType>(
  store: ObjectStore,
  key: string,
  schema: S,
  value: z.input<S>,
): Promise<z.output<S>> {
  const body = Buffer.from(canonicalJson(schema.parse(value)));
  await store.create(key, body);
  return getDocument(store, key, schema);
}

/** Stores a document at `<folder>/<digest>.json`. @returns the digest */
export async function putByDigest(store: ObjectStore, folder: string, value: unknown): Promise<string> {
  const digest = digestOf(value);
  await putDocument(store, `${folder}/${digest}.json`, value);
  return digest;
}

/** @throws ObjectMissing, or ObjectCorrupt when content and digest, or content and schema, do not fit */
export async function getByDigest<S extends z.ZodType>(
  store: ObjectStore,
  folder: string,
  digest: string,
  schema: S,
): Promise<z.output<S>> {
  const key = `${folder}/${digest}.json`;
  const body = await store.get(key);
  expectDigest(store, key, digest, sha256Of(body));
  return parseDocument(store, key, body, schema);
}

/** @throws ObjectMissing, or ObjectCorrupt when it is no JSON or does not fit the schema */
export async function getDocument<S extends z.ZodType>(
  store: ObjectStore,
  key: string,
  schema: S,
): Promise<z.output<S>> {
  const found = await findDocument(store, key, schema);
  if (found === undefined) throw new ObjectMissing(store.uri, key);
  return found;
}

/** As `getDocument`, but undefined when there is none. */
export async function findDocument<S extends z.ZodType>(
  store: ObjectStore,
  key: string,
  schema: S,
): Promise<z.output<S> | undefined> {
  const body = await store.find(key);
  return body && parseDocument(store, key, body, schema);
}

/** @throws ObjectCorrupt with the path of the first field that does not fit */
export function parseDocument<S extends z.ZodType>(
  store: ObjectStore,
  key: string,
  body: Uint8Array,
  schema: S,
): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch (error) {
    throw new ObjectCorrupt(store.uri, key, `it is no JSON (${body.byteLength} bytes)`, { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.length ? issue.path.join('.') : 'the document';
  throw new ObjectCorrupt(store.uri, key, `${where}: ${issue?.message ?? 'does not fit its schema'}`);
}

/** Reads a stored blob of any size once and compares. @throws ObjectMissing, or ObjectCorrupt when one bit differs */
export async function verifyBlob(store: ObjectStore, sha256: string): Promise<void> {
  const aside = join(tmpdir(), `hone-check-${randomUUID()}`);
  try {
    await store.download(blobKey(sha256), aside);
    expectDigest(store, blobKey(sha256), sha256, await sha256OfFile(aside));
  } finally {
    await rm(aside, { force: true });
  }
}

async function digestIfPresent(path: string): Promise<string | undefined> {
  try {
    return await sha256OfFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function expectDigest(store: ObjectStore, key: string, expected: string, found: string): void {
  if (found !== expected) throw new ObjectCorrupt(store.uri, key, `expected sha256 ${expected}, found ${found}`);
}
