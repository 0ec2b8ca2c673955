/** What every family of rules is given: the rows as SQL views, the configuration, and what is known of the past. */
import type { ModelConfig } from '../../config/model.ts';
import type { Finding, RawSnapshot } from '../contract.ts';
import { type Connection, rowsOf } from '../engine.ts';
import { quoteInstant, quoteName } from '../sql-text.ts';
import { STATEMENT_LIMIT_MS } from './time-limit.ts';

const DAY = 86_400_000;
const RECENT_DAYS = 7;
const PAST_DAYS = 56;

/** A raw manifest, of a snapshot or of a delivery that nobody has stored. */
export type RawManifest = Omit<RawSnapshot, 'files'> & { readonly files: readonly { name: string; rows: number }[] };

/**
 * Views of `db`, all in UTC and with event time and label time as TIMESTAMPTZ:
 * - `raw`: every row, with `file_index` and `file_row_number` (which name a row for `setAside`),
 * - `recent`: the rows of `raw` from `recentFrom` on; may be empty,
 * - `past`: the rows of `[pastFrom, pastTo)`, of `raw` or of the history that was given; may be empty. It has the
 *   columns of `pastColumns`, which are those of `raw` unless a history was given.
 */
export interface ValidationContext {
  readonly db: Connection;
  readonly config: ModelConfig;
  readonly raw: RawManifest;
  /** The newest accepted snapshot before this one. */
  readonly previous: RawManifest | null;
  readonly asOf: string;
  /** Columns that were delivered before, by name with their types; null where nobody knows. */
  readonly expected: ReadonlyMap<string, string> | null;
  /** Nothing may be later than this: `asOf` in a run; the time of the call where `asOf` was taken from the data. */
  readonly horizon: string;
  /** No label can have become known later: `asOf` in a run, where later ones are hidden; else the time of the call. */
  readonly labelHorizon: string;
  /** Folder that may be written to; removed afterwards. */
  readonly dir: string;
  /** The Parquet files behind `raw`, in the order of `file_index`. */
  readonly parquet: readonly string[];
  /** Reference tables of `references` rules as local files, by the path in the rule. */
  readonly references: ReadonlyMap<string, string>;
  /** Longest time of a statement that holds a person's SQL. */
  readonly limitMs: number;
  /** Line of a row in the text that it was delivered in; absent where the delivery is not text. */
  readonly lineOf?: (file: number, row: number) => number | null;
  /** Name to DuckDB type. */
  readonly columns: ReadonlyMap<string, string>;
  readonly recentFrom: string;
  readonly pastFrom: string;
  readonly pastTo: string;
  readonly pastColumns: ReadonlyMap<string, string>;
}

/** After the definition of features was found to fit the columns. */
export interface CheckedContext extends ValidationContext {
  /** Raw columns that features read, keys of joins and windows included. */
  readonly used: readonly string[];
}

/** One family of rules. Counts are exact; a family runs no scan that another has run already. */
export type RuleFamily = (context: CheckedContext) => Promise<Finding[]>;

export interface History {
  /** A relation over the rows, event time as TIMESTAMPTZ. */
  readonly relation: string;
  readonly columns: RawManifest['columns'];
}

export type Surroundings = Pick<
  ValidationContext,
  'db' | 'config' | 'raw' | 'previous' | 'asOf' | 'horizon' | 'dir' | 'parquet' | 'references' | 'lineOf'
> & { readonly limitMs?: number; readonly labelHorizon?: string; readonly expected?: RawManifest['columns'] | null };

/**
 * Creates the views.
 *
 * @param relation the rows of `raw`, with `file_index` and `file_row_number`
 * @param history rows of earlier deliveries, where the delivery does not hold them itself
 */
export async function openContext(
  around: Surroundings,
  relation: string,
  history: History | null = null,
): Promise<ValidationContext> {
  const { db, config, raw, previous } = around;
  const time = quoteName(config.data.event_time);
  const names = raw.columns.map(({ name }) => quoteName(name)).join(', ');
  await db.run(`CREATE VIEW raw AS SELECT ${names}, file_index, file_row_number FROM ${relation}`);

  const spans = await spansOf(db, time, history);
  const { recentFrom, pastTo } = history ? besideHistory(spans) : withinDelivery(spans.raw, previous);
  const pastFrom = new Date(Date.parse(pastTo) - PAST_DAYS * DAY).toISOString();
  const pastColumns = history?.columns ?? raw.columns;
  const expected = previous?.columns ?? history?.columns ?? around.expected;
  const pastNames = pastColumns.map(({ name }) => quoteName(name)).join(', ');
  await db.run(`CREATE VIEW recent AS SELECT * FROM raw WHERE ${time} >= ${quoteInstant(recentFrom)}`);
  await db.run(
    `CREATE VIEW past AS SELECT ${pastNames} FROM ${history?.relation ?? 'raw'}
     WHERE ${time} >= ${quoteInstant(pastFrom)} AND ${time} < ${quoteInstant(pastTo)}`,
  );
  return {
    ...around,
    limitMs: around.limitMs ?? STATEMENT_LIMIT_MS,
    expected: expected ? byName(expected) : null,
    labelHorizon: around.labelHorizon ?? around.horizon,
    columns: byName(raw.columns),
    recentFrom,
    pastFrom,
    pastTo,
    pastColumns: byName(pastColumns),
  };
}

interface Span {
  /** Milliseconds since the epoch, of the first and last event. */
  readonly first: number;
  readonly last: number;
}

async function spansOf(
  db: Connection,
  time: string,
  history: History | null,
): Promise<{ raw: Span; past: Span | null }> {
  return { raw: await spanOf(db, time, 'raw'), past: history && (await spanOf(db, time, history.relation)) };
}

/** From Parquet's statistics where there are any. Infinite times and an empty relation count as the epoch. */
async function spanOf(db: Connection, time: string, relation: string): Promise<Span> {
  const [row] = await rowsOf(
    db,
    `SELECT epoch_ms(min(${time})) AS first, epoch_ms(max(${time})) AS last FROM ${relation} WHERE isfinite(${time})`,
  );
  return { first: Number(row?.['first'] ?? 0), last: Number(row?.['last'] ?? 0) };
}

function withinDelivery(raw: Span, previous: RawManifest | null): { recentFrom: string; pastTo: string } {
  const since = previous ? Date.parse(previous.as_of) : Number.POSITIVE_INFINITY;
  const from = since <= raw.last ? since : raw.last - RECENT_DAYS * DAY;
  const recentFrom = new Date(from).toISOString();
  return { recentFrom, pastTo: recentFrom };
}

/** A delivery beside a history is recent as a whole; where it repeats the history, only what is newer. */
function besideHistory({ raw, past }: { raw: Span; past: Span | null }): { recentFrom: string; pastTo: string } {
  const end = (past?.last ?? raw.first) + 1;
  const repeats = past !== null && past.first >= raw.first && end <= raw.last;
  const from = repeats ? end : raw.first;
  return { recentFrom: new Date(from).toISOString(), pastTo: new Date(Math.min(from, end)).toISOString() };
}

function byName(columns: RawManifest['columns']): Map<string, string> {
  return new Map(columns.map(({ name, type }) => [name, type]));
}
