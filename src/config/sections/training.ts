/** Section `training` of a model file: trainer, window, split and what is served after a pass. */
import { z } from 'zod';
import { duration, slug } from '../values.ts';
import { metricName } from './gate.ts';

/** A training row counts half as much for each `half_life` that it is older than the newest one. */
const decay = z.strictObject({ half_life: duration }).optional();

const allHistory = z.strictObject({ type: z.literal('all_history') });
const rolling = z.strictObject({ type: z.literal('rolling'), length: duration });
const sinceBreak = z.strictObject({
  type: z.literal('since_break'),
  /** Fewer mature rows than this to train on since the break: `fallback` is used instead. */
  min_rows: z.number().int().positive(),
  fallback: z.discriminatedUnion('type', [allHistory, rolling]),
});

const params = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]));

/** Listed configurations that are each trained; the best one on the validation rows becomes the candidate. */
const search = z.strictObject({
  /** `primary` is the gate's primary metric. */
  metric: z.union([z.literal('primary'), metricName]),
  /** How many are trained at the same time. */
  at_once: z.number().int().positive().max(20),
  /** None: no search. Each is `params` with these in their place; a configuration without a name has its number. */
  configurations: z.array(z.strictObject({ name: slug.optional(), params })).max(20),
});

export const training = z.strictObject({
  trainer: z.string().min(1),
  window: z.discriminatedUnion('type', [
    allHistory.extend({ decay }),
    rolling.extend({ decay }),
    sinceBreak.extend({ decay }),
  ]),
  split: z.strictObject({ validation: duration, holdout: duration, gap: duration }),
  refit: z.enum(['full', 'none']),
  class_weight: z.enum(['none', 'balanced']),
  calibration: z.enum(['none', 'sigmoid', 'isotonic']),
  params,
  search,
  seed: z.number().int().nonnegative(),
  limits: z.strictObject({ wall_clock: duration, memory_mb: z.number().int().positive() }),
});
