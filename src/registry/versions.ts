/** Versions: immutable manifests over content-addressed files, and what was attested about them later. */
import { z } from 'zod';
import { blobKey, canonicalJson, findDocument, getDocument, putDocument, sha256Of } from '../store/content.ts';
import { ObjectCorrupt, ObjectMissing } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import {
  type Digest,
  type LedgerEntry,
  type VersionManifest,
  type VersionStatus,
  versionManifest,
} from './contract.ts';
import { VersionMissing, VersionTaken } from './errors.ts';
import { attestationKey, manifestKey } from './keys.ts';
import { openLedger } from './ledger.ts';

/** Who made a version: one run makes at most one judged and one fully refitted version. */
type Maker = Pick<VersionManifest, 'run' | 'refit'>;

export interface ListedVersion {
  readonly version: number;
  readonly run: string | null;
  readonly registered_at: string;
  readonly as_of: string;
  readonly status: VersionStatus;
  readonly manifest: Digest;
}

/**
 * The number to write a version under: the one that this run wrote already, or the first free one from `from` on (the
 * ledger's `nextVersion`). Manifests that dead runs left behind keep their numbers.
 */
export async function allocateVersion(store: ObjectStore, model: string, from: number, maker: Maker): Promise<number> {
  for (let version = from; ; version++) {
    const found = await findDocument(store, manifestKey(model, version), versionManifest);
    if (!found || isBy(maker, found)) return version;
  }
}

/**
 * Writes a manifest last and once. Its files must be stored already. A retry of the same run finds its earlier work.
 *
 * @returns the digest of the manifest that stands in the store
 * @throws ObjectMissing, ObjectCorrupt when a file is not stored as the manifest says; VersionTaken when another run has this number
 */
export async function writeVersion(store: ObjectStore, manifest: VersionManifest): Promise<Digest> {
  const checked = versionManifest.parse(manifest);
  for (const file of checked.files) {
    const key = blobKey(file.sha256);
    const size = await store.size(key);
    if (size === undefined) throw new ObjectMissing(store.uri, key);
    if (size !== file.bytes)
      throw new ObjectCorrupt(store.uri, key, `${file.name} has ${size} bytes instead of ${file.bytes}`);
  }
  const key = manifestKey(checked.model, checked.version);
  const body = Buffer.from(canonicalJson(checked));
  if ((await store.create(key, body)) === 'created') return sha256Of(body);

  const standing = await store.get(key);
  if (body.equals(standing)) return sha256Of(body);
  const found = await getDocument(store, key, versionManifest);
  if (!isBy(checked, found)) throw new VersionTaken(checked.model, checked.version, found.run);
  return sha256Of(standing);
}

/**
 * @param expected the manifest's digest as the ledger has it, where the caller knows it
 * @throws VersionMissing, ObjectCorrupt
 */
export async function readVersion(
  store: ObjectStore,
  model: string,
  version: number,
  expected?: Digest,
): Promise<VersionManifest> {
  const key = manifestKey(model, version);
  const body = await store.find(key);
  if (!body) throw new VersionMissing(model, version);
  const found = sha256Of(body);
  if (expected !== undefined && found !== expected) {
    throw new ObjectCorrupt(store.uri, key, `the ledger registered sha256 ${expected}, found ${found}`);
  }
  const manifest = await getDocument(store, key, versionManifest);
  if (manifest.model === model && manifest.version === version) return manifest;
  throw new ObjectCorrupt(store.uri, key, `it is the manifest of version ${manifest.version} of ${manifest.model}`);
}

/** Adds a write-once document such as `gate` or `approval-1`. @throws ObjectConflict when another one stands there */
export async function attest(
  store: ObjectStore,
  model: string,
  version: number,
  name: string,
  body: unknown,
): Promise<void> {
  await putDocument(store, attestationKey(model, version, name), body);
}

/** @returns undefined when there is none @throws ObjectCorrupt when it does not fit the schema */
export async function readAttestation<S extends z.ZodType = z.ZodUnknown>(
  store: ObjectStore,
  model: string,
  version: number,
  name: string,
  schema?: S,
): Promise<z.output<S> | undefined> {
  const found = await findDocument(store, attestationKey(model, version, name), schema ?? z.unknown());
  return found as z.output<S> | undefined;
}

/**
 * The status of a version after these entries (all of the model's, in order).
 *
 * An undone rollout leaves it `staging`: the undo says that the rollout failed, not that the version is bad.
 */
export function versionStatus(entries: Iterable<LedgerEntry>, version: number): VersionStatus {
  let status: VersionStatus = 'dev';
  for (const { change, state } of entries) {
    const isChampion = state.aliases.champion?.version === version;
    if (isChampion) status = 'production';
    else if (change.kind === 'version_staged' && change.version === version) status = 'staging';
    else if (change.kind === 'version_rejected' && change.version === version) status = 'rejected';
    else if (change.kind === 'version_archived' && change.version === version) status = 'archived';
    else if (change.kind === 'rolled_back' && change.from === version) status = 'rejected';
    else if (change.kind === 'rollout_undone' && change.version === version) status = 'staging';
    else if (status === 'production') status = 'archived';
  }
  return status;
}

/** Every registered version, oldest first. */
export async function listVersions(store: ObjectStore, model: string): Promise<ListedVersion[]> {
  const entries: LedgerEntry[] = [];
  for await (const entry of openLedger(store, model).entries()) entries.push(entry);
  return entries.flatMap(({ change, at, as_of }) => {
    if (change.kind !== 'version_registered') return [];
    const { version, run, manifest } = change;
    return [{ version, run, manifest, registered_at: at, as_of, status: versionStatus(entries, version) }];
  });
}

/** Imports have no run to recognise them by, so only identical content is the same import. */
const isBy = (maker: Maker, found: VersionManifest): boolean =>
  maker.run !== null && found.run === maker.run && found.refit === maker.refit;
