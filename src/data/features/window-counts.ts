/** How many rows, labels and labels of the rarer class lie in windows of event time. */
import type { ModelConfig } from '../../config/model.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { RawSnapshot } from '../contract.ts';
import { rowsOf, withDuckDb } from '../engine.ts';
import { localFiles } from '../snapshots.ts';
import { parquetOf, quoteInstant, quoteName } from '../sql-text.ts';
import { matureLabel } from './mature-rows.ts';

export interface WindowCount {
  readonly rows: number;
  readonly labels: number;
  /** Labels of the rarer class; null where the task is not binary. */
  readonly rarer: number | null;
}

/** @param windows half-open, all mature at `asOf` */
export async function countWindows(input: {
  readonly store: ObjectStore;
  readonly snapshot: RawSnapshot;
  readonly config: ModelConfig;
  readonly asOf: string;
  readonly windows: readonly { readonly from: string; readonly to: string }[];
  readonly cacheDir: string;
  readonly workDir: string;
  readonly signal?: AbortSignal;
}): Promise<WindowCount[]> {
  const { config, asOf, windows } = input;
  const files = await localFiles(input.store, input.snapshot, input.cacheDir);
  const time = quoteName(config.data.event_time);
  const label = matureLabel(config, asOf);
  const selects = windows.map(({ from, to }) => {
    const within = `${time} >= ${quoteInstant(from)} AND ${time} < ${quoteInstant(to)}`;
    return `SELECT count(*) AS rows, count(label) AS labels, count(*) FILTER (label = 1) AS ones
      FROM (SELECT ${label} AS label FROM ${parquetOf(files)} WHERE ${within})`;
  });
  return await withDuckDb(
    { tempDir: input.workDir },
    async (db) => {
      const counts: WindowCount[] = [];
      for (const select of selects) {
        const [found] = await rowsOf(db, select);
        const [rows, labels, ones] = [Number(found?.['rows']), Number(found?.['labels']), Number(found?.['ones'])];
        counts.push({ rows, labels, rarer: config.task === 'binary' ? Math.min(ones, labels - ones) : null });
      }
      return counts;
    },
    input.signal,
  );
}
