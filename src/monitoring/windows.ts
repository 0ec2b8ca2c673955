/** Windows of whole UTC days: what a tick looks at, computed afresh each time, so that no hidden state decides. */
import { durationMs } from '../config/values.ts';
import type { Window } from './contract.ts';

export const DAY = 86_400_000;

/** Events before this instant have had `matureAfter` for their label; the start of a day. */
export function matureBefore(asOf: string, matureAfter: string): number {
  return startOfDay(Date.parse(asOf) - durationMs(matureAfter));
}

export function startOfDay(ms: number): number {
  return Math.floor(ms / DAY) * DAY;
}

/**
 * The last `count` windows before `end`, newest first, one after the other. A length that is no whole number of days is
 * rounded up to whole days.
 */
export function lastWindows(end: number, length: string, count: number): Window[] {
  const step = Math.max(1, Math.ceil(durationMs(length) / DAY)) * DAY;
  return Array.from({ length: count }, (_, i) => ({
    from: new Date(end - (i + 1) * step).toISOString(),
    to: new Date(end - i * step).toISOString(),
  }));
}

/** `1 to 7 April 2013`, `28 March to 3 April 2013`, `7 April 2013`; `to` is exclusive. */
export function windowName({ from, to }: Window): string {
  const [first, last] = [new Date(from), new Date(Date.parse(to) - 1)];
  const format = (date: Date, options: Intl.DateTimeFormatOptions): string =>
    date.toLocaleDateString('en-GB', { timeZone: 'UTC', ...options });
  const full = { day: 'numeric', month: 'long', year: 'numeric' } as const;
  if (from.slice(0, 10) === last.toISOString().slice(0, 10)) return format(last, full);
  if (from.slice(0, 7) === last.toISOString().slice(0, 7)) return `${first.getUTCDate()} to ${format(last, full)}`;
  const sameYear = from.slice(0, 4) === last.toISOString().slice(0, 4);
  return `${format(first, sameYear ? { day: 'numeric', month: 'long' } : full)} to ${format(last, full)}`;
}

export function daysIn({ from, to }: Window): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY);
}

/** SQL: 0 for the newest window, 1 for the one before, …; null outside all of them. `ms` is SQL of milliseconds. */
export function windowIndexSql(ms: string, windows: readonly Window[]): string {
  const cases = windows.map(
    ({ from, to }, i) => `WHEN ${ms} >= ${Date.parse(from)} AND ${ms} < ${Date.parse(to)} THEN ${i}`,
  );
  return `CASE ${cases.join(' ')} END`;
}
