/** Whether a registered version is what was written: its manifest, each file, what it says it was made of. Uses nothing remembered. */

import { z } from 'zod';
import { HoneError } from '../errors.ts';
import { blobKey, getByDigest, verifyBlob } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { VersionManifest, VersionStatus } from './contract.ts';
import { manifestKey } from './keys.ts';
import { listVersions, readVersion } from './versions.ts';

export interface CheckedVersion {
  readonly model: string;
  readonly version: number;
  readonly status: VersionStatus;
  /** Files that were read whole. */
  readonly files: number;
  /** Why it cannot be served; empty where it can. */
  readonly problems: readonly string[];
  /** What it was made of and is not there any more: it serves, and cannot be made again. */
  readonly gaps: readonly string[];
}

export interface VersionCheckOptions {
  readonly store: ObjectStore;
  readonly model: string;
  /** Loads a version as a prediction server does; throws where it cannot. */
  readonly load: (version: number) => Promise<void>;
  readonly onVersion?: (checked: CheckedVersion) => void;
}

/** Every registered version, oldest first. @throws StoreUnreachable, LedgerDamaged: a version's own trouble is a finding */
export async function checkVersions({ store, model, load, onVersion }: VersionCheckOptions): Promise<CheckedVersion[]> {
  const checked: CheckedVersion[] = [];
  const listed = await listVersions(store, model);
  const numbers = new Set(listed.map(({ version }) => version));
  for (const { version, status, manifest: digest } of listed) {
    const problems: string[] = [];
    const gaps: string[] = [];
    const manifest = await finding(problems, () => readVersion(store, model, version, digest));
    for (const { sha256 } of manifest?.files ?? []) await finding(problems, () => verifyBlob(store, sha256));
    if (manifest) await origins(store, manifest, numbers, gaps);
    if (manifest && problems.length === 0) await finding(problems, () => load(version));
    const one = { model, version, status, files: manifest?.files.length ?? 0, problems, gaps };
    checked.push(one);
    onVersion?.(one);
  }
  return checked;
}

/** As far as the registry knows the documents: that they are there under their digest, and name files that are there. */
const anything = z.looseObject({});

async function origins(store: ObjectStore, manifest: VersionManifest, known: ReadonlySet<number>, gaps: string[]) {
  const { config, data, reference_profile, champion, twin, model } = manifest;
  await finding(gaps, () => getByDigest(store, 'configs', config, anything));
  if (reference_profile) await finding(gaps, () => getByDigest(store, 'profiles', reference_profile, anything));
  for (const digest of data ? [data.raw, data.features] : []) {
    const snapshot = await finding(gaps, () => getByDigest(store, 'snapshots', digest, anything));
    for (const sha256 of digestsIn(snapshot))
      if ((await store.size(blobKey(sha256))) === undefined)
        gaps.push(`snapshot ${digest.slice(0, 12)}… names the file ${sha256.slice(0, 12)}…, which is not there`);
  }
  for (const [what, number] of [
    ['champion', champion],
    ['twin', twin],
  ] as const)
    if (number !== null && !known.has(number))
      gaps.push(`its ${what} of that time, ${manifestKey(model, number)}, is not registered`);
}

/** SHA-256 of the files of a snapshot. */
function digestsIn(snapshot: unknown): string[] {
  const text = snapshot === undefined ? '' : JSON.stringify(snapshot);
  return [...new Set([...text.matchAll(/"sha256":"([0-9a-f]{64})"/g)].map(([, sha256 = '']) => sha256))];
}

async function finding<T>(into: string[], work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HoneError) || error.retryable) throw error;
    into.push(error.message);
    return undefined;
  }
}
