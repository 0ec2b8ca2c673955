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
  type: z.string().min(1).max(200).describe('Its attribute `type`.'),
  since: need.describe('`data.since`: the instant from which the world is another one.'),
  slice: need.describe(
    '`data.slice`, `{column, value}`: rows that the gate has to judge apart. Whoever names one asks for a person too.',
  ),
  approval: z
    .enum(['person', 'as_configured'])
    .describe('`person`: approval is never automatic, whatever `approval.auto` says.'),
});
export type EventRule = z.output<typeof event>;

export const triggers = z.strictObject({
  schedule: z
    .strictObject({
      cron: z.string().min(1).describe('When, as five fields.'),
      timezone: z.string().min(1).describe('Time zone of the IANA list.'),
      enabled: z.boolean().describe('Whether it starts runs.'),
      catch_up: duration.describe('Starts missed while nothing ran are made up for as long.'),
    })
    .describe('By the calendar.'),
  performance: z
    .strictObject({
      enabled: z.boolean().describe('Whether it starts runs.'),
      skill_drop: share.describe('Share of its skill that the champion may lose.'),
      window: duration.describe('Length of the window that is judged.'),
      of: windowsNeeded.describe('How many of the last windows must agree.'),
    })
    .describe('A drop in skill on mature labels.'),
  calibration: z
    .strictObject({
      enabled: z.boolean().describe('Whether it starts runs.'),
      mean_prediction_minus_label_rate: z
        .number()
        .positive()
        .describe('How far the mean score may be from the label rate.'),
      window: duration.describe('Length of the window that is judged.'),
      of: windowsNeeded.describe('How many of the last windows must agree.'),
    })
    .describe('Scores that no longer mean what they say.'),
  drift: z
    .strictObject({
      then: z
        .enum(['alert_and_check_quality', 'retrain'])
        .describe('What they do: tell and look at quality, or start a run.'),
    })
    .describe('Moved inputs.'),
  volume: z
    .strictObject({ new_mature_labels: z.number().int().positive().describe('How many since the last judged run.') })
    .nullable()
    .describe('Enough new labels; null: off.'),
  age: z
    .strictObject({ older_than: duration.describe('Time since its promotion.') })
    .nullable()
    .describe('A champion that grew old; null: off.'),
  events: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]{0,59}$/, 'use small letters, digits and underscores, starting with a letter'),
      z.union([event, z.literal('off')]),
    )
    .describe('By name; `off` takes one of the defaults away.'),
  merge_window: duration.describe('Triggers that come so close together are one run.'),
  schedule_while_active: z
    .enum(['queue', 'skip'])
    .describe('While a run is active: `queue` keeps one pending request, `skip` answers that there is one already.'),
  freeze_windows: z.array(freezeWindow).describe('No run starts in these but by hand.'),
  combine: z
    .partialRecord(
      triggerKind.exclude(['manual']),
      z.strictObject({
        only_with: z
          .array(triggerKind.exclude(['manual']))
          .min(1)
          .describe('Kinds that must have been seen too.'),
        within: duration.describe('How close to each other.'),
      }),
    )
    .describe('A kind that starts a run only where each of the others was seen as well.'),
  limits: z
    .strictObject({
      cool_down: duration.describe('Time between judged runs.'),
      per_day: z
        .number()
        .int()
        .min(1)
        .max(20)
        .describe('Runs in any 24 hours, however they ended. The ledger remembers the last twenty.'),
      per_week: z.number().int().positive().describe('Judged runs in any seven days.'),
      min_new_labels: z
        .number()
        .int()
        .nonnegative()
        .describe('New mature labels that a run by schedule, volume or age needs.'),
    })
    .describe('How often a run may start.'),
});
