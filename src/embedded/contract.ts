/** `bundle.json` of an exported version: all that a program elsewhere needs to predict as the server does. */
import { z } from 'zod';
import { digest, goldenRow, instant, signature, storedFile, versionNumber } from '../registry/contract.ts';

const place = z.union([z.strictObject({ numeric: z.number().int() }), z.strictObject({ category: z.number().int() })]);
const sqlType = z.enum(['int32', 'float32', 'boolean', 'string']);

/** How each feature comes about: a cast of a column, or a place in the answer of one SQL statement. */
const featurePlan = z.strictObject({
  bare: z.array(
    z.strictObject({
      cast: z.strictObject({ source: z.string(), as: z.enum(['boolean', 'int32', 'float32', 'text']) }),
      place,
    }),
  ),
  evaluated: z.array(place),
  statement: z
    .strictObject({
      /** DuckDB; its one parameter is a JSON array of rows. */
      sql: z.string(),
      reads: z.array(z.strictObject({ name: z.string(), source: z.string() })),
      types: z.array(sqlType),
    })
    .nullable(),
});

const rawRow = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

export const embeddedBundle = z.strictObject({
  contract: z.literal(1),
  model: z.string(),
  version: versionNumber,
  as_of: instant,
  /** Where the version comes from: any of these can be looked up with `hone lineage`. */
  lineage: z.strictObject({
    run: z.string().nullable(),
    code: z.strictObject({ commit: z.string(), dirty: z.boolean() }),
    config: digest,
    data: z.strictObject({ raw: digest, features: digest, definition: digest }).nullable(),
    manifest: digest,
  }),
  signature,
  /** DuckDB type of each raw column that a row must have. */
  inputs: z.record(z.string(), z.string()),
  features: featurePlan,
  /** Engine that the SQL was tested with. */
  engine: z.string(),
  threshold: z.number().nullable(),
  golden: z.array(goldenRow),
  /** Invented rows with what the server makes of them: checked when a bundle is opened. */
  probes: z.array(
    z.strictObject({
      row: rawRow,
      numeric: z.array(z.number().nullable()),
      categorical: z.array(z.string()),
      prediction: z.array(z.number()),
    }),
  ),
  files: z.array(storedFile),
});
export type EmbeddedBundle = z.output<typeof embeddedBundle>;
export type RawExample = z.output<typeof rawRow>;

export const BUNDLE_FILE = 'bundle.json';
