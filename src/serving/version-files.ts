/** Everything that serving needs of a version, fetched, checked by digest and kept on local disk for a start without the store. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { modelConfig } from '../config/model.ts';
import { configSnapshotSchema } from '../config/snapshot.ts';
import { lookupRef } from '../data/features/lookup-contract.ts';
import { fetchLookups, type LookupFiles, newestLookups } from '../data/features/online-lookup.ts';
import { parseJson } from '../json.ts';
import { type GoldenRow, type Signature, versionManifest, versionNumber } from '../registry/contract.ts';
import { readVersion } from '../registry/versions.ts';
import { fetchBlob, getBlob, getByDigest, sha256Of } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { FEATURE_DEFINITION_FILE, MODEL_FILE, type ServedDefinition, servedDefinition } from './contract.ts';
import { VersionNotServable } from './errors.ts';

/** `configs/<digest>.json`, as far as serving reads it. */
const configSnapshot = z.object({ model: configSnapshotSchema.shape.model });

const lookupsCopy = z.object({ key: z.string().nullable(), lookups: z.array(lookupRef) });
const localCopy = z.object({
  manifest: versionManifest,
  served: servedDefinition,
  log: modelConfig.shape.monitoring.shape.log,
  positive: z.union([z.string(), z.number(), z.boolean()]).nullable(),
});

/** What a process needs to score: plain data, so that it can be handed to another process. */
export interface ScoreSource {
  readonly model: string;
  readonly version: number;
  readonly signature: Signature;
  readonly golden: GoldenRow[];
  readonly served: ServedDefinition;
  readonly modelPath: string;
  readonly modelSha256: string;
  /** Where the definition has joins or windows. */
  readonly lookups: LookupFiles | null;
}

export interface VersionFiles {
  readonly source: ScoreSource;
  /** `monitoring.log` of the configuration that the version was made with. */
  readonly log: z.output<typeof modelConfig>['monitoring']['log'];
  /** The label value that counts as 1 (binary). */
  readonly positive: string | number | boolean | null;
}

/**
 * @throws VersionNotServable when the version lacks a file or they contradict each other; ObjectMissing, ObjectCorrupt,
 * StoreUnreachable from the store (not when everything was fetched before: versions never change)
 */
export async function fetchVersion(
  store: ObjectStore,
  model: string,
  version: number,
  cacheDir: string,
): Promise<VersionFiles> {
  versionNumber.parse(version);
  const path = join(servedFolder(store, model, cacheDir), `${version}.json`);
  const copy = (await readCopy(path)) ?? (await download(store, model, version));
  const file = copy.manifest.files.find(({ name }) => name === MODEL_FILE);
  if (!file) throw new VersionNotServable(model, version, `its manifest lists no ${MODEL_FILE}`);
  const modelPath = await fetchBlob(store, file.sha256, join(cacheDir, 'blobs'));
  await writeAside(path, JSON.stringify(copy));
  const { signature, golden } = copy.manifest;
  const { served } = copy;
  const lookups = await lookupsOf(store, { model, version, served }, cacheDir);
  return {
    source: { model, version, signature, golden, served, modelPath, modelSha256: file.sha256, lookups },
    log: copy.log,
    positive: copy.positive,
  };
}

/** The newest published ones; without a store those that were used last here, and at first those of the registration. */
async function lookupsOf(
  store: ObjectStore,
  source: Pick<ScoreSource, 'model' | 'version' | 'served'>,
  cacheDir: string,
): Promise<LookupFiles | null> {
  const { model, version, served } = source;
  const registered = served.lookups ?? [];
  if (registered.length === 0) return null;
  const path = lookupCopy(store, model, version, cacheDir);
  try {
    const newest = await newestLookups(store, model, served.definition.digest, join(cacheDir, 'blobs'));
    const found = newest ?? (await fetchLookups(store, null, registered, join(cacheDir, 'blobs')));
    await writeAside(path, JSON.stringify({ key: found.key, lookups: found.lookups }));
    return found;
  } catch (error) {
    const copy = lookupsCopy.safeParse(parseJson(await readFile(path).catch(() => Buffer.from(''))));
    if (!copy.success) throw error;
    return await fetchLookups(store, copy.data.key, copy.data.lookups, join(cacheDir, 'blobs'));
  }
}

/** @returns null when the version has no lookups or nothing newer was published. @throws as `newestLookups` */
export async function newerLookups(
  store: ObjectStore,
  { model, version, served, lookups }: ScoreSource,
  cacheDir: string,
): Promise<LookupFiles | null> {
  if (lookups === null) return null;
  const { digest } = served.definition;
  const newer = await newestLookups(store, model, digest, join(cacheDir, 'blobs'), lookups.key ?? undefined);
  if (newer === null) return null;
  await writeAside(
    lookupCopy(store, model, version, cacheDir),
    JSON.stringify({ key: newer.key, lookups: newer.lookups }),
  );
  return newer;
}

function lookupCopy(store: ObjectStore, model: string, version: number, cacheDir: string): string {
  return join(servedFolder(store, model, cacheDir), `${version}-lookups.json`);
}

async function download(store: ObjectStore, model: string, version: number): Promise<z.output<typeof localCopy>> {
  const manifest = await readVersion(store, model, version);
  const file = manifest.files.find(({ name }) => name === FEATURE_DEFINITION_FILE);
  if (!file) throw new VersionNotServable(model, version, `its manifest lists no ${FEATURE_DEFINITION_FILE}`);
  const parsed = servedDefinition.safeParse(parseJson(await getBlob(store, file.sha256)));
  if (!parsed.success) {
    throw new VersionNotServable(
      model,
      version,
      `its ${FEATURE_DEFINITION_FILE} does not fit the contract (${z.prettifyError(parsed.error)})`,
    );
  }
  const served = parsed.data;
  const { numeric, categorical } = manifest.signature;
  if (
    JSON.stringify([numeric, categorical]) !==
    JSON.stringify([served.definition.numeric, served.definition.categorical])
  ) {
    throw new VersionNotServable(
      model,
      version,
      'its features are not those of its signature, or stand in another order',
    );
  }
  const config = (await getByDigest(store, 'configs', manifest.config, configSnapshot)).model;
  return { manifest, served, log: config.monitoring.log, positive: config.data.label.positive ?? null };
}

/** Local copies of what is served of a model, so that a node starts while the store is away. */
export function servedFolder(store: ObjectStore, model: string, cacheDir: string): string {
  return join(cacheDir, 'served', sha256Of(`${store.uri}\n${model}`).slice(0, 16));
}

/** Complete or not there: two nodes may share the folder. */
export async function writeAside(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const aside = `${path}.${randomUUID()}`;
  try {
    await writeFile(aside, text);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true }); // a full disk gets no fuller
    throw error;
  }
}

async function readCopy(path: string): Promise<z.output<typeof localCopy> | undefined> {
  const text = await readFile(path).catch(() => undefined);
  const parsed = text && localCopy.safeParse(parseJson(text));
  return parsed ? parsed.data : undefined; // a damaged copy is fetched again
}
