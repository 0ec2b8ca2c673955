/** Lookups: what joins and windows are worth as of the newest data, one Parquet file each, for the prediction server. */
import { z } from 'zod';
import { digest, instant } from '../../registry/contract.ts';

/**
 * One join or window as of one instant. Its Parquet file has one row a key: `_key_0`, `_key_1`, … (VARCHAR, never null,
 * in the order of `key`), then the value columns under their own names.
 *
 * A raw row finds its values by `nullif(CAST(<column> AS VARCHAR), '')` of each key column. A key that is null or not in
 * the file has the values of `missing`. Expressions see a join as `<name>.<column>`, a window as `windows.<name>`.
 */
export const lookupRef = z.strictObject({
  kind: z.literal('lookup'),
  of: z.enum(['join', 'window']),
  /** Under `features.joins` or `features.windows`. */
  name: z.string(),
  /** Raw columns that make the key, as text. */
  key: z.array(z.strictObject({ column: z.string(), type: z.literal('VARCHAR') })).min(1),
  /** DuckDB types of the value columns. A window has one column, named like itself. */
  columns: z.array(z.strictObject({ name: z.string(), type: z.string() })).min(1),
  /** What a key that is not there has: null for a join; the aggregate of no rows for a window (0 for a count). */
  missing: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
  /** The instant that the values were computed for; their age at a prediction is its time minus this. */
  as_of: instant,
  file: z.strictObject({ name: z.string(), sha256: digest, bytes: z.number().int(), rows: z.number().int() }),
});
export type LookupRef = z.output<typeof lookupRef>;

/**
 * All lookups of one definition as of one instant. Stored once at
 * `models/<model>/lookups/<definition digest>/<as_of without punctuation>-<raw digest, 12 digits>.json`, append-only.
 */
export const lookupSet = z.strictObject({
  model: z.string(),
  /** Digest of the feature definition. */
  definition: digest,
  /** Digest of the raw snapshot that they were computed from. */
  raw: digest,
  as_of: instant,
  lookups: z.array(lookupRef),
});
export type LookupSet = z.output<typeof lookupSet>;
