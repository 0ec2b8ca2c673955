/** Section `data` of a model file: where rows come from, what each column means, and the rules that they must hold. */
import { z } from 'zod';
import { columnName, duration, share } from '../values.ts';
import { leakageLimits } from './leakage.ts';
import { pastLimits } from './past.ts';
import { checks, rule } from './rules.ts';
import { source } from './sources.ts';

export type { Source } from './sources.ts';

export const data = z.strictObject({
  source,
  id: columnName,
  entity: columnName.nullable(),
  event_time: columnName,
  label: z.strictObject({
    column: columnName,
    positive: z.union([z.string(), z.number(), z.boolean()]).optional(),
    available_at: columnName.nullable(),
    mature_after: duration,
    if_never: z.enum(['exclude', 'negative', 'positive', 'censored']),
  }),
  outcomes: z.array(columnName),
  /** `yearly`: the same weeks of the year resemble each other. Left out: nothing is said about it. */
  season: z.literal('yearly').optional(),
  selective_labels: z.boolean(),
  volume: z.strictObject({ min_rows: z.number().int().nonnegative(), against_recent_past: share }),
  rules: z.array(rule),
  /** Optional: configurations stored before there were grades stay readable. */
  checks: checks.optional(),
  /** Longest age of the newest row at `as_of`; null: not judged. */
  freshness: duration.nullable().optional(),
  against_past: pastLimits.optional(),
  leakage: leakageLimits.optional(),
});
