/** Sources under an S3 prefix: objects become local copies, kept by digest in the cache and fetched once a version. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { sha256Of, sha256OfFile } from '../../store/content.ts';
import { S3Store } from '../../store/s3-store.ts';
import { SourceIncomplete, SourceMissing } from './errors.ts';
import { partitionKeys } from './partitions.ts';
import { type FileFormat, type Found, isData, type SourceFile } from './source-files.ts';

export interface ObjectsWish {
  readonly cacheDir: string;
  /** Folder of this piece of work: links with the objects' own endings lie there. */
  readonly dir: string;
  readonly format: FileFormat | undefined;
  readonly marker: string | undefined;
  /** Leaves out objects that are not needed, before they are fetched. */
  readonly choose: <F extends Pick<SourceFile, 'origin' | 'partitions'>>(files: readonly F[]) => F[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * An object is written whole or not at all, so only a missing object or marker can make a prefix incomplete.
 *
 * @param uri `s3://bucket/prefix?endpoint=…`, or such an address of one object; credentials come from the environment
 * @throws SourceMissing, SourceIncomplete; the store's own errors where it cannot be reached or refuses
 */
export async function fetchObjects(uri: string, wish: ObjectsWish): Promise<Found> {
  const { cacheDir, dir, format, marker, choose, signal } = wish;
  const { prefix, only } = split(uri, format);
  const store = S3Store.at(prefix);
  const keys: string[] = [];
  for await (const key of store.list('')) keys.push(key);
  const present = new Set(keys);
  const wanted = keys.filter((key) => (only === undefined ? isData(key, format) : key === only));
  if (wanted.length === 0) throw new SourceMissing(uri.split('?')[0] ?? uri, store.uri);
  const complete = (key: string) => marker === undefined || folders(key).some((at) => present.has(`${at}${marker}`));
  const waiting = wanted.filter((key) => !complete(key));
  const ready = choose(
    wanted.filter(complete).map((key) => ({
      key,
      origin: `${store.uri}/${key}`,
      partitions: partitionKeys(key.split('/')),
    })),
  );
  if (waiting.length === wanted.length) {
    throw new SourceIncomplete(store.uri, `no folder in it has the marker ${marker} yet`);
  }

  const files: SourceFile[] = [];
  const root = join(dir, 'objects');
  await mkdir(root, { recursive: true });
  for (const [i, { key, ...rest }] of ready.entries()) {
    signal?.throwIfAborted();
    const path = join(root, `${i}-${basename(key)}`);
    await symlink(await cachedCopy(store, key, cacheDir), path);
    const { size, ctimeMs } = await stat(path);
    files.push({ path, name: key, bytes: size, modifiedMs: ctimeMs, ...rest });
  }
  const producer = '_producer.json';
  if (present.has(producer)) await store.download(producer, join(root, producer));
  return { files, waiting, root };
}

/** A verified copy by digest; what the object's tag stood for last time is remembered, so that it need not travel again. */
async function cachedCopy(store: S3Store, key: string, cacheDir: string): Promise<string> {
  const at = (sha256: string) => join(cacheDir, sha256.slice(0, 2), sha256);
  const isWhole = async (sha256: string) => (await sha256OfFile(at(sha256)).catch(() => undefined)) === sha256;
  const tag = await store.tag(key);
  const memory = join(cacheDir, 'sources', sha256Of(JSON.stringify([store.uri, key, tag])));
  const known = await readFile(memory, 'utf8').catch(() => undefined);
  if (known !== undefined && (await isWhole(known))) return at(known);
  const aside = join(cacheDir, `${randomUUID()}.part`);
  try {
    await store.download(key, aside);
    const sha256 = await sha256OfFile(aside);
    await mkdir(dirname(at(sha256)), { recursive: true });
    if (!(await isWhole(sha256))) await rename(aside, at(sha256));
    // an object that was replaced meanwhile is fetched again next time
    if ((await store.tag(key)) === tag) {
      await mkdir(dirname(memory), { recursive: true });
      await writeFile(memory, sha256);
    }
    return at(sha256);
  } finally {
    await rm(aside, { force: true });
  }
}

/** An address that ends like a file means this one object under the prefix before it. */
function split(uri: string, format: FileFormat | undefined): { prefix: string; only?: string } {
  const [place = '', query] = uri.split('?', 2);
  const tail = query === undefined ? '' : `?${query}`;
  const last = basename(place);
  const isObject =
    place.split('/').length > 3 &&
    (isData(last, format ?? 'parquet') || /\.(csv|tsv|jsonl|ndjson|json)(\.gz)?$/.test(last));
  return isObject ? { prefix: `${dirname(place)}${tail}`, only: last } : { prefix: `${place}${tail}` };
}

/** `a/b/c.csv` → `a/b/`, `a/`, ``. */
function folders(key: string): string[] {
  const segments = key.split('/').slice(0, -1);
  return Array.from({ length: segments.length + 1 }, (_, i) =>
    segments
      .slice(0, i)
      .map((part) => `${part}/`)
      .join(''),
  );
}
