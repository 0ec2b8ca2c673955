/** Section `monitoring` of a model file: what is recorded of predictions, and what production is held against. */
import { z } from 'zod';
import { columnName, duration, relativeChange, share, slug, windowsNeeded } from '../values.ts';

/** A figure that people report beside predictions, held against its own past: whole weeks, 2 of 3. */
const series = z.strictObject({
  name: slug.or(z.string().regex(/^[a-z][a-z0-9_]*$/)).describe('Name under which it is reported.'),
  source: z.literal('business'),
  worse: z.enum(['higher', 'lower']).describe('Which direction is worse.'),
  alert_at: relativeChange.describe('Change against its own past that is told.'),
  per: z
    .enum(['record', 'prediction'])
    .optional()
    .describe(
      '`record` (left out): mean of what was reported. `prediction`: sum of what was reported over the predictions made.',
    ),
});
export type SeriesConfig = z.output<typeof series>;

/** What of a prediction is recorded. A field is hashed, else bucketed, truncated, dropped or kept; unknown ones are dropped. */
export const log = z.strictObject({
  sample: z
    .union([
      share,
      z.strictObject({
        champion: share.optional().describe("Share of the champion's predictions."),
        canary: share.optional().describe("Share of the canary's."),
        shadow: share.optional().describe("Share of the shadow's."),
      }),
    ])
    .describe('One share for all, or one for each arm; an arm left out is recorded whole.'),
  keep: z.union([z.literal('all_features'), z.array(columnName)]).describe('Features that are recorded as they are.'),
  hash: z.array(columnName).describe('Features of which a keyed hash is recorded.'),
  bucket: z
    .record(columnName, z.array(z.number()).min(1))
    .optional()
    .describe('Numbers recorded as the interval they fall in: rising edges.'),
  truncate: z
    .record(columnName, z.number().int().positive())
    .optional()
    .describe('Texts recorded by their first characters.'),
  drop: z.array(columnName).optional().describe('Features left out where `keep: all_features` would take them.'),
  retention: duration.describe('After how long records are deleted.'),
});
export type LogConfig = z.output<typeof log>;

export const monitoring = z.strictObject({
  log: log.describe('What of a prediction is recorded.'),
  labels: z
    .strictObject({ accept_within: duration.describe('Longest time between event and observation of its label.') })
    .optional()
    .describe("A label counts if it was observed at most this long after its prediction's event."),
  references: z
    .strictObject({
      drift: z
        .enum(['training', 'trailing_healthy', 'same_period_last_year_else_trailing_healthy'])
        .describe('Window that inputs and predictions are compared with.'),
      quality: z.literal('champion_clean_holdout'),
    })
    .describe('What production is compared with.'),
  every: duration.describe('How often production is looked at.'),
  after_shift: z
    .strictObject({
      every: duration.describe('Time between two looks then.'),
      for: duration.describe('How long, from the retraining on.'),
    })
    .optional()
    .describe('After a retraining inside a shift, and while features have moved: how often to look, and for how long.'),
  drift: z
    .strictObject({
      psi_warn: z.number().positive().describe('Population stability index from which a feature is named.'),
      psi_act: z.number().positive().describe('From which it counts as moved.'),
      min_rows: z.number().int().positive().describe('Fewer rows are not judged.'),
      window: duration.describe('Length of the window that is compared.'),
      of: windowsNeeded.describe('How many of the last windows must agree.'),
    })
    .describe('When moved inputs are told.'),
  kpis: z.array(series).describe('What the model is for: conversion, catch rate, churn.'),
  proxies: z.array(series).optional().describe('Early signs of trouble: manual reviews, complaints, overrides.'),
  service: z
    .strictObject({
      cpu_share: z.number().positive().describe('Processors in use; 1 is one of them.'),
      memory_mb: z.number().int().positive().describe('Resident memory.'),
      p99_ms: z.number().positive().describe('Time that 99 of 100 requests stay under.'),
      error_share: share.describe('Share of requests answered with 5xx.'),
      min_requests: z.number().int().positive().describe('With fewer requests neither time nor errors are judged.'),
    })
    .optional()
    .describe('Limits of the prediction server itself, over its last five minutes.'),
});
