/** Limits of a model file for comparisons of the newest rows with the 56 days before them. */
import { z } from 'zod';
import { share } from '../values.ts';

export const pastLimits = z.strictObject({
  min_rows: z.number().int().positive().describe('Fewer rows on either side are not judged.'),
  missing_change: share.describe("A column's missing share may move by this much."),
  new_category_share: share.describe('Share of the newest rows that may hold categories never seen before.'),
  level_ratio: z.number().min(1).describe('The newest rows may have this many times the categories of the whole past.'),
  label_change: share.describe('The rate of the positive label may move by this much.'),
  repeated_change: share.describe('The share of rows of a slice that repeat another one may rise by this much.'),
});
export type PastLimits = z.output<typeof pastLimits>;
