/** Features that are a raw column as it is: cast here as the engine casts them, bit for bit, without a call of the engine. */
import type { Connection } from '../engine.ts';
import { expressionParts } from '../user-sql.ts';
import type { FeatureColumn } from './definition.ts';
import { integerTypes, type RawExact } from './raw-json.ts';

/** A number for FLOAT (NaN for null), or text for VARCHAR ('' for null). */
export type BareCast = { readonly column: string } & (
  | { readonly number: (value: RawExact) => number }
  | { readonly text: (value: RawExact) => string }
);

/**
 * @param rawTypes DuckDB type by raw column
 * @returns undefined when the engine must evaluate it: an expression, or a cast whose rules are the engine's own
 * (decimals, times, numbers as text)
 */
export async function bareCast(
  db: Connection,
  feature: FeatureColumn,
  rawTypes: Readonly<Record<string, string>>,
): Promise<BareCast | undefined> {
  const column = await bareColumn(db, feature, Object.keys(rawTypes));
  const type = column === undefined ? undefined : rawTypes[column];
  if (column === undefined || type === undefined) return undefined;
  const whole = integerTypes.has(type);
  if (feature.type === 'string') {
    if (type !== 'VARCHAR' && type !== 'BOOLEAN' && !whole) return undefined;
    return { column, text: (value) => (value === null ? '' : String(value)) };
  }
  if (type === 'BOOLEAN') return { column, number: (value) => (value === null ? Number.NaN : Number(value)) };
  if (feature.type === 'int32') return whole ? { column, number: int32AsFloat } : undefined;
  return whole || type === 'FLOAT' || type === 'DOUBLE' ? { column, number: asFloat } : undefined;
}

/** The column's own name, where the expression is nothing else. */
async function bareColumn(db: Connection, { name, expr }: FeatureColumn, known: readonly string[]) {
  const text = expr.trim();
  if (!/^([A-Za-z_]\w*|"([^"]|"")+")$/.test(text)) return undefined;
  const { columns, classes } = await expressionParts(db, text, `feature "${name}"`);
  const [column] = columns;
  if (column === undefined || classes.some((each) => each !== 'COLUMN_REF')) return undefined;
  return known.find((each) => each.toLowerCase() === column.toLowerCase());
}

/** TRY_CAST(… AS FLOAT): the nearest float32; what is too large is null. */
function asFloat(value: RawExact): number {
  if (typeof value === 'bigint') return nearestFloat(value);
  if (typeof value !== 'number') return Number.NaN;
  const float = Math.fround(value);
  return Number.isFinite(float) ? float : Number.NaN;
}

/** TRY_CAST(… AS INTEGER), then FLOAT. */
function int32AsFloat(value: RawExact): number {
  return typeof value === 'number' && value === (value | 0) ? Math.fround(value) : Number.NaN;
}

/** Rounded once, half to even: through a double it would be rounded twice. @param whole beyond 2^53 */
function nearestFloat(whole: bigint): number {
  const size = whole < 0n ? -whole : whole;
  const shift = BigInt(size.toString(2).length - 24);
  const [kept, rest, half] = [size >> shift, size & ((1n << shift) - 1n), 1n << (shift - 1n)];
  const up = rest > half || (rest === half && (kept & 1n) === 1n) ? 1n : 0n;
  const float = Number((kept + up) << shift);
  return whole < 0n ? -float : float;
}
