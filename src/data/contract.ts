/** Snapshots and validation reports: what the data stages hand on. Histories carry the digest only. */
import { z } from 'zod';
import { severity } from '../config/sections/rules.ts';
import { confirmedBreak, digest, geometry, instant } from '../registry/contract.ts';
import { lookupRef } from './features/lookup-contract.ts';

const column = z.strictObject({ name: z.string(), type: z.string() });
const file = z.strictObject({ name: z.string(), sha256: digest, bytes: z.number().int(), rows: z.number().int() });

/** A source file as it was read. `rows` and event times are null behind a query, which may mix files. */
const delivery = z.strictObject({
  /** Relative to the project, to the command's folder or to the prefix of an object store. */
  name: z.string(),
  sha256: digest,
  bytes: z.number().int(),
  format: z.enum(['parquet', 'csv', 'jsonl']),
  rows: z.number().int().nullable(),
  first_event: instant.nullable(),
  last_event: instant.nullable(),
  /** Rows without a usable event time, which are in no window; left out where there are none. */
  untimed: z.number().int().positive().optional(),
});
export type Delivery = z.output<typeof delivery>;

/** A reference table that features join, all rows and columns, as it was when the snapshot was made. */
const reference = z.strictObject({ path: z.string(), file, columns: z.array(column) });
export type Reference = z.output<typeof reference>;

/** An immutable copy of source rows with event time in `[window.from, window.to)`. Stored at `snapshots/<digest>.json`. */
export const rawSnapshot = z.strictObject({
  kind: z.literal('raw'),
  model: z.string(),
  as_of: instant,
  window: z.strictObject({ from: instant, to: instant }),
  source: z.string(),
  rows: z.number().int(),
  columns: z.array(column),
  files: z.array(file),
  /** Rows with a label by age of the event in whole days, for the newest 30 days. */
  label_coverage: z.array(
    z.strictObject({ age_days: z.number().int(), rows: z.number().int(), labelled: z.number().int() }),
  ),
  /** Who made the rows, as the model file or the delivery says; the engine where nobody does. */
  producer: z.strictObject({ name: z.string(), version: z.string() }),
  /** Source files with rows in the window; files of the same bytes count once. */
  deliveries: z.array(delivery).optional(),
  /** Days (UTC, both included) without any row, where there usually are some. */
  gaps: z.array(z.strictObject({ from: z.string(), to: z.string() })).optional(),
  references: z.array(reference).optional(),
});
export type RawSnapshot = z.output<typeof rawSnapshot>;

/** With `since_break`: which window a run trained on, and why. Decided once a run, so that a refit takes the same. */
export const trainingWindow = z.strictObject({
  used: z.enum(['since_break', 'fallback']),
  /** The last confirmed break that the run knew at its start. */
  break: confirmedBreak.nullable(),
  /** Mature rows with a label to train on since the break; null without a break. */
  rows: z.number().int().nonnegative().nullable(),
  min_rows: z.number().int().positive(),
  sentence: z.string(),
});
export type TrainingWindow = z.output<typeof trainingWindow>;

/**
 * Feature rows of one definition: `train.parquet`, `validation.parquet`, `holdout.parquet`, sorted by event time.
 * Columns: `_id`, `_entity`, `_event_time` (ms since epoch, BIGINT), `_label` (DOUBLE), `_weight` (DOUBLE), then the
 * features under their own names, then slice columns that are no feature as `_slice_<name>`. `_weight` is 1, but for
 * training rows under `decay`.
 */
export const featureSnapshot = z.strictObject({
  kind: z.literal('features'),
  model: z.string(),
  raw: digest,
  /** Digest of the feature definition: columns, expressions, types, category settings, engine version. */
  definition: digest,
  geometry,
  numeric: z.array(z.string()),
  categorical: z.array(z.string()),
  parts: z.array(z.strictObject({ part: z.enum(['train', 'validation', 'holdout', 'refit']), file })),
  /** Mature rows with a label in the whole window. */
  mature_labels: z.number().int(),
  /** Joins and windows as of `geometry.as_of`, for serving. */
  lookups: z.array(lookupRef).optional(),
  training_window: trainingWindow.optional(),
  /** Training rows weigh 0.5^(age / half_life), where a row at `newest` has the age 0. */
  decay: z.strictObject({ half_life: z.string(), newest: instant }).optional(),
});
export type FeatureSnapshot = z.output<typeof featureSnapshot>;

/** What histories carry. */
export interface SnapshotRef {
  readonly kind: 'raw' | 'features';
  readonly digest: string;
  readonly rows: number;
}

export const finding = z.strictObject({
  rule: z.string(),
  column: z.string().nullable(),
  severity,
  count: z.number().int(),
  share: z.number(),
  limit: z.string(),
  /** Event times that the rule looked at, where it did not look at all rows. */
  window: z.strictObject({ from: instant, to: instant }).optional(),
  examples: z.array(z.string()).max(20),
  /** Line numbers of the examples in a source of text, the header being line 1. */
  lines: z.array(z.number().int()).max(20).optional(),
  /** What happened and what to do, for a person. */
  sentence: z.string(),
});
export type Finding = z.output<typeof finding>;

/** Rows that broke rules, with all their columns, in one Parquet blob; its column `hone:reasons` points into `reasons`. */
export const setAsideRows = z.strictObject({
  file,
  reasons: z.array(z.strictObject({ ...finding.pick({ rule: true, column: true, limit: true, count: true }).shape })),
});
export type SetAsideRows = z.output<typeof setAsideRows>;

export const validationReport = z.strictObject({
  verdict: z.enum(['accept', 'reject']),
  rows: z.number().int(),
  quarantined: z.number().int(),
  findings: z.array(finding),
  sentence: z.string(),
  /** The snapshot without its quarantined rows; the raw snapshot itself where nothing was quarantined. */
  accepted: digest,
  /** Kept whatever the verdict is. */
  aside: setAsideRows.optional(),
  /** Rows that break a rule and stay in, because a person vouched for them. */
  vouched: z.number().int().optional(),
});
export type ValidationReport = z.output<typeof validationReport>;
