/** Section `data` of a model file: where rows come from, what each column means, and the rules that they must hold. */
import { z } from 'zod';
import { columnName, duration, share } from '../values.ts';
import { source } from './sources.ts';

export type { Source } from './sources.ts';

export const severity = z.enum(['reject', 'quarantine', 'warn']);
export type Severity = z.output<typeof severity>;

/** One rule on the raw data. Exactly one condition each. */
const rule = z.union([
  z.strictObject({ column: columnName, between: z.tuple([z.number(), z.number()]), severity }),
  z.strictObject({ column: columnName, in: z.array(z.union([z.string(), z.number()])).min(1), severity }),
  z.strictObject({ column: columnName, missing_at_most: share, severity }),
  z.strictObject({
    column: columnName,
    type: z.enum(['integer', 'number', 'string', 'timestamp', 'boolean']),
    severity,
  }),
  z.strictObject({ unique: z.array(columnName).min(1), severity }),
  z.strictObject({ sql: z.string().min(1), severity }),
]);
export type Rule = z.output<typeof rule>;

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
  selective_labels: z.boolean(),
  volume: z.strictObject({ min_rows: z.number().int().nonnegative(), against_recent_past: share }),
  rules: z.array(rule),
});
