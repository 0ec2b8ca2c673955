/** Writes the rows of a window as one sorted Parquet file a UTC month, so that later snapshots share what did not change. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import { putBlob } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { RawSnapshot } from '../contract.ts';
import { type Connection, rowsOf } from '../engine.ts';
import { quoteInstant, quoteName, quoteText } from '../sql-text.ts';
import { SourceWithoutRows } from './errors.ts';
import type { Window } from './open-source.ts';
import { FILE, ROW } from './source-reader.ts';

export interface MonthsInput {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly window: Window;
  readonly dir: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined;
}

export interface IngestProgress {
  readonly done: number;
  readonly total: number;
  readonly sentence: string;
}

export interface Months {
  /** In time order, named `<year>-<month>.parquet`. */
  readonly files: RawSnapshot['files'];
  readonly columns: RawSnapshot['columns'];
  /** Event time of the first row. */
  readonly first: string;
}

/**
 * From the view `known`, one month at a time: what is held in memory or spilled is at most one month.
 *
 * @throws SourceWithoutRows
 */
export async function writeMonths(db: Connection, input: MonthsInput): Promise<Months> {
  const { store, config, window, dir, signal, onProgress } = input;
  const time = quoteName(config.data.event_time);
  const inWindow = windowCondition(config, window);
  const described = await rowsOf(db, 'DESCRIBE SELECT * FROM known');
  const columns = described
    .map((row) => ({ name: String(row['column_name']), type: String(row['column_type']) }))
    .filter(({ name }) => ![FILE, ROW].includes(quoteName(name)));
  const select = columns.map(({ name }) => quoteName(name)).join(', ');

  const months = await rowsOf(
    db,
    `SELECT strftime(${time}, '%Y-%m') AS month, count(*) AS n, epoch_ms(min(${time})) AS earliest
     FROM known WHERE ${inWindow} GROUP BY 1 ORDER BY 1`,
  );
  if (months.length === 0) throw new SourceWithoutRows(config.model, 'row', window);

  const files: RawSnapshot['files'] = [];
  for (const [done, { month, n }] of months.entries()) {
    const path = join(dir, `${month}.parquet`);
    await db.run(
      `COPY (SELECT ${select} FROM known WHERE ${inWindow} AND ${inMonth(time, String(month))}
       ORDER BY ${time}, CAST(${quoteName(config.data.id)} AS VARCHAR), ${FILE}, ${ROW})
       TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    files.push({ ...(await putBlob(store, { path }, `${month}.parquet`)), rows: Number(n) });
    await rm(path);
    signal?.throwIfAborted();
    onProgress?.({ done: done + 1, total: months.length, sentence: `${month}: ${n} rows` });
  }
  return { files, columns, first: new Date(Number(months[0]?.['earliest'])).toISOString() };
}

/** SQL over `known`: rows with a usable event time in the window. */
export function windowCondition(config: ModelConfig, { from, to }: Window): string {
  const time = quoteName(config.data.event_time);
  const after = from === null ? '' : ` AND ${time} >= ${quoteInstant(from)}`;
  return `isfinite(${time}) AND ${time} < ${quoteInstant(to)}${after}`;
}

/** As a range, so that row groups of other months are skipped unread. */
function inMonth(time: string, month: string): string {
  const start = quoteInstant(`${month}-01T00:00:00Z`);
  return `${time} >= ${start} AND ${time} < ${start} + INTERVAL 1 MONTH`;
}
