/** Reading snapshots back: the manifest by its digest, and its files as verified local copies. */
import type { z } from 'zod';
import { fetchBlob, getByDigest, putByDigest } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type FeatureSnapshot, featureSnapshot, type RawSnapshot, rawSnapshot, type SnapshotRef } from './contract.ts';

const schemas = { raw: rawSnapshot, features: featureSnapshot } as const;
export type SnapshotKind = keyof typeof schemas;
export type SnapshotOf<K extends SnapshotKind> = z.output<(typeof schemas)[K]>;
export type FeaturePart = FeatureSnapshot['parts'][number]['part'];

/** @throws ObjectMissing; ObjectCorrupt when it is damaged or of the other kind */
export function readSnapshot<K extends SnapshotKind>(
  store: ObjectStore,
  digest: string,
  kind: K,
): Promise<SnapshotOf<K>> {
  return getByDigest(store, 'snapshots', digest, schemas[kind]) as Promise<SnapshotOf<K>>;
}

/** Stores a manifest whose files are blobs already. The same content always has the same digest. */
export async function writeSnapshot(
  store: ObjectStore,
  manifest: RawSnapshot | FeatureSnapshot,
): Promise<{ digest: string }> {
  return { digest: await putByDigest(store, 'snapshots', schemas[manifest.kind].parse(manifest)) };
}

/**
 * Local, verified Parquet paths: of a raw snapshot in time order, of a feature snapshot in the order of its parts.
 *
 * @param part only this part of a feature snapshot
 * @throws ObjectMissing, ObjectCorrupt
 */
export async function localFiles(
  store: ObjectStore,
  snapshot: RawSnapshot | FeatureSnapshot,
  cacheDir: string,
  part?: FeaturePart,
): Promise<string[]> {
  const files =
    snapshot.kind === 'raw'
      ? snapshot.files
      : snapshot.parts.filter((each) => part === undefined || each.part === part).map(({ file }) => file);
  const paths: string[] = [];
  for (const { sha256 } of files) paths.push(await fetchBlob(store, sha256, cacheDir));
  return paths;
}

/** What histories carry of a snapshot. */
export function snapshotRef(digest: string, manifest: RawSnapshot | FeatureSnapshot): SnapshotRef {
  const rows =
    manifest.kind === 'raw' ? manifest.rows : manifest.parts.reduce((total, { file }) => total + file.rows, 0);
  return { kind: manifest.kind, digest, rows };
}
