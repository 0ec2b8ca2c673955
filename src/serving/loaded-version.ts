/** One version ready to score in this process: its feature SQL and its model. The same class serves in every process. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { OnlineFeatures } from '../data/features/online.ts';
import { type LookupFiles, Lookups } from '../data/features/online-lookup.ts';
import { sha256Of } from '../store/content.ts';
import type { RawRow } from './contract.ts';
import { VersionNotServable } from './errors.ts';
import { checkGolden, ModelRuntime } from './model-runtime.ts';
import { STAGED_SLOW_MS } from './staged-faults.ts';
import type { ScoreSource } from './version-files.ts';

export interface Scored {
  /** Rows × width (1, or the number of classes), row-major. NaN is possible: the caller judges. */
  readonly predictions: Float64Array;
  readonly numeric: Float32Array;
  readonly categorical: string[][];
  /** What joins and windows were known at (ms since the epoch); null without any. */
  readonly lookupAsOf: number | null;
  /** Features and model, in the process that did it. */
  readonly ms: number;
}

/** A fault that the scoring process itself must act out; `nan` is put in by the caller. */
export type ActedFault = 'slow' | 'crash' | 'error';

export class LoadedVersion {
  readonly #features: OnlineFeatures;
  readonly #runtime: ModelRuntime;

  private constructor(features: OnlineFeatures, runtime: ModelRuntime) {
    this.#features = features;
    this.#runtime = runtime;
  }

  /**
   * Reads the model from disk, checks its digest, scores the golden rows and runs everything once.
   *
   * @throws VersionNotServable, ModelRefused, SignatureMismatch, GoldenRowsDiffer, UserSqlFailed, FeatureLookupUnusable
   */
  static async load(source: ScoreSource): Promise<LoadedVersion> {
    const bytes = await readFile(source.modelPath);
    const found = sha256Of(bytes);
    if (found !== source.modelSha256) {
      throw new VersionNotServable(
        source.model,
        source.version,
        `its model has sha256 ${found}, not ${source.modelSha256}`,
      );
    }
    const runtime = await ModelRuntime.load(bytes, source.signature);
    try {
      if (source.golden.length > 0) await checkGolden(runtime, source.golden);
      const { definition, raw_types } = source.served;
      const lookups = source.lookups && (await Lookups.load(source.lookups));
      const features = await OnlineFeatures.open(definition, raw_types, lookups);
      const loaded = new LoadedVersion(features, runtime);
      await loaded.#warm(raw_types);
      return loaded;
    } catch (error) {
      await runtime.release();
      throw error;
    }
  }

  /**
   * @param rows raw columns
   * @throws FeatureRowsInvalid when a row does not fit the feature definition
   */
  async score(rows: readonly RawRow[], fault?: ActedFault): Promise<Scored> {
    const start = performance.now();
    if (fault === 'slow') await sleep(STAGED_SLOW_MS);
    if (fault === 'error' || fault === 'crash') throw new Error(`staged ${fault}`);
    const { numeric, categorical, lookupAsOf } = await this.#features.compute(rows as Record<string, unknown>[]);
    const predictions = await this.#runtime.predict({ rows: rows.length, numeric, categorical });
    return { predictions, numeric, categorical, lookupAsOf, ms: performance.now() - start };
  }

  /** Newer joins and windows, for the requests from now on. @throws FeatureLookupUnusable; then the older ones stay */
  async useLookups(files: LookupFiles): Promise<void> {
    this.#features.useLookups(await Lookups.load(files));
  }

  async release(): Promise<void> {
    await this.#features.close();
    await this.#runtime.release();
  }

  /** The first call compiles and allocates: it must not be a customer's. */
  async #warm(rawTypes: Record<string, string>): Promise<void> {
    const empty = Object.fromEntries(Object.keys(rawTypes).map((column) => [column, null]));
    await this.score([empty]);
    await this.score([empty, empty]);
  }
}
