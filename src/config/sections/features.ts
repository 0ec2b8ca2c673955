/** Section `features` of a model file: which columns, expressions, joins and windows a model sees. */
import { z } from 'zod';
import { columnName, duration } from '../values.ts';

export const sqlType = z.enum(['int32', 'float32', 'boolean', 'string']);
export type SqlType = z.output<typeof sqlType>;

/** What a column means, for people; it changes no value. */
const doc = z.string().min(1);

/** A reference table beside the data. Expressions see its columns as `<name>.<column>`. */
const join = z.strictObject({
  path: z.string().min(1).describe('Parquet, CSV or JSON lines by its ending; a file or a glob.'),
  key: z
    .record(columnName, columnName)
    .refine((key) => Object.keys(key).length > 0, 'name at least one column')
    .describe('Raw column: column of the table.'),
  valid_from: columnName
    .nullable()
    .describe('Column with the time from which a row holds; null: rows that never change.'),
  known_at: columnName
    .optional()
    .describe('Column with the time at which a row became known, where that may be later than it holds.'),
  columns: z
    .record(
      columnName,
      z.strictObject({
        type: sqlType.describe('Type that it has as a feature.'),
        doc: doc.describe('What it means, for people.'),
      }),
    )
    .describe('What is taken from the table.'),
});

/** One aggregate over earlier rows with the same key: a feature under its own name, `windows.<name>` in expressions. */
const window = z.strictObject({
  type: sqlType.describe('Type that it has as a feature.'),
  by: z.array(columnName).min(1).describe('Raw columns whose values the earlier rows share.'),
  length: duration.describe('How far back rows count.'),
  delay: duration.describe(
    'How long before the event rows stop counting: the time that their values take to become known.',
  ),
  expr: z.string().min(1).describe('Aggregate in SQL over the earlier rows.'),
  of_labels: z
    .boolean()
    .optional()
    .describe('Label and outcomes may be used; a row counts by the time at which its label became known.'),
  doc: doc.describe('What it means, for people.'),
});

export const features = z.strictObject({
  use: z.array(columnName).min(1).describe('Columns that the model sees, in order.'),
  sql: z
    .record(
      columnName,
      z.strictObject({
        type: sqlType.describe('Type of the value.'),
        expr: z.string().min(1).describe("Expression in DuckDB's SQL; the same one trains and serves."),
        doc: z.string().optional().describe('What it means, for people.'),
      }),
    )
    .describe('Features as SQL expressions of one row, by name.'),
  joins: z.record(columnName, join).optional().describe('Reference tables beside the data, by name.'),
  windows: z.record(columnName, window).optional().describe('Aggregates over earlier rows, by name.'),
  precomputed: z
    .boolean()
    .optional()
    .describe('The columns of `use` come ready; the delivery says which version of its producer made them.'),
  time_limit: duration
    .optional()
    .describe('How long one statement over the features may take; PT10M where nothing is said.'),
  categories: z
    .strictObject({
      columns: z.array(columnName).describe('Their names.'),
      min_count: z.number().int().positive().describe('Rarer values are taken as unseen.'),
      max_levels: z
        .number()
        .int()
        .positive()
        .describe('At most so many values are told apart, the most frequent ones.'),
      unseen: z.literal('other'),
    })
    .describe('Features that are categories, and how their values become numbers.'),
});

export type FeatureConfig = z.output<typeof features>;
