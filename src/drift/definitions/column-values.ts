/** All values of one column with their counts, read as pandas would hold them: what other tools' formulas need. */
import type { Connection } from '../../data/engine.ts';
import { quoteName } from '../../data/sql-text.ts';
import { type Points, points } from '../points.ts';
import { read } from '../profile.ts';
import type { NumberType } from './numpy-histogram.ts';

export interface NumberValues {
  readonly kind: 'numeric';
  readonly type: NumberType;
  readonly rows: number;
  /** Null and NaN. */
  readonly missing: number;
  /** With infinities at the ends. */
  readonly points: Points;
}

/** The empty text is a level like others here. */
export interface LevelValues {
  readonly kind: 'categorical';
  readonly stored: 'text' | 'boolean';
  readonly rows: number;
  readonly missing: number;
  readonly levels: ReadonlyMap<string, number>;
}

export type ColumnValues = NumberValues | LevelValues;
export type Stored = Pick<NumberValues, 'kind' | 'type'> | Pick<LevelValues, 'kind' | 'stored'>;

/** How a DuckDB type would arrive in a pandas frame; null: as something that is not tested. */
export function storedAs(type: string): Stored | null {
  if (/^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/.test(type)) return { kind: 'numeric', type: 'integer' };
  if (type === 'FLOAT') return { kind: 'numeric', type: 'single' };
  if (/^(DOUBLE|DECIMAL\(.*\))$/.test(type)) return { kind: 'numeric', type: 'double' };
  if (/^(VARCHAR|ENUM\(.*\)|UUID)$/.test(type)) return { kind: 'categorical', stored: 'text' };
  return type === 'BOOLEAN' ? { kind: 'categorical', stored: 'boolean' } : null;
}

/**
 * @param chunk SQL expression of a chunk number that may be a window function; one chunk by default
 * @returns one entry a chunk, in their order
 */
export async function readColumn(
  db: Connection,
  relation: string,
  column: string,
  stored: Stored,
  chunk = '0',
): Promise<ColumnValues[]> {
  const x = quoteName(column);
  const value = stored.kind === 'numeric' ? `${x}::DOUBLE` : `${x}::VARCHAR`;
  const known = stored.kind === 'numeric' ? 'CASE WHEN isnan(x) THEN NULL ELSE x END' : 'x';
  const [chunks, values, counts] = await read(
    db,
    `SELECT k, ${known} AS value, count(*)::DOUBLE FROM (SELECT (${chunk})::INT AS k, ${value} AS x FROM ${relation})
     GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  const parts: [unknown, number][][] = [];
  chunks?.forEach((number, i) => {
    const part = parts[Number(number)] ?? [];
    parts[Number(number)] = part;
    part.push([values?.[i] ?? null, Number(counts?.[i])]);
  });
  return Array.from(parts, (part) => valuesOf(part ?? [], stored));
}

function valuesOf(pairs: readonly (readonly [unknown, number])[], stored: Stored): ColumnValues {
  const rows = pairs.reduce((sum, [, count]) => sum + count, 0);
  const missing = pairs.reduce((sum, [value, count]) => sum + (value === null ? count : 0), 0);
  const known = pairs.filter(([value]) => value !== null);
  if (stored.kind === 'categorical') {
    return { ...stored, rows, missing, levels: new Map(known.map(([value, count]) => [String(value), count])) };
  }
  const at = known.map(([value]) => Number(value));
  // pandas has no missing whole numbers: such a column becomes float64
  const type = stored.type === 'integer' && missing > 0 ? 'double' : stored.type;
  const counts = known.map(([, count]) => count);
  return { kind: 'numeric', type, rows, missing, points: points(at, counts) };
}

export function finitePoints({ at, counts }: Points): Points {
  const keep = Array.from(at.keys()).filter((i) => Number.isFinite(at[i]));
  return points(
    keep.map((i) => at[i] ?? 0),
    keep.map((i) => counts[i] ?? 0),
  );
}

export function mergePoints(parts: readonly Points[]): Points {
  const sums = new Map<number, number>();
  for (const part of parts) {
    part.at.forEach((value, i) => {
      sums.set(value, (sums.get(value) ?? 0) + (part.counts[i] ?? 0));
    });
  }
  const at = Float64Array.from(sums.keys()).sort();
  return points(
    Array.from(at),
    Array.from(at, (value) => sums.get(value) ?? 0),
  );
}

export function mergeLevels(parts: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const part of parts) for (const [level, count] of part) sums.set(level, (sums.get(level) ?? 0) + count);
  return sums;
}
