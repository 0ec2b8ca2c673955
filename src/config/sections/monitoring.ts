/** Section `monitoring` of a model file: what is recorded of predictions, and what production is held against. */
import { z } from 'zod';
import { columnName, duration, relativeChange, share, slug, windowsNeeded } from '../values.ts';

/** A figure that people report beside predictions, held against its own past: whole weeks, 2 of 3. */
const series = z.strictObject({
  name: slug.or(z.string().regex(/^[a-z][a-z0-9_]*$/)),
  source: z.literal('business'),
  worse: z.enum(['higher', 'lower']),
  alert_at: relativeChange,
  /** `record` (left out): mean of what was reported. `prediction`: sum of what was reported over the predictions made. */
  per: z.enum(['record', 'prediction']).optional(),
});
export type SeriesConfig = z.output<typeof series>;

/** What of a prediction is recorded. A field is hashed, else bucketed, truncated, dropped or kept; unknown ones are dropped. */
export const log = z.strictObject({
  /** One share for all, or one for each arm; an arm left out is recorded whole. */
  sample: z.union([
    share,
    z.strictObject({ champion: share.optional(), canary: share.optional(), shadow: share.optional() }),
  ]),
  keep: z.union([z.literal('all_features'), z.array(columnName)]),
  hash: z.array(columnName),
  /** Numbers recorded as the interval they fall in: rising edges. */
  bucket: z.record(columnName, z.array(z.number()).min(1)).optional(),
  /** Texts recorded by their first characters. */
  truncate: z.record(columnName, z.number().int().positive()).optional(),
  /** Features left out where `keep: all_features` would take them. */
  drop: z.array(columnName).optional(),
  retention: duration,
});
export type LogConfig = z.output<typeof log>;

export const monitoring = z.strictObject({
  log,
  /** A label counts if it was observed at most this long after its prediction's event. */
  labels: z.strictObject({ accept_within: duration }).optional(),
  references: z.strictObject({
    drift: z.enum(['training', 'trailing_healthy', 'same_period_last_year_else_trailing_healthy']),
    quality: z.literal('champion_clean_holdout'),
  }),
  every: duration,
  /** After a retraining inside a shift, and while features have moved: how often to look, and for how long. */
  after_shift: z.strictObject({ every: duration, for: duration }).optional(),
  drift: z.strictObject({
    psi_warn: z.number().positive(),
    psi_act: z.number().positive(),
    min_rows: z.number().int().positive(),
    window: duration,
    of: windowsNeeded,
  }),
  /** What the model is for: conversion, catch rate, churn. */
  kpis: z.array(series),
  /** Early signs of trouble: manual reviews, complaints, overrides. */
  proxies: z.array(series).optional(),
  /** Limits of the prediction server itself, over its last five minutes. */
  service: z
    .strictObject({
      cpu_share: z.number().positive(),
      memory_mb: z.number().int().positive(),
      p99_ms: z.number().positive(),
      error_share: share,
      min_requests: z.number().int().positive(),
    })
    .optional(),
});
