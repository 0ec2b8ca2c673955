/** What each source file brought: rows, first and last event; the manifest lists those with rows in the window. */
import type { ModelConfig } from '../../config/model.ts';
import type { Delivery } from '../contract.ts';
import { type Connection, rowsOf } from '../engine.ts';
import { quoteName } from '../sql-text.ts';
import { SourceColumnUnsuitable } from './errors.ts';
import { withoutRows } from './file-checks.ts';
import { windowCondition } from './months.ts';
import type { OpenedSource, Window } from './open-source.ts';
import { dayOf } from './partitions.ts';
import { FILE } from './source-reader.ts';

const DAY = 86_400_000;

/**
 * Files whose rows all lie outside the window are left out, so that a replay of an earlier `as_of` gives the snapshot of
 * then, whatever was delivered since.
 *
 * @throws SourceUnreadable for a file without rows; SourceColumnUnsuitable where `partition_date` is not the event's day
 */
export async function deliveriesOf(
  db: Connection,
  config: ModelConfig,
  source: OpenedSource,
  window: Window,
): Promise<Delivery[]> {
  const { format } = source;
  const common = source.files.map(({ name, sha256, bytes }) => ({ name, sha256, bytes, format }));
  if (config.data.source.type === 'sql') {
    return common.map((file) => ({ ...file, rows: null, first_event: null, last_event: null }));
  }
  const time = quoteName(config.data.event_time);
  const found = await rowsOf(
    db,
    `SELECT ${FILE} AS file, count(*) AS n, epoch_ms(min(${time}) FILTER (isfinite(${time}))) AS first,
            epoch_ms(max(${time}) FILTER (isfinite(${time}))) AS last,
            count(*) FILTER (NOT coalesce(isfinite(${time}), false)) AS untimed,
            count(*) FILTER (${windowCondition(config, window)}) AS inside
     FROM known GROUP BY 1`,
  );
  const byFile = new Map(found.map((row) => [Number(row['file']), row]));
  const key = 'partition_date' in config.data.source ? config.data.source.partition_date : undefined;
  return common.flatMap((file, index) => {
    const row = byFile.get(index);
    const origin = source.files[index];
    if (!row || !origin) throw withoutRows(origin?.origin ?? file.name);
    const [first, last] = [toMs(row['first']), toMs(row['last'])];
    if (key !== undefined) checkDay(config, key, origin, first, last);
    if (Number(row['inside']) === 0) return [];
    const untimed = Number(row['untimed']);
    const events = { rows: Number(row['n']), first_event: toInstant(first), last_event: toInstant(last) };
    return [{ ...file, ...events, ...(untimed > 0 ? { untimed } : {}) }];
  });
}

function checkDay(
  config: ModelConfig,
  key: string,
  file: OpenedSource['files'][number],
  first: number | null,
  last: number | null,
): void {
  const day = dayOf(file, key);
  const stray = [first, last].find((at) => at !== null && (at < day - DAY || at >= day + 2 * DAY));
  if (stray === undefined || stray === null) return;
  const value = file.partitions[key];
  const problem = `${file.origin} lies in ${key}=${value} but has an event at ${new Date(stray).toISOString()}`;
  const cure = `Where ${key} is not the day of ${config.data.event_time}, take partition_date out of the model file.`;
  throw new SourceColumnUnsuitable(key, 'data.source.partition_date', problem, cure);
}

function toMs(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}

function toInstant(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
