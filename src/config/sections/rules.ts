/** Rules of a model file: those that people write under `data.rules`, and the grades of those that hold unasked. */
import { z } from 'zod';
import { columnName, share } from '../values.ts';

export const severity = z.enum(['reject', 'quarantine', 'warn']);
export type Severity = z.output<typeof severity>;

/** Rules about a whole column or table have no rows to set aside. */
const wholeSeverity = z.enum(['reject', 'warn']);

/** One rule on the raw data. Exactly one condition each. */
export const rule = z.union([
  z.strictObject({ column: columnName, between: z.tuple([z.number(), z.number()]), severity }),
  z.strictObject({ column: columnName, in: z.array(z.union([z.string(), z.number()])).min(1), severity }),
  z.strictObject({ column: columnName, matches: z.string().min(1), severity }),
  z.strictObject({ column: columnName, missing_at_most: share, severity }),
  z.strictObject({ column: columnName, levels_at_most: z.number().int().positive(), severity: wholeSeverity }),
  z.strictObject({
    column: columnName,
    type: z.enum(['integer', 'number', 'string', 'timestamp', 'boolean']),
    severity,
  }),
  z.strictObject({ columns: z.array(columnName).min(1), severity: wholeSeverity }),
  z.strictObject({ unique: z.array(columnName).min(1), severity }),
  z.strictObject({
    references: z.strictObject({ column: columnName, path: z.string().min(1), key: columnName }),
    severity,
  }),
  z.strictObject({ sql: z.string().min(1), severity }),
]);
export type Rule = z.output<typeof rule>;

const rowGrade = z.enum(['reject', 'quarantine', 'warn', 'off']).optional();
const wholeGrade = z.enum(['reject', 'warn', 'off']).optional();

/** Grades of the inferred rules; what a stored configuration does not name has the grade of `config/defaults.yaml`. */
export const checks = z.strictObject({
  id_missing: rowGrade,
  event_time_missing: rowGrade,
  future_event: rowGrade,
  prehistoric_event: rowGrade,
  future_label: rowGrade,
  label_before_event: rowGrade,
  label_without_time: rowGrade,
  not_finite: rowGrade,
  inexact_integer: rowGrade,
  conflicting_labels: rowGrade,
  repeated_content: rowGrade,
  extra_column: wholeGrade,
  all_null: wholeGrade,
  constant: wholeGrade,
  cardinality: wholeGrade,
  label_coverage: wholeGrade,
  stale: wholeGrade,
  gap: wholeGrade,
  missing_shift: wholeGrade,
  new_categories: wholeGrade,
  level_jump: wholeGrade,
  label_rate: wholeGrade,
  flood: wholeGrade,
  label_copy: wholeGrade,
  predicts_label: wholeGrade,
  outcome_copy: wholeGrade,
  shared_rows: wholeGrade,
  newer_than_event: wholeGrade,
});
export type InferredRule = keyof z.output<typeof checks>;
export type Grade = Severity | 'off';
