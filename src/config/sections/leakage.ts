/** Limits of a model file for features that know the answer. */
import { z } from 'zod';

const skill = z.number().min(0.5).max(1);

/** On a scale where 1 is perfect: the AUC of one feature alone; in a regression the absolute rank correlation. */
export const leakageLimits = z.strictObject({
  warn_at: skill.describe('From here on a feature is warned of.'),
  reject_at: skill.describe('From here on the data is refused.'),
  sample_rows: z.number().int().positive().describe('At most about this many mature rows are looked at.'),
});
export type LeakageLimits = z.output<typeof leakageLimits>;
