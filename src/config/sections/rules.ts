/** Rules of a model file: those that people write under `data.rules`, and the grades of those that hold unasked. */
import { z } from 'zod';
import { columnName, share } from '../values.ts';

export const severity = z.enum(['reject', 'quarantine', 'warn']).describe('What happens where it does not hold.');
export type Severity = z.output<typeof severity>;

/** Rules about a whole column or table have no rows to set aside. */
const wholeSeverity = z.enum(['reject', 'warn']).describe('What happens where it does not hold.');

/** One rule on the raw data. Exactly one condition each. */
export const rule = z.union([
  z.strictObject({
    column: columnName.describe('The column that it is about.'),
    between: z.tuple([z.number(), z.number()]).describe('Smallest and largest number.'),
    severity,
  }),
  z.strictObject({
    column: columnName.describe('The column that it is about.'),
    in: z
      .array(z.union([z.string(), z.number()]))
      .min(1)
      .describe('Values that may occur.'),
    severity,
  }),
  z.strictObject({
    column: columnName.describe('The column that it is about.'),
    matches: z.string().min(1).describe('Regular expression that texts match as a whole.'),
    severity,
  }),
  z.strictObject({
    column: columnName.describe('The column that it is about.'),
    missing_at_most: share.describe('Share of rows without a value.'),
    severity,
  }),
  z.strictObject({
    column: columnName.describe('The column that it is about.'),
    levels_at_most: z.number().int().positive().describe('Number of different values.'),
    severity: wholeSeverity,
  }),
  z.strictObject({
    column: columnName.describe('The column that it is about.'),
    type: z.enum(['integer', 'number', 'string', 'timestamp', 'boolean']).describe('Type of the column.'),
    severity,
  }),
  z.strictObject({
    columns: z.array(columnName).min(1).describe('Columns of a delivery, all of them and no others.'),
    severity: wholeSeverity,
  }),
  z.strictObject({ unique: z.array(columnName).min(1).describe('Columns that name a row together.'), severity }),
  z.strictObject({
    references: z
      .strictObject({
        column: columnName.describe('Column here.'),
        path: z.string().min(1).describe('File of the other table.'),
        key: columnName.describe('Column there.'),
      })
      .describe('Values that stand in another table.'),
    severity,
  }),
  z.strictObject({ sql: z.string().min(1).describe('Condition in SQL that holds for each row.'), severity }),
]);
export type Rule = z.output<typeof rule>;

const rowGrade = z.enum(['reject', 'quarantine', 'warn', 'off']).optional();
const wholeGrade = z.enum(['reject', 'warn', 'off']).optional();

/** Grades of the inferred rules; what a stored configuration does not name has the grade of `config/defaults.yaml`. */
export const checks = z.strictObject({
  id_missing: rowGrade.describe('A row without an id.'),
  event_time_missing: rowGrade.describe('A row without an event time.'),
  future_event: rowGrade.describe('An event after as_of.'),
  prehistoric_event: rowGrade.describe('An event before 1971: an empty time read as the epoch.'),
  future_label: rowGrade.describe('A label that became known after as_of.'),
  label_before_event: rowGrade.describe('A label known before its event.'),
  label_without_time: rowGrade.describe('A label without the time at which it became known.'),
  not_finite: rowGrade.describe('A number that is infinite or not a number.'),
  inexact_integer: rowGrade.describe('A whole number beyond 2^53.'),
  conflicting_labels: rowGrade.describe('Equal rows with different labels.'),
  repeated_content: rowGrade.describe('Rows that differ in nothing but their id.'),
  extra_column: wholeGrade.describe('A column that the snapshot before did not have.'),
  all_null: wholeGrade.describe('A column without any value.'),
  constant: wholeGrade.describe('A column with one value.'),
  cardinality: wholeGrade.describe('A category with more values than features.categories.max_levels.'),
  label_coverage: wholeGrade.describe('Mature rows without labels.'),
  stale: wholeGrade.describe('A newest row older than data.freshness.'),
  gap: wholeGrade.describe('Days without rows.'),
  missing_shift: wholeGrade.describe('A missing share that moved.'),
  new_categories: wholeGrade.describe('Values never seen before.'),
  level_jump: wholeGrade.describe('Many more values than before.'),
  label_rate: wholeGrade.describe('A label rate that moved.'),
  flood: wholeGrade.describe('Near-duplicates in one slice.'),
  label_copy: wholeGrade.describe('A feature that is the label.'),
  predicts_label: wholeGrade.describe('A feature that predicts the label alone.'),
  outcome_copy: wholeGrade.describe('A feature that is an outcome.'),
  shared_rows: wholeGrade.describe('Rows in both training and holdout.'),
  newer_than_event: wholeGrade.describe('A time among the features that lies after the event.'),
});
export type InferredRule = keyof z.output<typeof checks>;
export type Grade = Severity | 'off';
