/** What a search over listed configurations leaves: every trial, what it reached, and which one was chosen. */
import { z } from 'zod';

const params = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]));

export const trialRecord = z.strictObject({
  name: z.string(),
  /** All parameters that it was trained with. */
  params,
  seed: z.number().int().nonnegative(),
  /** The metric on the validation rows; null where there is none. */
  value: z.number().nullable(),
  /** SHA-256 of its model file. */
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  /** Why it could not be chosen. */
  failed: z.string().optional(),
  /** An earlier trial with the same parameters: it was not trained twice. */
  same_as: z.string().optional(),
});
export type TrialRecord = z.output<typeof trialRecord>;

/** `models/<model>/runs/<run>/search.json`, and part of the manifest of the version that came of it. */
export const modelSearch = z.strictObject({
  /** As METRICS names it. */
  metric: z.string(),
  better: z.enum(['higher', 'lower']),
  /** Validation rows that all trials were measured on; null when none could be measured. */
  rows: z.number().int().positive().nullable(),
  /** In the order of the file. */
  trials: z.array(trialRecord).min(1).max(20),
  /** Null when every trial failed. */
  chosen: z.string().nullable(),
  sentence: z.string(),
});
export type ModelSearch = z.output<typeof modelSearch>;
