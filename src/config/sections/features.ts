/** Section `features` of a model file: which columns, expressions, joins and windows a model sees. */
import { z } from 'zod';
import { columnName, duration } from '../values.ts';

export const sqlType = z.enum(['int32', 'float32', 'boolean', 'string']);
export type SqlType = z.output<typeof sqlType>;

/** What a column means, for people; it changes no value. */
const doc = z.string().min(1);

/** A reference table beside the data. Expressions see its columns as `<name>.<column>`. */
const join = z.strictObject({
  /** Parquet, CSV or JSON lines by its ending; a file or a glob. */
  path: z.string().min(1),
  /** Raw column: column of the table. */
  key: z.record(columnName, columnName).refine((key) => Object.keys(key).length > 0, 'name at least one column'),
  /** Column with the time from which a row holds; null: rows that never change. */
  valid_from: columnName.nullable(),
  /** Column with the time at which a row became known, where that may be later than it holds. */
  known_at: columnName.optional(),
  columns: z.record(columnName, z.strictObject({ type: sqlType, doc })),
});

/** One aggregate over earlier rows with the same key: a feature under its own name, `windows.<name>` in expressions. */
const window = z.strictObject({
  type: sqlType,
  by: z.array(columnName).min(1),
  length: duration,
  /** How long before the event rows stop counting: the time that their values take to become known. */
  delay: duration,
  expr: z.string().min(1),
  /** Label and outcomes may be used; a row counts by the time at which its label became known. */
  of_labels: z.boolean().optional(),
  doc,
});

export const features = z.strictObject({
  use: z.array(columnName).min(1),
  sql: z.record(columnName, z.strictObject({ type: sqlType, expr: z.string().min(1), doc: z.string().optional() })),
  joins: z.record(columnName, join).optional(),
  windows: z.record(columnName, window).optional(),
  /** The columns of `use` come ready; the delivery says which version of its producer made them. */
  precomputed: z.boolean().optional(),
  /** How long one statement over the features may take; PT10M where nothing is said. */
  time_limit: duration.optional(),
  categories: z.strictObject({
    columns: z.array(columnName),
    min_count: z.number().int().positive(),
    max_levels: z.number().int().positive(),
    unseen: z.literal('other'),
  }),
});

export type FeatureConfig = z.output<typeof features>;
