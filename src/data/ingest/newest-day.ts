/** The last day that rows of a snapshot can be of, by the months in which they are kept. */
import type { RawSnapshot } from '../contract.ts';

/** @returns `YYYY-MM-DD`: the end of the last month with rows, or of the window where that is earlier */
export function newestDay({ files, window }: Pick<RawSnapshot, 'files' | 'window'>): string {
  const before = (instant: number): string => new Date(instant - 1).toISOString().slice(0, 10);
  const end = before(Date.parse(window.to));
  const month = /^(\d+)-(\d\d)\.parquet$/.exec(files.at(-1)?.name ?? '');
  if (month === null) return end;
  const last = before(Date.UTC(Number(month[1]), Number(month[2]), 1));
  return last < end ? last : end;
}
