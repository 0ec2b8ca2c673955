/** Daily counts of the newest rows and of the past, and whether a share of the newest is outside of what the past knew. */
import { rowsOf } from '../../engine.ts';
import { quoteName } from '../../sql-text.ts';
import type { ValidationContext } from '../context.ts';

const DAY = 86_400_000;
/** Standard errors of a difference of two shares under which it may be chance, whatever its size. */
const Z_LIMIT = 4;

export interface Day {
  /** Whole UTC days since the epoch. */
  readonly day: number;
  readonly rows: number;
  /** One count for each condition that was asked for. */
  readonly counts: readonly number[];
}

export interface Days {
  readonly recent: readonly Day[];
  readonly past: readonly Day[];
}

/**
 * One scan of the views `recent` and `past`.
 *
 * @param conditions SQL over a row; where each holds is counted by day
 * @param where SQL that rows must fulfil to count at all
 */
export async function daysOf(
  { db, config }: ValidationContext,
  conditions: readonly string[],
  where = 'true',
): Promise<Days> {
  const day = `epoch_ms(${quoteName(config.data.event_time)}) // ${DAY}`;
  const counts = conditions.map((condition, i) => `count(*) FILTER (${condition}) AS c${i}`).join(', ');
  const of = (view: 'recent' | 'past') =>
    `SELECT '${view}' AS side, ${[`${day} AS day`, 'count(*) AS n', counts].filter(Boolean).join(', ')} FROM ${view}
     WHERE (${where}) AND isfinite(${quoteName(config.data.event_time)}) GROUP BY ALL`;
  const rows = await rowsOf(db, `${of('recent')} UNION ALL ${of('past')} ORDER BY 1, 2`);
  const side = (name: string): Day[] =>
    rows
      .filter((row) => row['side'] === name)
      .map((row) => ({
        day: Number(row['day']),
        rows: Number(row['n']),
        counts: conditions.map((_, i) => Number(row[`c${i}`])),
      }));
  return { recent: side('recent'), past: side('past') };
}

export interface Shift {
  readonly recent: number;
  readonly past: number;
  /** Rows of the newest days. */
  readonly rows: number;
  /** Smallest and largest share of any equally long span of the past. */
  readonly least: number;
  readonly most: number;
}

/**
 * The share of a condition in the newest rows, where it is further from the past's than chance, than `change` and than
 * the past itself ever moved: two-proportion z of at least 4, an absolute change of at least `change`, and outside of
 * the range over all spans of the past of the same length in days, widened on both sides by half of its width. Days
 * cluster (weather, weekends), so that z alone would fire on nothing.
 *
 * @param i which condition of `days`
 * @param least rows that each side needs; null is returned under it: not judged
 */
export function shiftOf(
  { recent, past }: Days,
  i: number,
  { change, least }: { change: number; least: number },
): Shift | null {
  const [now, before] = [totalOf(recent, i), totalOf(past, i)];
  if (now.rows < least || before.rows < least) return null;
  const [share, usual] = [now.count / now.rows, before.count / before.rows];
  if (Math.abs(share - usual) < change) return null;
  const pooled = (now.count + before.count) / (now.rows + before.rows);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / now.rows + 1 / before.rows));
  if (Math.abs(share - usual) < Z_LIMIT * error) return null;

  const spans = spanShares(past, i, lengthOf(recent));
  const [min, max] = [Math.min(...spans, usual), Math.max(...spans, usual)];
  const margin = (max - min) / 2;
  if (share >= min - margin && share <= max + margin) return null;
  return { recent: share, past: usual, rows: now.rows, least: min, most: max };
}

/** Days from the first to the last, both counted. */
export function lengthOf(days: readonly Day[]): number {
  const [first, last] = [days[0], days.at(-1)];
  return first && last ? last.day - first.day + 1 : 0;
}

export function totalOf(days: readonly Day[], i: number): { rows: number; count: number } {
  return {
    rows: days.reduce((total, { rows }) => total + rows, 0),
    count: days.reduce((total, { counts }) => total + (counts[i] ?? 0), 0),
  };
}

/** Shares of all spans of the past, at most a quarter of it long, so that there are some. */
function spanShares(past: readonly Day[], i: number, wanted: number): number[] {
  const first = past[0]?.day ?? 0;
  const days = lengthOf(past);
  const length = Math.max(1, Math.min(wanted, Math.floor(days / 4)));
  const shares: number[] = [];
  for (let from = first; from + length <= first + days; from++) {
    const { rows, count } = totalOf(
      past.filter(({ day }) => day >= from && day < from + length),
      i,
    );
    if (rows > 0) shares.push(count / rows);
  }
  return shares;
}
