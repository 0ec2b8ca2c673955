/** The features stage: a raw snapshot to feature rows in the parts of a window geometry. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import { trainingStart } from '../../evaluation/geometry.ts';
import type { Geometry } from '../../registry/contract.ts';
import { digestOf, putBlob } from '../../store/content.ts';
import type { FeatureSnapshot, SnapshotRef, TrainingWindow } from '../contract.ts';
import { engineSentence, isEngineError, rowsOf } from '../engine.ts';
import { UserSqlFailed } from '../errors.ts';
import { SourceWithoutRows } from '../ingest/errors.ts';
import { newestDay } from '../ingest/newest-day.ts';
import { type FeaturePart, readSnapshot, snapshotRef, writeSnapshot } from '../snapshots.ts';
import { quoteText } from '../sql-text.ts';
import { withTimeLimit } from '../user-sql.ts';
import { decayOf, decayWeight } from './decay.ts';
import { limitOf } from './lookup-tables.ts';
import { materialiseLookups } from './lookups.ts';
import { countLabels, matureRows, type OpenedRows, type RowsInput, withRawRows } from './row-select.ts';
import { sliceNames } from './slices.ts';

export interface FeaturesInput extends RowsInput {
  readonly geometry: Geometry;
  /** With `since_break`: how the window of `geometry` was chosen; a refit follows it. Without: the file's `fallback`. */
  readonly trainingWindow?: TrainingWindow;
}

export type WindowInput = RowsInput & { readonly from: string; readonly to: string };

interface Part {
  readonly part: FeaturePart;
  readonly from: string;
  readonly to: string;
}

/**
 * Parts `train`, `validation` and `holdout`: mature rows with a label under `if_never`, by half-open windows of event
 * time, ordered by event time and id. With joins or windows, their values as of `asOf` too, for serving.
 *
 * @throws SourceWithoutRows when a part is empty; UserSqlFailed for an expression, UserSqlTimedOut
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
  const { config, geometry, store, raw, trainingWindow: chosen } = input;
  const first = (await readSnapshot(store, raw, 'raw')).window.from;
  const since = chosen?.used === 'since_break' ? chosen.break?.at : undefined;
  const start = trainingStart(config, Date.parse(geometry.mature_before), since);
  const from = new Date(Math.max(Date.parse(first), start)).toISOString();
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
  return withRawRows(input, async (rows) => {
    const { digest } = rows.definition;
    const key = digestOf({ raw, asOf, from, to, definition: digest, slices: sliceNames(config) });
    const path = join(workDir, `features-${key.slice(0, 16)}.parquet`);
    const aside = join(rows.dir, 'window.parquet');
    const select = await matureRows(rows, config, undefined, { from, to });
    await writeRows(rows, select({ from, to }), config, aside);
    await rename(aside, path);
    return path;
  });
}

async function build(input: FeaturesInput, parts: readonly Part[]) {
  const { store, config, raw, asOf, geometry, trainingWindow } = input;
  const decay = decayOf(config, parts[0]?.to ?? geometry.train.to);
  const manifest = await withRawRows(input, async (rows): Promise<FeatureSnapshot> => {
    const { dir, definition } = rows;
    const ends = [...parts].sort((a, b) => Date.parse(a.from) - Date.parse(b.from));
    const select = await matureRows(rows, config, geometry.mature_before, {
      ...(ends[0] ? { from: ends[0].from } : {}),
      to: geometry.mature_before,
    });
    const written: FeatureSnapshot['parts'] = [];
    for (const part of parts) {
      const name = `${part.part}.parquet`;
      const path = join(dir, name);
      const trainedOn = part.part === 'train' || part.part === 'refit';
      const weight = decay && trainedOn ? decayWeight(decay, config.data.event_time) : undefined;
      const count = await writeRows(rows, select(part, weight), config, path);
      if (count === 0) {
        const newest = newestDay(await readSnapshot(store, raw, 'raw'));
        throw new SourceWithoutRows(config.model, `mature ${part.part} row with a label`, part, newest);
      }
      written.push({ part: part.part, file: { ...(await putBlob(store, { path }, name)), rows: count } });
    }
    return {
      kind: 'features',
      model: config.model,
      raw,
      definition: definition.digest,
      geometry: { ...geometry, as_of: asOf },
      numeric: [...definition.numeric],
      categorical: [...definition.categorical],
      parts: written,
      mature_labels: await countLabels(rows, config, geometry.mature_before),
      ...(trainingWindow ? { training_window: trainingWindow } : {}),
      ...(decay ? { decay } : {}),
    };
  });
  const lookups = await materialiseLookups(input);
  const whole = lookups ? { ...manifest, lookups: lookups.lookups } : manifest;
  const { digest } = await writeSnapshot(store, whole);
  return { ref: snapshotRef(digest, whole), manifest: whole };
}

/** @returns rows written */
async function writeRows(
  { db, limitMs }: OpenedRows,
  select: string,
  config: ModelConfig,
  path: string,
): Promise<number> {
  const target = `${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`;
  const where = `the features of ${config.model}`;
  try {
    const copy = `COPY (SELECT * FROM (${select}) ORDER BY _event_time, _id) TO ${target}`;
    const [written] = await withTimeLimit(db, limitOf(where, limitMs), () => rowsOf(db, copy));
    return Number(written?.['Count']);
  } catch (error) {
    if (!isEngineError(error) || !/^(Binder|Conversion|Invalid Input|Out of Range|Catalog) Error/.test(error.message)) {
      throw error;
    }
    throw new UserSqlFailed(where, engineSentence(error), { cause: error });
  }
}
