/** Rows of a raw snapshot as a version sees them, and its scores on them by the runtime that serves. */
import { join } from 'node:path';
import type { ModelConfig } from '../config/model.ts';
import { type FeatureRows, readFeatureColumns } from '../data/columns.ts';
import { featuresForWindow } from '../data/features/build.ts';
import type { FeatureDefinition } from '../data/features/definition.ts';
import { sliceNames } from '../data/features/slices.ts';
import type { VersionManifest } from '../registry/contract.ts';
import { FEATURE_DEFINITION_FILE, MODEL_FILE, servedDefinition } from '../serving/contract.ts';
import { ModelRuntime } from '../serving/model-runtime.ts';
import { getBlob } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Footprint } from './contract.ts';
import { sharesOf, timeCalls } from './footprint.ts';

export interface ScoredVersion {
  readonly rows: FeatureRows;
  /** Local Parquet file of these rows, in their order. */
  readonly path: string;
  /** One a row; multiclass: rows × classes of its signature, row-major. */
  readonly scores: Float64Array;
  readonly footprint: Footprint;
}

export interface ScoringInput {
  /** Where versions and their files are. */
  readonly store: ObjectStore;
  /** Where the raw snapshot is; `store` when left out. */
  readonly rowsStore?: ObjectStore;
  readonly config: ModelConfig;
  /** Digest of the raw snapshot. */
  readonly raw: string;
  /** Half-open in event time; no rows in it are no error. */
  readonly window: { readonly from: string; readonly to: string };
  readonly asOf: string;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly signal?: AbortSignal;
}

/** Versions with the same feature definition share one reading of the rows. */
export function versionScorer(input: ScoringInput): (manifest: VersionManifest) => Promise<ScoredVersion> {
  const { store, config, window, signal } = input;
  const cached = new Map<string, { readonly rows: FeatureRows; readonly path: string }>();
  const rowsFor = async (manifest: VersionManifest, definition: FeatureDefinition) => {
    const known = cached.get(definition.digest);
    if (known) return known;
    const path = await featuresForWindow({
      ...{ store: input.rowsStore ?? store, definition, config, raw: input.raw, ...window, asOf: input.asOf },
      cacheDir: input.cacheDir,
      workDir: join(input.workDir, definition.digest.slice(0, 8)),
      ...(signal ? { signal } : {}),
    });
    const { numeric, categorical } = manifest.signature;
    const rows = await readFeatureColumns([path], { numeric, categorical, slices: sliceNames(config) });
    const read = { rows, path };
    cached.set(definition.digest, read);
    return read;
  };
  return async (manifest) => {
    const body = await getBlob(store, digestOfFile(manifest, FEATURE_DEFINITION_FILE));
    const { definition, threshold } = servedDefinition.parse(JSON.parse(new TextDecoder().decode(body)));
    const { rows, path } = await rowsFor(manifest, definition as unknown as FeatureDefinition);
    const model = await getBlob(store, digestOfFile(manifest, MODEL_FILE));
    const runtime = await ModelRuntime.load(model, manifest.signature);
    try {
      const scores = rows.rows > 0 ? await runtime.predict(rows) : new Float64Array(0);
      const importance = sharesOf(manifest.importance);
      const latency_ms = await timeCalls(runtime, rows);
      return { rows, path, scores, footprint: { bytes: model.byteLength, latency_ms, threshold, importance } };
    } finally {
      await runtime.release();
    }
  };
}

const digestOfFile = (manifest: VersionManifest, name: string): string =>
  manifest.files.find((one) => one.name === name)?.sha256 ?? '';
