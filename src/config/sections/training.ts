/** Section `training` of a model file: trainer, window, split and what is served after a pass. */
import { z } from 'zod';
import { duration } from '../values.ts';

export const training = z.strictObject({
  trainer: z.string().min(1),
  window: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('all_history') }),
    z.strictObject({ type: z.literal('rolling'), length: duration }),
  ]),
  split: z.strictObject({ validation: duration, holdout: duration, gap: duration }),
  refit: z.enum(['full', 'none']),
  class_weight: z.enum(['none', 'balanced']),
  calibration: z.enum(['none', 'sigmoid', 'isotonic']),
  params: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  seed: z.number().int().nonnegative(),
  limits: z.strictObject({ wall_clock: duration, memory_mb: z.number().int().positive() }),
});
