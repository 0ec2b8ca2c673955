/** The features stage: a raw snapshot to feature rows in the parts of a window geometry. */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import type { Geometry } from '../../registry/contract.ts';
import { digestOf, putBlob } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { FeatureSnapshot, SnapshotRef } from '../contract.ts';
import { type Connection, engineSentence, isEngineError, rowsOf, withDuckDb } from '../engine.ts';
import { UserSqlFailed } from '../errors.ts';
import { SourceWithoutRows } from '../ingest/errors.ts';
import { type FeaturePart, localFiles, readSnapshot, snapshotRef, writeSnapshot } from '../snapshots.ts';
import { parquetOf, quoteInstant, quoteName, quoteText } from '../sql-text.ts';
import { type FeatureDefinition, featureDefinition, featureSelect } from './definition.ts';
import { checkExpressions } from './expression-check.ts';
import { matureBefore, matureLabel } from './mature-rows.ts';
import { sliceNames, sliceSelect } from './slices.ts';

export interface FeaturesInput {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  /** Digest of the raw snapshot. */
  readonly raw: string;
  readonly asOf: string;
  readonly geometry: Geometry;
  readonly cacheDir: string;
  readonly workDir: string;
  /** Another definition than the configuration's own, such as the champion's. */
  readonly definition?: FeatureDefinition;
  readonly signal?: AbortSignal;
}

export type WindowInput = Omit<FeaturesInput, 'geometry'> & { readonly from: string; readonly to: string };

interface Part {
  readonly part: FeaturePart;
  readonly from: string;
  readonly to: string;
}

/**
 * Parts `train`, `validation` and `holdout`: mature rows with a label under `if_never`, by half-open windows of event
 * time, ordered by event time and id.
 *
 * @throws SourceWithoutRows when a part is empty; UserSqlFailed for an expression
 */
export function buildFeatures(input: FeaturesInput): Promise<{ ref: SnapshotRef; manifest: FeatureSnapshot }> {
  const { train, validation, holdout } = input.geometry;
  return build(input, [
    { part: 'train', ...train },
    { part: 'validation', ...validation },
    { part: 'holdout', ...holdout },
  ]);
}

/** One part `refit`: every mature row of the training window as it stands now, the judged holdout included. */
export async function buildRefitFeatures(
  input: FeaturesInput,
): Promise<{ ref: SnapshotRef; manifest: FeatureSnapshot }> {
  const { config, geometry, store, raw } = input;
  const { window } = config.training;
  const first = (await readSnapshot(store, raw, 'raw')).window.from;
  const rolling = window.type === 'rolling' ? Date.parse(geometry.mature_before) - durationMs(window.length) : 0;
  const from = new Date(Math.max(Date.parse(first), rolling)).toISOString();
  return build(input, [{ part: 'refit', from, to: geometry.mature_before }]);
}

/**
 * Rows of `[from, to)` under any definition, with the columns of a part: the same rows in the same order as a part
 * with that window, so that two models can be scored side by side.
 *
 * @returns path of a Parquet file under `workDir`, which the caller removes; no rows are no error
 */
export async function featuresForWindow(input: WindowInput): Promise<string> {
  const { config, raw, asOf, from, to, workDir } = input;
  return withRows(input, async (db, dir, select, definition) => {
    const key = digestOf({ raw, asOf, from, to, definition: definition.digest, slices: sliceNames(config) });
    const path = join(workDir, `features-${key.slice(0, 16)}.parquet`);
    const aside = join(dir, 'window.parquet');
    await writeRows(db, select({ from, to }), config, aside);
    await rename(aside, path);
    return path;
  });
}

async function build(input: FeaturesInput, parts: readonly Part[]) {
  const { store, config, raw, asOf, geometry } = input;
  return withRows(input, async (db, dir, select, definition) => {
    const written: FeatureSnapshot['parts'] = [];
    for (const part of parts) {
      const name = `${part.part}.parquet`;
      const path = join(dir, name);
      const rows = await writeRows(db, select(part), config, path);
      if (rows === 0) throw new SourceWithoutRows(config.model, `mature ${part.part} row with a label`, part);
      written.push({ part: part.part, file: { ...(await putBlob(store, { path }, name)), rows } });
    }
    const [counted] = await rowsOf(db, `SELECT count(_label) AS n FROM (${select({ to: geometry.mature_before })})`);
    const manifest: FeatureSnapshot = {
      kind: 'features',
      model: config.model,
      raw,
      definition: definition.digest,
      geometry: { ...geometry, as_of: asOf },
      numeric: [...definition.numeric],
      categorical: [...definition.categorical],
      parts: written,
      mature_labels: Number(counted?.['n']),
    };
    const { digest } = await writeSnapshot(store, manifest);
    return { ref: snapshotRef(digest, manifest), manifest };
  });
}

/** @returns rows written */
async function writeRows(db: Connection, select: string, config: ModelConfig, path: string): Promise<number> {
  const target = `${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`;
  try {
    const [written] = await rowsOf(db, `COPY (SELECT * FROM (${select}) ORDER BY _event_time, _id) TO ${target}`);
    return Number(written?.['Count']);
  } catch (error) {
    if (!isEngineError(error) || !/^(Binder|Conversion|Invalid Input|Out of Range|Catalog) Error/.test(error.message)) {
      throw error;
    }
    throw new UserSqlFailed(`the features of ${config.model}`, engineSentence(error), { cause: error });
  }
}
