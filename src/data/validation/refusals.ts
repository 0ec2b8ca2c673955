/** A delivery that ingest refuses, as a finding: what is wrong with which file, and in which lines. */
import type { Finding } from '../contract.ts';
import {
  SourceColumnMissing,
  SourceColumnUnsuitable,
  SourceIncomplete,
  SourceUnreadable,
  SourceWithoutRows,
} from '../ingest/errors.ts';

const MAX_LINES = 20;

/** Null for every other error. */
export function refusalFinding(error: unknown): Finding | null {
  const rule =
    error instanceof SourceUnreadable
      ? 'unreadable'
      : error instanceof SourceIncomplete
        ? 'incomplete'
        : error instanceof SourceColumnMissing
          ? 'column_missing'
          : error instanceof SourceColumnUnsuitable
            ? 'type'
            : error instanceof SourceWithoutRows
              ? 'no_rows'
              : null;
  if (rule === null || !(error instanceof Error)) return null;
  const lines = linesIn(error.message);
  const finding = { rule, column: null, severity: 'reject' as const, count: Math.max(1, lines.length), share: 1 };
  return {
    ...finding,
    limit: 'a delivery that can be read',
    examples: [],
    ...(lines.length > 0 ? { lines } : {}),
    sentence: error.message,
  };
}

/** Of "line 3" and "lines 4, 9 and 12 more". */
function linesIn(message: string): number[] {
  const found = [...message.matchAll(/\blines? (\d+(?:, \d+)*)/g)].flatMap(([, list = '']) =>
    list.split(', ').map(Number),
  );
  return [...new Set(found)].sort((a, b) => a - b).slice(0, MAX_LINES);
}
