/** The time that a window spans, and its whole days: what noise bands and sentences are told. */
import type { Connection } from '../data/engine.ts';
import { quoteName } from '../data/sql-text.ts';
import { typesOf } from './column-kinds.ts';
import { TimeColumnUnusable } from './errors.ts';
import { read } from './profile.ts';
import { millisecondsOf } from './reference.ts';
import type { WindowFiles } from './window-files.ts';

export interface WindowSpan {
  /** ISO 8601; null where no row has a time. */
  readonly from: string | null;
  readonly to: string | null;
  /** Different days that have rows. */
  readonly days: number;
}

/** @throws TimeColumnUnusable where the window has no such column, or it holds no times */
export async function spanOf(db: Connection, { relation, name }: WindowFiles, column: string): Promise<WindowSpan> {
  const type = (await typesOf(db, relation)).get(column);
  if (type === undefined) throw new TimeColumnUnusable(column, `${name} has no such column`);
  if (!/^(TIMESTAMP|DATE|U?BIGINT|U?INTEGER)/.test(type))
    throw new TimeColumnUnusable(column, `it is ${type} in ${name}`);
  const ms = await millisecondsOf(db, relation, column);
  const [from, to, days] = await read(
    db,
    `SELECT min(${ms})::DOUBLE, max(${ms})::DOUBLE, count(DISTINCT ${ms} // 86400000)::DOUBLE
     FROM ${relation} WHERE ${quoteName(column)} IS NOT NULL`,
  );
  const iso = (value: unknown) =>
    value === null || value === undefined ? null : new Date(Number(value)).toISOString();
  return { from: iso(from?.[0]), to: iso(to?.[0]), days: Number(days?.[0] ?? 0) };
}
