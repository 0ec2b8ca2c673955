/** Values of joins and windows for the rows of a span of time, as tables beside the raw rows. */
import type { ModelConfig } from '../../config/model.ts';
import { type Connection, engineSentence, isEngineError, rowsOf } from '../engine.ts';
import { UserSqlFailed } from '../errors.ts';
import { quoteInstant, quoteName } from '../sql-text.ts';
import { type TimeLimit, withTimeLimit } from '../user-sql.ts';
import type { FeatureDefinition, FeatureJoin, FeatureWindow } from './definition.ts';
import { createTimeline } from './join-timeline.ts';
import { keyColumn, keyText, type PlacedTable } from './row-relation.ts';
import { emptyValue, windowSelect } from './window-values.ts';

/** Windows are worked off in whole days of at most about so many rows: the sort and its frames stay in memory. */
const ROWS_AT_ONCE = 250_000;
const DAY_US = 86_400_000_000n;

export interface LookupInput {
  readonly db: Connection;
  readonly definition: FeatureDefinition;
  readonly data: Pick<ModelConfig['data'], 'event_time' | 'label'>;
  /** Raw rows. */
  readonly relation: string;
  /** Relation of each reference table by its path. */
  readonly references: ReadonlyMap<string, string>;
  readonly asOf: string;
  readonly limitMs: number;
}

/** The limit of one statement over the features. */
export function limitOf(where: string, ms: number): TimeLimit {
  return { where, setting: 'features.time_limit', ms };
}

/**
 * One table for each join and window, for every row with event time in `[from, to)`.
 *
 * @throws ReferenceUnusable, UserSqlFailed, UserSqlTimedOut
 */
export async function lookupTables(
  input: LookupInput,
  span: { readonly from?: string; readonly to: string },
): Promise<Map<string, PlacedTable>> {
  const { db, definition, limitMs } = input;
  const tables = new Map<string, PlacedTable>();
  for (const [i, join] of (definition.joins ?? []).entries()) {
    const table = `_join_${i}`;
    const byTime = await joinTable(input, join, table, withinOf(input, span));
    tables.set(join.name, { table, byTime, missing: {} });
  }
  for (const [i, window] of (definition.windows ?? []).entries()) {
    const table = `_window_${i}`;
    const where = `features.windows.${window.name}`;
    const missing = await emptyValue(db, window, input);
    await withTimeLimit(db, limitOf(where, limitMs), () => windowTable(input, window, table, withinOf(input, span)));
    tables.set(window.name, { table, byTime: true, missing: { [window.name]: missing } });
  }
  return tables;
}

/** @returns whether its values change with time */
async function joinTable(input: LookupInput, join: FeatureJoin, table: string, within: string): Promise<boolean> {
  const { db, relation, data, asOf } = input;
  const reference = input.references.get(join.path) ?? '';
  if (join.valid_from === null && join.known_at === null) {
    await createTimeline(db, join, reference, asOf, table);
    return false;
  }
  const timeline = `${table}_timeline`;
  await createTimeline(db, join, reference, asOf, timeline);
  const probes = probeSelect(
    join.key.map(({ column }) => column),
    relation,
    data.event_time,
    within,
  );
  await db.run(`CREATE TEMP TABLE ${table} AS ${joinSelect(join, timeline, `(${probes})`)}`);
  await db.run(`DROP TABLE ${timeline}`);
  return true;
}

/** The values of a timeline at asked instants; keys that have none are left out. */
export function joinSelect(join: FeatureJoin, timeline: string, probes: string): string {
  const keys = join.key.map((_, i) => keyColumn(i));
  const same = keys.map((key) => `p.${key} = t.${key}`).join(' AND ');
  const values = join.columns.map(({ name }) => `t.${quoteName(name)}`);
  return `SELECT ${[...keys.map((key) => `p.${key}`), 'p._at', ...values].join(', ')}
    FROM ${probes} AS p ASOF JOIN ${timeline} AS t ON ${same} AND p._at >= t._from`;
}

async function windowTable(input: LookupInput, window: FeatureWindow, table: string, within: string): Promise<void> {
  const { db, relation, data } = input;
  let made = false;
  for (const { first, last } of await spansOf(input, within)) {
    const time = quoteName(data.event_time);
    const inSpan = `${within} AND ${time} >= make_timestamptz(${first}) AND ${time} <= make_timestamptz(${last})`;
    const probes = `(${probeSelect(window.by, relation, data.event_time, inSpan)})`;
    const select = await windowSelect(db, window, input, probes, { first, last });
    try {
      await db.run(made ? `INSERT INTO ${table} ${select}` : `CREATE TEMP TABLE ${table} AS ${select}`);
    } catch (error) {
      if (!isEngineError(error) || !/^(Binder|Conversion|Invalid Input|Out of Range) Error/.test(error.message)) {
        throw error;
      }
      throw new UserSqlFailed(`features.windows.${window.name}`, engineSentence(error), { cause: error });
    }
    made = true;
  }
}

function probeSelect(by: readonly string[], relation: string, eventTime: string, within: string): string {
  const keys = by.map((column, i) => `${keyText(quoteName(column))} AS ${keyColumn(i)}`);
  const known = by.map((_, i) => `${keyColumn(i)} IS NOT NULL`);
  return `SELECT * FROM (SELECT DISTINCT ${[...keys, `${quoteName(eventTime)} AS _at`].join(', ')} FROM ${relation}
    WHERE ${within}) WHERE ${known.join(' AND ')}`;
}

function withinOf({ data }: LookupInput, { from, to }: { readonly from?: string; readonly to: string }): string {
  const time = quoteName(data.event_time);
  const before = `${time} < ${quoteInstant(to)}`;
  return from === undefined ? before : `${before} AND ${time} >= ${quoteInstant(from)}`;
}

/** Runs of whole UTC days, the same for the same rows: first and last event time in epoch µs. One at least. */
async function spansOf(
  { db, relation, data }: LookupInput,
  within: string,
): Promise<{ first: bigint; last: bigint }[]> {
  const time = `epoch_us(${quoteName(data.event_time)})`;
  const days = await rowsOf(
    db,
    `SELECT floor(${time} / ${DAY_US})::BIGINT AS day, min(${time}) AS first, max(${time}) AS last, count(*) AS n
     FROM ${relation} WHERE ${within} GROUP BY 1 ORDER BY 1`,
  );
  const spans: { first: bigint; last: bigint }[] = [];
  let rows = 0;
  for (const day of days) {
    const [first, last, n] = [BigInt(String(day['first'])), BigInt(String(day['last'])), Number(day['n'])];
    const open = spans.at(-1);
    if (open && rows + n <= ROWS_AT_ONCE) {
      open.last = last;
      rows += n;
    } else {
      spans.push({ first, last });
      rows = n;
    }
  }
  return spans.length > 0 ? spans : [{ first: 0n, last: 0n }];
}
