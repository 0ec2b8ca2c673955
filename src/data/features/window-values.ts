/** Windows in SQL: one aggregate over the rows of a key in a span of time before each asked instant. */
import type { ModelConfig } from '../../config/model.ts';
import { type Connection, engineSentence, isEngineError, rowsOf } from '../engine.ts';
import { UserSqlFailed } from '../errors.ts';
import { quoteName } from '../sql-text.ts';
import { expressionParts } from '../user-sql.ts';
import { engineType, type FeatureWindow } from './definition.ts';
import type { LookupRef } from './lookup-contract.ts';
import { keyColumn, keyText } from './row-relation.ts';

/**
 * Microseconds by which asked instants are moved behind all rows: the frame then holds rows only, at constant offsets,
 * whatever the aggregate, its own FILTER included. Twice this still fits a BIGINT.
 */
const BEYOND = 4_000_000_000_000_000_000n;

export interface WindowHistory {
  /** Raw rows. */
  readonly relation: string;
  readonly data: Pick<ModelConfig['data'], 'event_time' | 'label'>;
}

/**
 * The value of a window at asked instants: rows with the same key and a time in `[at − length − delay, at − delay)`. The
 * time of a row is its event; in a window of labels, when its label became known, and never before its event.
 *
 * @param probes relation with `_key_0`, … (not null) and `_at` (TIMESTAMPTZ), without repeats
 * @param span epoch µs of the first and of the last `_at`
 * @returns SELECT of the keys, `_at` and the value under the window's name
 */
export async function windowSelect(
  db: Connection,
  window: FeatureWindow,
  { relation, data }: WindowHistory,
  probes: string,
  span: { readonly first: bigint; readonly last: bigint },
): Promise<string> {
  const [length, delay] = [BigInt(window.length_ms) * 1000n, BigInt(window.delay_ms) * 1000n];
  const keys = window.by.map((column, i) => `${keyText(quoteName(column))} AS ${keyColumn(i)}`);
  const names = window.by.map((_, i) => keyColumn(i));
  const moment = momentOf(window, data);
  const value = `${window.expr}\n OVER (PARTITION BY ${names.join(', ')} ORDER BY _moment
    RANGE BETWEEN ${BEYOND + length + delay} PRECEDING AND ${BEYOND + delay + 1n} PRECEDING)`;
  return `SELECT ${names.join(', ')}, _at, TRY_CAST(_value AS ${engineType(window.type)}) AS ${quoteName(window.name)} FROM (
    SELECT ${names.join(', ')}, _at, _asked, ${value} AS _value FROM (
      SELECT ${[...keys, ...(await columnsRead(db, window))].join(', ')}, ${moment} AS _moment, false AS _asked
      FROM ${relation} WHERE ${withinOf(window, data, span)}
      UNION ALL BY NAME
      SELECT ${names.join(', ')}, _at, ${BEYOND} + epoch_us(_at) AS _moment, true AS _asked FROM ${probes}))
  WHERE _asked`;
}

/** SELECT of the keys, each once, that have rows in the window as of `at` (epoch µs). */
export function keysWithRows(window: FeatureWindow, { relation, data }: WindowHistory, at: bigint): string {
  const keys = window.by.map((column, i) => `${keyText(quoteName(column))} AS ${keyColumn(i)}`);
  const known = window.by.map((_, i) => `${keyColumn(i)} IS NOT NULL`);
  return `SELECT * FROM (SELECT DISTINCT ${keys.join(', ')} FROM ${relation}
    WHERE ${withinOf(window, data, { first: at, last: at })}) WHERE ${known.join(' AND ')}`;
}

/** The aggregate of no rows: 0 for a count, null for a mean. @throws UserSqlFailed where it does not run */
export async function emptyValue(
  db: Connection,
  window: FeatureWindow,
  { relation }: Pick<WindowHistory, 'relation'>,
): Promise<LookupRef['missing'][string]> {
  const where = `features.windows.${window.name}`;
  const value = `TRY_CAST((${window.expr}\n) AS ${engineType(window.type)})`;
  try {
    const [found] = await rowsOf(db, `SELECT ${value} AS value FROM ${relation} WHERE false`);
    return (found?.['value'] ?? null) as LookupRef['missing'][string];
  } catch (error) {
    if (!isEngineError(error)) throw error;
    throw new UserSqlFailed(where, engineSentence(error), { cause: error });
  }
}

/** Epoch µs at which a row begins to count, before the delay; NULL: never. */
function momentOf({ of_labels: ofLabels }: FeatureWindow, { event_time, label }: WindowHistory['data']): string {
  const event = quoteName(event_time);
  if (!ofLabels) return `epoch_us(${event})`;
  const known = quoteName(label.available_at ?? event_time);
  return `CASE WHEN isfinite(${known}) THEN epoch_us(greatest(${event}, ${known})) END`;
}

/** Rows that may count at instants from `first` to `last`; said of the event time too, so that row groups are skipped. */
function withinOf(
  window: FeatureWindow,
  data: WindowHistory['data'],
  { first, last }: { readonly first: bigint; readonly last: bigint },
): string {
  const [length, delay] = [BigInt(window.length_ms) * 1000n, BigInt(window.delay_ms) * 1000n];
  const [moment, event] = [momentOf(window, data), quoteName(data.event_time)];
  const [from, to] = [first - length - delay, last - delay];
  const within = [`${moment} >= ${from}`, `${moment} < ${to}`, `${event} < make_timestamptz(${to})`];
  if (!window.of_labels) within.push(`${event} >= make_timestamptz(${from})`);
  return within.join(' AND ');
}

/** Only what the aggregate reads is sorted and kept. */
async function columnsRead(db: Connection, { name, expr }: FeatureWindow): Promise<string[]> {
  const { columns } = await expressionParts(db, expr, `features.windows.${name}`);
  return columns.map(quoteName);
}
