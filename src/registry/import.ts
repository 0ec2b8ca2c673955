/** Makes a model that was trained elsewhere a version: checked like any other, with what is not known left open. */
import type { ConfigSnapshot } from '../config/snapshot.ts';
import { durationMs } from '../config/values.ts';
import { readFeatureColumns } from '../data/columns.ts';
import type { RawSnapshot } from '../data/contract.ts';
import { featuresForWindow } from '../data/features/build.ts';
import { definitionFor, type FeatureDefinition } from '../data/features/definition.ts';
import { materialiseLookups } from '../data/features/lookups.ts';
import { ingest } from '../data/ingest/ingest.ts';
import { FEATURE_DEFINITION_FILE, MODEL_FILE, type ServedDefinition, servedDefinition } from '../serving/contract.ts';
import { ModelRuntime } from '../serving/model-runtime.ts';
import { canonicalJson, digestOf, fetchBlob, putBlob, putByDigest, sha256Of } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { openStore } from '../store/open-store.ts';
import { pickGolden } from '../training/parity.ts';
import { promote, registerVersion } from './changes.ts';
import type { GoldenRow, Signature, VersionManifest } from './contract.ts';
import { ImportDoesNotFit } from './errors.ts';
import { openLedger } from './ledger.ts';
import { allocateVersion, listVersions, readVersion, writeVersion } from './versions.ts';

export interface ImportOrder {
  readonly store: ObjectStore;
  readonly config: ConfigSnapshot;
  readonly model: Uint8Array;
  readonly signature: Signature;
  /** How raw rows become its input, where it is not as the configuration says now. */
  readonly served?: ServedDefinition;
  /** End of the event times it was fitted on. Not known: `asOf`, so that no older row may compare it. */
  readonly fitEnd: string | null;
  readonly asOf: string;
  readonly by: string;
  readonly reason: string;
  readonly code: VersionManifest['code'];
  /** Serve it at once. Only where nothing is served yet; by a person, without a gate. */
  readonly champion: boolean;
  readonly base: string;
  readonly workDir: string;
  readonly cacheDir: string;
  readonly signal?: AbortSignal;
}

export interface Imported {
  readonly version: number;
  /** The same file was imported before. */
  readonly found: boolean;
  readonly champion: boolean;
  readonly fit_end: string | null;
  readonly golden: number;
}

/** Rows of these days before maturity become golden rows. */
const SAMPLED_MS = durationMs('P14D');

/**
 * @throws ModelRefused, SignatureMismatch, ImportDoesNotFit before anything is written; LedgerConflict when it is to be
 * served while another version is
 */
export async function importVersion(order: ImportOrder): Promise<Imported> {
  const { store, config } = order;
  const name = config.model.model;
  const earlier = await sameFile(store, name, sha256Of(order.model));
  const manifest = earlier ?? (await write(order, await proven(order)));
  if (order.champion) await serve(order, manifest.version);
  const { version, fit_end, golden } = manifest;
  return { version, found: earlier !== null, champion: order.champion, fit_end, golden: golden.length };
}

interface Proven {
  readonly served: ServedDefinition;
  readonly golden: GoldenRow[];
  /** Local Parquet files of `served.lookups`, in their order. */
  readonly lookupPaths: readonly string[];
}

/** Loads the graph, holds its signature against the features, and scores real rows. Leaves nothing behind. */
async function proven(order: ImportOrder): Promise<Proven> {
  const { signature, asOf, workDir, cacheDir, base, signal } = order;
  const { model: config } = order.config;
  const runtime = await ModelRuntime.load(order.model, signature);
  try {
    if (signature.task !== config.task)
      throw new ImportDoesNotFit(config.model, `it is a ${signature.task} model, the file says ${config.task}`);
    // Only to look at: the rows are not what this version was made of.
    const store = openStore(`file:${workDir}/store`);
    const common = { store, config, asOf, cacheDir, workDir, ...(signal ? { signal } : {}) };
    const { ref, manifest } = await ingest({ ...common, base });
    const served = order.served ?? servedNow(order.config, manifest);
    requireSameFeatures(config.model, signature, served);
    const definition = served.definition as unknown as FeatureDefinition;
    const to = new Date(Date.parse(asOf) - durationMs(config.data.label.mature_after)).toISOString();
    const from = new Date(Date.parse(to) - SAMPLED_MS).toISOString();
    const path = await featuresForWindow({ ...common, definition, raw: ref.digest, from, to });
    const { numeric, categorical } = signature;
    const { lookups } = (await materialiseLookups({ ...common, definition, raw: ref.digest })) ?? {};
    const lookupPaths = await Promise.all((lookups ?? []).map(({ file }) => fetchBlob(store, file.sha256, cacheDir)));
    const golden = await pickGolden(runtime, await readFeatureColumns([path], { numeric, categorical }), 0);
    return { served: lookups ? { ...served, lookups } : served, golden, lookupPaths };
  } finally {
    await runtime.release();
  }
}

