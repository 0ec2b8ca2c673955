/**
 * Section `data` of a model file: where rows come from, what each column means, and the rules that they must hold.
 * What is optional here came later than the first stored configurations, which stay readable.
 */
import { z } from 'zod';
import { columnName, duration, share } from '../values.ts';
import { leakageLimits } from './leakage.ts';
import { pastLimits } from './past.ts';
import { checks, rule } from './rules.ts';
import { source } from './sources.ts';

export type { Source } from './sources.ts';

export const data = z.strictObject({
  source: source.describe('Where rows come from.'),
  id: columnName.describe('Column that names a row; unique.'),
  entity: columnName
    .nullable()
    .describe(
      'Column of who or what a row is about (a customer, a flight number); canaries and blocks keep it together. null: the id stands for it.',
    ),
  event_time: columnName.describe('Column with the time of the event, which is the time of its prediction.'),
  label: z
    .strictObject({
      column: columnName.describe('Column of the label.'),
      positive: z.union([z.string(), z.number(), z.boolean()]).optional().describe('Value of the positive class.'),
      available_at: columnName
        .nullable()
        .describe('Column with the time at which the label became known; null: mature_after after the event.'),
      mature_after: duration.describe('How long after the event a label is taken as final.'),
      if_never: z
        .enum(['exclude', 'negative', 'positive', 'censored'])
        .describe('What a row without a label counts as once it is mature.'),
    })
    .describe('What is predicted, and when it is known.'),
  outcomes: z.array(columnName).describe('Columns that are known only after the event; never features.'),
  season: z
    .literal('yearly')
    .optional()
    .describe('`yearly`: the same weeks of the year resemble each other. Left out: nothing is said about it.'),
  selective_labels: z
    .boolean()
    .describe('Labels are seen only where the decision let them be seen (a loan that was granted).'),
  volume: z
    .strictObject({
      min_rows: z.number().int().nonnegative().describe('Fewer rows are refused.'),
      against_recent_past: share.describe('Fewer than this share of the usual number are refused.'),
    })
    .describe('How many rows a delivery must have.'),
  rules: z.array(rule).describe('Rules that raw rows must hold.'),
  checks: checks.optional().describe('Grades of the rules that hold unasked.'),
  freshness: duration.nullable().optional().describe('Longest age of the newest row at `as_of`; null: not judged.'),
  against_past: pastLimits.optional().describe('Limits for the newest rows against the 56 days before them.'),
  leakage: leakageLimits.optional().describe('Limits for features that know the answer.'),
});
