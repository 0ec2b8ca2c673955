/** Limits of a model file for comparisons of the newest rows with the 56 days before them. */
import { z } from 'zod';
import { share } from '../values.ts';

export const pastLimits = z.strictObject({
  /** Fewer rows on either side are not judged. */
  min_rows: z.number().int().positive(),
  /** A column's missing share may move by this much. */
  missing_change: share,
  /** Share of the newest rows that may hold categories never seen before. */
  new_category_share: share,
  /** The newest rows may have this many times the categories of the whole past. */
  level_ratio: z.number().min(1),
  /** The rate of the positive label may move by this much. */
  label_change: share,
  /** The share of rows of a slice that repeat another one may rise by this much. */
  repeated_change: share,
});
export type PastLimits = z.output<typeof pastLimits>;
