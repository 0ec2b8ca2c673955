/** The past as a backtest sees it: every row once with its features, its label and when that label became known. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import { type FeatureRows, readFeatureColumns } from '../data/columns.ts';
import { withDuckDb } from '../data/engine.ts';
import { type FeatureDefinition, featureSelect } from '../data/features/definition.ts';
import { lookupTables } from '../data/features/lookup-tables.ts';
import { knownLabel } from '../data/features/mature-rows.ts';
import { withLookups } from '../data/features/row-relation.ts';
import { type RowsInput, withRawRows } from '../data/features/row-select.ts';
import { sliceNames, sliceSelect } from '../data/features/slices.ts';
import { ingest } from '../data/ingest/ingest.ts';
import { parquetOf, quoteName, quoteText } from '../data/sql-text.ts';
import { read } from '../drift/profile.ts';
import { FilesystemStore } from '../store/filesystem-store.ts';
import type { ObjectStore } from '../store/object-store.ts';

export interface PastInput {
  readonly config: ModelConfig;
  readonly from: string;
  readonly to: string;
  /** Folder that relative source paths start at. */
  readonly base: string;
  readonly workDir: string;
  readonly signal?: AbortSignal;
}

export interface Past extends PastInput {
  /** A store of the backtest's own: the workspace's is not written to. */
  readonly store: ObjectStore;
  readonly cacheDir: string;
  /** Digest of the raw snapshot, and the oldest event in it. */
  readonly raw: string;
  readonly earliest: string;
  readonly definition: FeatureDefinition;
  /** Ascending by event time; labels as they came in the end. */
  readonly rows: FeatureRows;
  /** By row: milliseconds from which its label was known; Infinity where it never was. */
  readonly knownAt: Float64Array;
  /** The same rows as Parquet. */
  readonly path: string;
}

const NEVER = '9999-12-31T00:00:00.000Z';

/**
 * Copies the source as it stands at `to` plus the time that labels need, into a store under `workDir`.
 *
 * @throws what ingest and the features stage throw
 */
export async function openPast(input: PastInput): Promise<Past> {
  const { config, from, to, base, workDir, signal } = input;
  const store = new FilesystemStore(join(workDir, 'store'));
  const cacheDir = join(workDir, 'objects');
  const asOf = new Date(Date.parse(to) + durationMs(config.data.label.mature_after)).toISOString();
  const scratch = { store, config, base, cacheDir, workDir: join(workDir, 'past'), ...(signal ? { signal } : {}) };
  // All history, whatever a run would take: each policy has a training window of its own, at each of its runs another.
  const whole = { ...config, training: { ...config.training, window: { type: 'all_history' as const } } };
  const { ref, manifest } = await ingest({ ...scratch, config: whole, asOf });
  const { path, definition } = await writeRows({ ...scratch, raw: ref.digest, asOf }, join(workDir, 'past.parquet'));
  const { numeric, categorical } = definition;
  const rows = await readFeatureColumns([path], { numeric, categorical, slices: sliceNames(config) });
  const knownAt = await withDuckDb({ tempDir: scratch.workDir, threads: 1 }, async (db) => {
    const [times] = await read(db, `SELECT _known_at::DOUBLE FROM ${parquetOf([path])}`);
    return Float64Array.from(times ?? [], (time) => (time === null ? Number.POSITIVE_INFINITY : Number(time)));
  });
  return {
    ...{ config, from, to, base, workDir, store, cacheDir, ...(signal ? { signal } : {}) },
    ...{ raw: ref.digest, earliest: manifest.window.from, definition, rows, knownAt, path },
  };
}

/** All rows, those without a label among them: they were predicted too. */
async function writeRows(input: RowsInput, path: string): Promise<{ path: string; definition: FeatureDefinition }> {
  const { config } = input;
  const { id, entity, event_time: eventTime, label } = config.data;
  return withRawRows(input, async (rows) => {
    const { db, definition, dir } = rows;
    const tables = await lookupTables(rows, { to: NEVER });
    const relation = withLookups(rows.relation, definition, tables, eventTime);
    const key = `CAST(${quoteName(id)} AS VARCHAR)`;
    const known = label.available_at === null ? '0' : `coalesce(epoch_ms(${quoteName(label.available_at)}), 0)`;
    const columns = [
      `${key} AS _id`,
      `${entity === null ? key : `coalesce(CAST(${quoteName(entity)} AS VARCHAR), ${key})`} AS _entity`,
      `epoch_ms(${quoteName(eventTime)}) AS _event_time`,
      `${knownLabel(config, NEVER)} AS _label`,
      '1.0::DOUBLE AS _weight',
      featureSelect(definition),
      ...sliceSelect(config, definition),
      `CASE WHEN _label IS NOT NULL AND isfinite(_label) THEN ${known} END AS _known_at`,
    ];
    const aside = join(dir, 'past.parquet');
    await db.run(
      `COPY (SELECT ${columns.join(',\n')} FROM ${relation} ORDER BY _event_time, _id) TO ${quoteText(aside)} (FORMAT parquet)`,
    );
    await rename(aside, path);
    return { path, definition };
  });
}

/** First row with event time at or after `ms`. */
export function rowAt({ rows }: Pick<Past, 'rows'>, ms: number): number {
  let [low, high] = [0, rows.rows];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows.eventTime[middle] ?? 0) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Labels of the rows `[first, last)` as they were known at `asOf` for mature rows; NaN where there was none. */
export function labelsAt(past: Past, first: number, last: number, asOf: number): Float64Array {
  const { if_never: ifNever } = past.config.data.label;
  const silence = ifNever === 'negative' ? 0 : ifNever === 'positive' ? 1 : Number.NaN;
  const { knownAt, rows } = past;
  return Float64Array.from({ length: last - first }, (_, i) =>
    (knownAt[first + i] ?? 0) <= asOf ? (rows.label[first + i] ?? Number.NaN) : silence,
  );
}
