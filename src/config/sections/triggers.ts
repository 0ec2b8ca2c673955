/** Section `triggers` of a model file: what may start a run, and how often. */
import { z } from 'zod';
import { duration, share, windowsNeeded } from '../values.ts';

export const triggerKind = z.enum([
  'schedule',
  'drift',
  'performance',
  'calibration',
  'volume',
  'age',
  'event',
  'manual',
]);
export type TriggerKind = z.output<typeof triggerKind>;

export const triggers = z.strictObject({
  schedule: z.strictObject({
    cron: z.string().min(1),
    timezone: z.string().min(1),
    enabled: z.boolean(),
    catch_up: duration,
  }),
  performance: z.strictObject({ enabled: z.boolean(), skill_drop: share, window: duration, of: windowsNeeded }),
  calibration: z.strictObject({
    enabled: z.boolean(),
    mean_prediction_minus_label_rate: z.number().positive(),
    window: duration,
    of: windowsNeeded,
  }),
  drift: z.strictObject({ then: z.enum(['alert_and_check_quality', 'retrain']) }),
  volume: z.strictObject({ new_mature_labels: z.number().int().positive() }).nullable(),
  age: z.strictObject({ older_than: duration }).nullable(),
  merge_window: duration,
  /** While a run is active: `queue` keeps one pending request, `skip` answers that there is one already. */
  schedule_while_active: z.enum(['queue', 'skip']),
  limits: z.strictObject({
    cool_down: duration,
    per_week: z.number().int().positive(),
    min_new_labels: z.number().int().nonnegative(),
  }),
});
