/** Casts of single values as the engine makes them, bit for bit, without the engine. Runs in a browser as well. */
import type { RawExact } from './raw-json.ts';

/** To FLOAT: NaN for null. */
export const NUMBER_CASTS = {
  boolean: (value: RawExact): number => (value === null ? Number.NaN : Number(value)),
  int32: int32AsFloat,
  float32: asFloat,
} as const;

export type CastName = keyof typeof NUMBER_CASTS | 'text';

/** To VARCHAR: '' for null. */
export function asText(value: RawExact): string {
  return value === null ? '' : String(value);
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
