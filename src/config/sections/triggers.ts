/** Section `triggers` of a model file: what may start a run, and how often. */
import { z } from 'zod';
import { duration, share, windowsNeeded } from '../values.ts';
import { freezeWindow } from './freeze-windows.ts';

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

const need = z.enum(['required', 'optional']);

/** A CloudEvent that asks for a run. */
const event = z.strictObject({
  /** Its attribute `type`. */
  type: z.string().min(1).max(200),
  /** `data.since`: the instant from which the world is another one. */
  since: need,
  /** `data.slice`, `{column, value}`: rows that the gate has to judge apart. Whoever names one asks for a person too. */
  slice: need,
  /** `person`: approval is never automatic, whatever `approval.auto` says. */
  approval: z.enum(['person', 'as_configured']),
});
export type EventRule = z.output<typeof event>;

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
  /** By name; `off` takes one of the defaults away. */
  events: z.record(
    z.string().regex(/^[a-z][a-z0-9_]{0,59}$/, 'use small letters, digits and underscores, starting with a letter'),
    z.union([event, z.literal('off')]),
  ),
  merge_window: duration,
  /** While a run is active: `queue` keeps one pending request, `skip` answers that there is one already. */
  schedule_while_active: z.enum(['queue', 'skip']),
  /** No run starts in these but by hand. */
  freeze_windows: z.array(freezeWindow),
  /** A kind that starts a run only where each of the others was seen as well. */
  combine: z.partialRecord(
    triggerKind.exclude(['manual']),
    z.strictObject({ only_with: z.array(triggerKind.exclude(['manual'])).min(1), within: duration }),
  ),
  limits: z.strictObject({
    cool_down: duration,
    /** Runs in any 24 hours, however they ended. The ledger remembers the last twenty. */
    per_day: z.number().int().min(1).max(20),
    per_week: z.number().int().positive(),
    min_new_labels: z.number().int().nonnegative(),
  }),
});
