/** Section `deploy` of a model file: where a version goes and by which steps. */
import { z } from 'zod';
import { duration, share } from '../values.ts';
import { source } from './sources.ts';

export const deploy = z.strictObject({
  target: z.literal('built-in'),
  canary: z.strictObject({
    steps: z.array(z.number().int().min(1).max(100)).min(1),
    bake: duration,
    min_requests: z.number().int().nonnegative(),
    max_wait: duration,
    latency_ratio: z.number().positive(),
    error_share: share,
  }),
  probation: z.strictObject({
    until_labels_mature_for: duration,
    on_worse: z.enum(['propose_rollback', 'roll_back']),
  }),
  /** The champion over a window of rows, on a calendar; null: only when somebody asks for it. */
  batch: z
    .strictObject({
      cron: z.string().min(1),
      timezone: z.string().min(1),
      /** Rows to be scored; null: those of `data.source`. */
      source: source.nullable(),
      /** Event times from `lookback` before the time of the run to `horizon` after it. */
      lookback: duration,
      horizon: duration,
    })
    .nullable(),
});