function servedNow({ model: config }: ConfigSnapshot, raw: RawSnapshot): ServedDefinition {
  const definition = definitionFor(config, raw);
  const hidden = new Set(definition.hidden);
  return servedDefinition.parse({
    definition: JSON.parse(JSON.stringify(definition)),
    ...(config.features.precomputed ? { precomputed: raw.producer } : {}),
    raw_types: Object.fromEntries(
      raw.columns.filter(({ name }) => !hidden.has(name)).map(({ name, type }) => [name, type]),
    ),
    id: config.data.id,
    entity: config.data.entity,
    event_time: config.data.event_time,
    threshold: config.task === 'binary' ? config.gate.decision.threshold : null,
  });
}

function requireSameFeatures(model: string, signature: Signature, { definition }: ServedDefinition): void {
  const differ = (kind: string, asked: readonly string[], given: readonly string[]) => {
    if (JSON.stringify(asked) === JSON.stringify(given)) return;
    throw new ImportDoesNotFit(
      model,
      `its ${kind} inputs are ${asked.join(', ') || 'none'}, while the features are ${given.join(', ') || 'none'}, in this order`,
    );
  };
  differ('numeric', signature.numeric, definition.numeric);
  differ('categorical', signature.categorical, definition.categorical);
}

async function write(order: ImportOrder, { served, golden, lookupPaths }: Proven): Promise<VersionManifest> {
  const { store, config, signature, asOf } = order;
  const model = config.model.model;
  const ledger = openLedger(store, model);
  const state = await ledger.state();
  const version = await allocateVersion(store, model, state.nextVersion, { run: null, refit: 'judged' });
  const manifest: VersionManifest = {
    contract: 1,
    ...{ model, version, run: null, trigger: 'manual', as_of: asOf, registered_at: new Date().toISOString() },
    ...{ code: order.code, config: await putByDigest(store, 'configs', config), data: null, params: {}, seed: 0 },
    ...{ trainer: { name: 'imported', digest: null }, environment: {}, geometry: null },
    ...{ fit_end: order.fitEnd ?? asOf, refit: 'judged', twin: null, metrics: {} },
    files: [
      await putBlob(store, order.model, MODEL_FILE),
      await putBlob(store, new TextEncoder().encode(canonicalJson(served)), FEATURE_DEFINITION_FILE),
      ...(await Promise.all(
        lookupPaths.map((path, i) => putBlob(store, { path }, served.lookups?.[i]?.file.name ?? `lookup-${i}.parquet`)),
      )),
    ],
    ...{ signature, golden, reference_profile: null, champion: state.aliases.champion?.version ?? null },
  };
  const digest = await writeVersion(store, manifest);
  await ledger.append({
    effectId: `import/${digestOf(manifest.files).slice(0, 24)}`,
    as_of: asOf,
    actor: order.by,
    trust: 'asserted',
    why: order.reason,
    step: registerVersion({ version, run: null, manifest: digest }),
  });
  return manifest;
}

async function serve({ store, config, asOf, by, reason }: ImportOrder, version: number): Promise<void> {
  const effectId = `import/${version}/champion`;
  const step = promote({ version, effectId, as: 'first', as_of: asOf, labels: null });
  await openLedger(store, config.model.model).append({
    effectId,
    as_of: asOf,
    actor: by,
    trust: 'asserted',
    why: reason,
    step,
  });
}

async function sameFile(store: ObjectStore, model: string, sha256: string): Promise<VersionManifest | null> {
  for (const listed of await listVersions(store, model)) {
    if (listed.run !== null) continue;
    const manifest = await readVersion(store, model, listed.version, listed.manifest);
    if (manifest.files.some((file) => file.name === MODEL_FILE && file.sha256 === sha256)) return manifest;
  }
  return null;
}
