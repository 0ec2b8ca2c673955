/** How many labels matured since a model was fitted: whether a routine run would have anything to learn. */
import { mkdir } from 'node:fs/promises';
import type { ModelConfig } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { rowsOf, withDuckDb } from '../engine.ts';
import { ingest } from '../ingest/ingest.ts';
import { localFiles } from '../snapshots.ts';
import { parquetOf, quoteInstant, quoteName } from '../sql-text.ts';

/**
 * Labelled rows with an event after `since` (null: ever) that is at least `mature_after` old at `asOf`.
 *
 * Reads through a snapshot, the one that a run started now would find already made.
 */
export async function countMatureLabels(input: {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly asOf: string;
  readonly since: string | null;
  readonly base: string;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly signal?: AbortSignal;
}): Promise<number> {
  const { config, asOf, since, workDir } = input;
  const { manifest } = await ingest(input);
  const files = await localFiles(input.store, manifest, input.cacheDir);
  await mkdir(workDir, { recursive: true });
  const matureBefore = new Date(Date.parse(asOf) - durationMs(config.data.label.mature_after)).toISOString();
  const eventTime = quoteName(config.data.event_time);
  const from = since === null ? '' : `AND ${eventTime} >= ${quoteInstant(since)}`;
  const count = `SELECT count(${quoteName(config.data.label.column)}) AS labels FROM ${parquetOf(files)} WHERE ${eventTime} < ${quoteInstant(matureBefore)} ${from}`;
  return await withDuckDb(
    { tempDir: workDir },
    async (db) => Number((await rowsOf(db, count))[0]?.['labels'] ?? 0),
    input.signal,
  );
}
