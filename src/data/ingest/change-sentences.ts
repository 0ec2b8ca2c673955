/** Changes of a delivery in words. */
import type { RawSnapshot } from '../contract.ts';
import type { Changes, Period } from './contract.ts';
import type { Repeat } from './file-checks.ts';
import { newestDay } from './newest-day.ts';

/** Most periods of one kind that a sentence lists. */
const LISTED = 5;

/** The most important first; never empty. */
export function changeSentences(
  { since, periods, labelled, files, gaps }: Omit<Changes, 'sentences'>,
  now: Pick<RawSnapshot, 'rows' | 'window' | 'files'>,
  repeated: readonly Repeat[],
): string[] {
  const of = (kind: Period['kind']) => periods.filter((period) => period.kind === kind);
  const told = [
    tell(of('corrected'), 'was corrected', 'rows that were there before say something else now'),
    tell(of('removed'), 'lost rows', 'rows that were there before are gone; ask the producer why'),
    tell(of('out_of_order'), 'came out of order', 'rows, delivered after newer ones'),
    tell(of('late'), 'got late rows', 'rows older than the newest seen before'),
    gaps.length > 0
      ? `No rows for ${listed(
          gaps.slice(-LISTED).map(({ from, to }) => span(from, to)),
          gaps.length,
        )}, where there usually are some: ask for the delivery, or for the reason.`
      : '',
    files.waiting.count > 0
      ? `Not taken, because the completion marker is missing: ${listed(files.waiting.names, files.waiting.count)}.`
      : '',
    ...repeated.slice(0, LISTED).map(({ name, sameAs }) => `${name} is the same file as ${sameAs} and adds nothing.`),
    repeated.length > LISTED ? `${repeated.length - LISTED} more files repeat others and add nothing.` : '',
    labelled > 0 ? `${rowsText(labelled)} got ${labelled === 1 ? 'its' : 'their'} label.` : '',
    tell(of('new'), 'is new', 'rows'),
  ].filter((sentence) => sentence !== '');
  if (since === null) {
    return [...told, `First data: ${rowsText(now.rows)}, ${span(now.window.from.slice(0, 10), newestDay(now))}.`];
  }
  return told.length > 0 ? told : [`Nothing changed since ${since.run}.`];
}

/** `January 2013` for a whole month, else `2013-01-30` or `2013-01-30 to 2013-02-02`. */
export function span(from: string, to: string): string {
  if (from === to) return from;
  const month = from.slice(0, 7);
  const lastDay = new Date(Date.UTC(Number(from.slice(0, 4)), Number(from.slice(5, 7)), 0)).toISOString().slice(0, 10);
  if (from !== `${month}-01` || to !== lastDay) return `${from} to ${to}`;
  const name = new Date(`${from}T00:00:00Z`).toLocaleString('en', { month: 'long', timeZone: 'UTC' });
  return `${name} ${from.slice(0, 4)}`;
}

function tell(periods: readonly Period[], verb: string, what: string): string {
  if (periods.length === 0) return '';
  const rows = periods.reduce((total, period) => total + period.rows, 0);
  const plural = periods.length === 1 ? verb : verb.replace(/^was /, 'were ').replace(/^is /, 'are ');
  return `${listed(periods.map(({ from, to }) => span(from, to)))} ${plural}: ${rows.toLocaleString('en')} ${what}.`;
}

function listed(names: readonly string[], count = names.length): string {
  const shown = names.slice(0, LISTED);
  return count > shown.length ? `${shown.join(', ')} and ${count - shown.length} more` : shown.join(', ');
}

function rowsText(rows: number): string {
  return `${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}`;
}
