/** Features that are a raw column as it is: cast here as the engine casts them, bit for bit, without a call of the engine. */
import type { Connection } from '../engine.ts';
import { expressionParts } from '../user-sql.ts';
import type { FeatureColumn } from './definition.ts';
import { type Lookups, structField } from './online-lookup.ts';
import { integerTypes, type RawExact } from './raw-json.ts';

/** A number for FLOAT (NaN for null), or text for VARCHAR ('' for null). */
export type BareCast = { readonly source: string } & (
  | { readonly number: (value: RawExact) => number }
  | { readonly text: (value: RawExact) => string }
);

/** What a plain name in an expression may mean, and its DuckDB type. */
export interface BareSources {
  readonly raw: Readonly<Record<string, string>>;
  /** Fields of lookups: `airport.city`, `windows.late_7d`. */
  readonly structs: Lookups['structs'];
}

/**
 * @returns undefined when the engine must evaluate it: an expression, or a cast whose rules are the engine's own
 * (decimals, times, numbers as text)
 */
export async function bareCast(
  db: Connection,
  feature: FeatureColumn,
  sources: BareSources,
): Promise<BareCast | undefined> {
  const found = await bareSource(db, feature, sources);
  if (found === undefined) return undefined;
  const { source, type } = found;
  const whole = integerTypes.has(type);
  if (feature.type === 'string') {
    if (type !== 'VARCHAR' && type !== 'BOOLEAN' && !whole) return undefined;
    return { source, text: (value) => (value === null ? '' : String(value)) };
  }
  if (type === 'BOOLEAN') return { source, number: (value) => (value === null ? Number.NaN : Number(value)) };
  if (feature.type !== 'int32' && feature.type !== 'float32') return undefined;
  if (feature.type === 'int32') return whole ? { source, number: int32AsFloat } : undefined;
  return whole || type === 'FLOAT' || type === 'DOUBLE' ? { source, number: asFloat } : undefined;
}

const NAME = String.raw`([A-Za-z_]\w*|"(?:[^"]|"")+")`;
const path = new RegExp(`^${NAME}(?:\\.${NAME})?$`);

/** The column or field, where the expression is nothing else. */
async function bareSource(db: Connection, { name, expr }: FeatureColumn, { raw, structs }: BareSources) {
  const text = expr.trim();
  const [, first, second] = path.exec(text) ?? [];
  if (first === undefined) return undefined;
  const { columns, classes } = await expressionParts(db, text, `feature "${name}"`);
  if (columns.length !== 1 || classes.some((each) => each !== 'COLUMN_REF')) return undefined; // such as current_date
  if (second === undefined) return pick(new Map(Object.entries(raw)), first, (source) => source);
  const struct = [...structs].find(([known]) => same(known, first));
  return struct && pick(struct[1], second, (field) => structField(struct[0], field));
}

function pick(types: ReadonlyMap<string, string>, written: string, key: (name: string) => string) {
  const found = [...types].find(([known]) => same(known, written));
  return found && { source: key(found[0]), type: found[1] };
}

/** As SQL compares names: without regard to capitals. */
function same(known: string, written: string): boolean {
  const name = written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written;
  return known.toLowerCase() === name.toLowerCase();
}

/** TRY_CAST(… AS FLOAT): the nearest float32; what is too large is null. */
function asFloat(value: RawExact): number {
  if (typeof value === 'bigint') return nearestFloat(value);
  if (typeof value !== 'number') return Number.NaN;
  const float = Math.fround(value);
  return Number.isFinite(float) || !Number.isFinite(value) ? float : Number.NaN;
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
