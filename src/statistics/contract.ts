/** The shape of an estimate with its uncertainty, as reports store it. */
import { z } from 'zod';

/**
 * An estimate with one-sided bounds: each of `lower` and `upper` holds with probability 1 − `level`.
 * Null bounds mean "could not be judged", and `reason` says why. `df` is null where the normal reference applies.
 */
export const interval = z.strictObject({
  estimate: z.number().nullable(),
  lower: z.number().nullable(),
  upper: z.number().nullable(),
  level: z.number().positive().max(0.5),
  se: z.number().nonnegative().nullable(),
  df: z.number().int().positive().nullable(),
  method: z.enum(['block_bootstrap', 'block_jackknife', 'cluster_sandwich', 'none']),
  blocks: z.number().int().nonnegative(),
  reason: z.string().nullable(),
});
export type Interval = z.output<typeof interval>;
