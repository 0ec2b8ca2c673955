/** Section `training` of a model file: trainer, window, split and what is served after a pass. */
import { z } from 'zod';
import { duration, slug } from '../values.ts';
import { metricName } from './gate.ts';

/** A training row counts half as much for each `half_life` that it is older than the newest one. */
const decay = z.strictObject({ half_life: duration.describe('Age at which a row counts half.') }).optional();

const allHistory = z.strictObject({ type: z.literal('all_history') });
const rolling = z.strictObject({
  type: z.literal('rolling'),
  length: duration.describe('How far back rows are taken.'),
});
const sinceBreak = z.strictObject({
  type: z.literal('since_break'),
  min_rows: z
    .number()
    .int()
    .positive()
    .describe('Fewer mature rows than this to train on since the break: `fallback` is used instead.'),
  fallback: z.discriminatedUnion('type', [allHistory, rolling]).describe('Window to use then.'),
});

const params = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]));

/** Listed configurations that are each trained; the best one on the validation rows becomes the candidate. */
const search = z.strictObject({
  metric: z.union([z.literal('primary'), metricName]).describe("`primary` is the gate's primary metric."),
  at_once: z.number().int().positive().max(20).describe('How many are trained at the same time.'),
  configurations: z
    .array(
      z.strictObject({
        name: slug.optional().describe('Its name in reports.'),
        params: params.describe('Parameters in place of those of `training.params`.'),
      }),
    )
    .max(20)
    .describe(
      'None: no search. Each is `params` with these in their place; a configuration without a name has its number.',
    ),
});

export const training = z.strictObject({
  trainer: z.string().min(1).describe('Folder under `trainers/`.'),
  window: z
    .discriminatedUnion('type', [
      allHistory.extend({ decay: decay.describe('Older rows count less.') }),
      rolling.extend({ decay: decay.describe('Older rows count less.') }),
      sinceBreak.extend({ decay: decay.describe('Older rows count less.') }),
    ])
    .describe('Which rows are trained on.'),
  split: z
    .strictObject({
      validation: duration.describe('Rows that training may look at to stop and to calibrate.'),
      holdout: duration.describe('Rows that only the gate sees.'),
      gap: duration.describe('Time left out between them, so that labels cannot reach over.'),
    })
    .describe('How the newest rows are kept apart.'),
  refit: z
    .enum(['full', 'none'])
    .describe(
      '`full`: what is served was trained on all rows, by the judged recipe. `none`: what was judged is served.',
    ),
  class_weight: z.enum(['none', 'balanced']).describe('Whether the rarer class counts more in training.'),
  calibration: z.enum(['none', 'sigmoid', 'isotonic']).describe('How scores become probabilities.'),
  params: params.describe('Parameters of the trainer.'),
  search: search.describe('Parameters to choose among.'),
  seed: z.number().int().nonnegative().describe('Seed of everything random.'),
  limits: z
    .strictObject({
      wall_clock: duration.describe('Longest time.'),
      memory_mb: z.number().int().positive().describe('Most memory.'),
    })
    .describe('What a training may use.'),
  on_out_of_memory: z
    .union([z.literal('fail'), z.strictObject({ params: params.describe('Settings in place of those of `params`.') })])
    .describe('`fail`, or smaller settings with which a training that ran out of memory is tried once more.'),
});
