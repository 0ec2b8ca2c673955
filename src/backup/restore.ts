/** Brings a backup back into an empty store: everything is checked before the first object is written, and again after the last. */
import { openLedger } from '../registry/ledger.ts';
import { verifyLedger } from '../registry/verify.ts';
import { findDocument, sha256Of } from '../store/content.ts';
import { ObjectKeyRefused } from '../store/errors.ts';
import { checkKey } from '../store/keys.ts';
import type { ObjectStore } from '../store/object-store.ts';
import {
  BACKUPS,
  type BackedUpObject,
  type BackupManifest,
  backupId,
  backupManifest,
  contentKey,
  manifestKey,
} from './contract.ts';
import { eachOf, withObject } from './copy.ts';
import { BackupDamaged, BackupMissing, RestoreRefused } from './errors.ts';

export interface RestoreOrder {
  /** Where the backups lie. */
  readonly place: ObjectStore;
  readonly store: ObjectStore;
  readonly manifest: BackupManifest;
  readonly workDir: string;
  readonly onProgress: (step: 'checked' | 'written', objects: number) => void;
  readonly signal: AbortSignal;
}

export interface RestoredModel {
  readonly model: string;
  readonly entries: number;
  readonly champion: number | null;
  /** Holds the lock; its owner gives it back when Temporal does not know the run any more. */
  readonly activeRun: string | null;
}

/** Ids of the backups of a place, oldest first. Those that did not end are not among them. */
export async function listBackups(place: ObjectStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const key of place.list(BACKUPS)) ids.push(key.slice(BACKUPS.length, -'.json'.length));
  return ids.filter((id) => backupId.safeParse(id).success);
}

/** @param id default: the newest @throws BackupMissing, or ObjectCorrupt when its manifest is none */
export async function readBackup(place: ObjectStore, id?: string): Promise<BackupManifest> {
  const wanted = id ?? (await listBackups(place)).at(-1);
  const found = wanted && backupId.safeParse(wanted).success;
  const manifest = found ? await findDocument(place, manifestKey(wanted), backupManifest) : undefined;
  if (manifest === undefined) throw new BackupMissing(place.uri, id, await listBackups(place));
  return manifest;
}

/** Reads all content and compares it with the digests. Writes nothing. @throws BackupDamaged */
export async function checkBackup({ place, manifest, workDir, onProgress, signal }: Omit<RestoreOrder, 'store'>) {
  const problems: string[] = [];
  let checked = 0;
  const names = new Map(manifest.objects.map((object) => [object.sha256, object]));
  for (const { key } of manifest.objects) {
    try {
      checkKey(key);
    } catch (error) {
      if (!(error instanceof ObjectKeyRefused)) throw error;
      problems.push(error.message);
    }
  }
  await eachOf([...names.values()], signal, async ({ key, sha256, bytes }) => {
    const found = await withObject(place, contentKey(sha256), workDir, async (fetched) => fetched);
    if (found === undefined) problems.push(`the content of "${key}" is missing`);
    else if (found.sha256 !== sha256) problems.push(`the content of "${key}" has sha256 ${found.sha256.slice(0, 12)}…`);
    else if (found.bytes !== bytes) problems.push(`the content of "${key}" has ${found.bytes} bytes, not ${bytes}`);
    onProgress('checked', ++checked);
  });
  if (problems.length > 0) throw new BackupDamaged(place.uri, manifest.id, problems.sort());
}

/**
 * A restore that was cut off may be started again: what it wrote is found and kept.
 *
 * @throws BackupDamaged, RestoreRefused before anything is written; BackupDamaged when the ledgers are not those of the backup
 */
export async function restoreBackup(order: RestoreOrder): Promise<RestoredModel[]> {
  const { place, store, manifest, onProgress, signal } = order;
  await refuseStrangers(store, manifest.objects);
  await checkBackup(order);
  let written = 0;
  // Ledgers last and in their order: until its first entry is there, a model does not exist.
  const [entries, others] = parted(manifest.objects, ({ key }) => /^models\/[^/]+\/ledger\//.test(key));
  const write = async (object: BackedUpObject) => {
    await bring(order, object);
    onProgress('written', ++written);
  };
  await eachOf(others, signal, write);
  for (const entry of entries.sort((a, b) => (a.key < b.key ? -1 : 1))) await write(entry);
  return await Promise.all(manifest.heads.map((head) => checkHead(place, store, manifest.id, head)));
}

async function refuseStrangers(store: ObjectStore, objects: readonly BackedUpObject[]): Promise<void> {
  const own = new Map(objects.map(({ key, sha256 }) => [key, sha256]));
  for await (const key of store.list('')) {
    const expected = own.get(key);
    if (expected === undefined) throw new RestoreRefused(store.uri, `it holds "${key}", which is not of this backup`);
    if (key.startsWith('blobs/')) continue; // by content; checked when it is read
    const body = await store.find(key);
    if (body && sha256Of(body) !== expected)
      throw new RestoreRefused(store.uri, `it holds another "${key}" than this backup`);
  }
}

async function bring(
  { place, store, manifest, workDir }: RestoreOrder,
  { key, sha256 }: BackedUpObject,
): Promise<void> {
  const outcome = await withObject(place, contentKey(sha256), workDir, async (fetched) => {
    if (fetched.sha256 !== sha256)
      throw new BackupDamaged(place.uri, manifest.id, [`"${key}" changed since it was checked`]);
    return await store.create(key, fetched.body);
  });
  if (outcome === undefined) throw new BackupDamaged(place.uri, manifest.id, [`the content of "${key}" went away`]);
  if (outcome === 'created') return;
  const standing = await withObject(store, key, workDir, async (fetched) => fetched.sha256);
  if (standing !== sha256) throw new RestoreRefused(store.uri, `another "${key}" was written meanwhile`);
}

async function checkHead(
  place: ObjectStore,
  store: ObjectStore,
  id: string,
  { model, seq, hash }: BackupManifest['heads'][number],
): Promise<RestoredModel> {
  const { ok, entries, head, problem } = await verifyLedger(store, model);
  if (!ok || head !== hash) {
    const wrong = problem ?? `its newest entry is ${entries}, not ${seq} with the digest of the backup`;
    throw new BackupDamaged(place.uri, id, [`the ledger of ${model}: ${wrong}`]);
  }
  const state = await openLedger(store, model).state();
  return {
    model,
    entries,
    champion: state.aliases.champion?.version ?? null,
    activeRun: state.activeRun?.run ?? null,
  };
}

function parted<T>(items: readonly T[], holds: (item: T) => boolean): [T[], T[]] {
  return [items.filter(holds), items.filter((item) => !holds(item))];
}
