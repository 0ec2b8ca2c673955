/** Section `gate` of a model file: when a candidate may replace the champion. */
import { z } from 'zod';
import { columnName, duration, factor, margin, share } from '../values.ts';

export const metricName = z.enum([
  'roc_auc',
  'precision_recall_auc',
  'log_loss',
  'brier_score_loss',
  'accuracy_score',
  'precision_score',
  'recall_score',
  'f1_score',
  'precision_macro',
  'precision_weighted',
  'recall_macro',
  'recall_weighted',
  'f1_macro',
  'f1_weighted',
  'recall_at',
  'expected_calibration_error',
  'business_value',
  'root_mean_squared_error',
  'mean_absolute_error',
  'mean_absolute_percentage_error',
  'r2_score',
]);
export type MetricName = z.output<typeof metricName>;

const decision = z.strictObject({
  threshold: z
    .number()
    .min(0)
    .max(1)
    .describe(
      'Scores from here on are decided as positive: by the prediction server, and in every figure about decisions.',
    ),
  alerts_per_day: z
    .number()
    .int()
    .positive()
    .nullable()
    .describe('How many rows a day people can look at; `recall_at` is the share of positives among them.'),
  value: z
    .strictObject({
      true_positive: z.number().describe('A positive that was decided as positive.'),
      false_positive: z.number().describe('A negative that was decided as positive.'),
      false_negative: z.number().describe('A positive that was decided as negative.'),
      true_negative: z.number().describe('A negative that was decided as negative.'),
    })
    .nullable()
    .describe('What each outcome is worth, in any unit; `business_value` is the mean for 10,000 decisions.'),
});

/** What a rule that is not met does: end the candidate, take away automatic approval, or be told. */
const effect = z.enum(['block', 'needs_person', 'warn']);
/** After a real change the right candidate differs: what describes a difference may not block. */
const mildEffect = z.enum(['needs_person', 'warn']);

/** Limits on how decisions may differ between each group of a protected column and all others. */
const fairness = z.strictObject({
  protected: z.array(columnName).min(1).describe('Columns whose groups are compared.'),
  limits: z
    .strictObject({
      selection_rate_ratio: z
        .number()
        .gt(0)
        .lt(1)
        .optional()
        .describe('0.8: decided as positive between 0.8 and 1 / 0.8 times as often as the others.'),
      true_positive_rate_gap: share.optional().describe('Difference in the share of positives that are found.'),
      false_positive_rate_gap: share
        .optional()
        .describe('Difference in the share of negatives that are decided as positive.'),
      calibration_gap: share.optional().describe('Difference between mean score and label rate.'),
    })
    .describe('How far a group may be from all others; what is not named is not limited.'),
  on_breach: effect.describe('What a breach does.'),
});

/** A metric in SQL over the judged predictions of one model; with a floor or a margin it blocks, else it is shown. */
const customMetric = z.strictObject({
  sql: z.string().min(1).describe('One SELECT of one number from the table `predictions`.'),
  better: z.enum(['higher', 'lower']).describe('Which direction is better.'),
  floor: z.number().optional().describe('Limit that the candidate must hold.'),
  margin: margin.optional().describe('How much worse than the champion it may be.'),
});

/** Columns that say what a judged row counts; never seen by training. */
const weights = z.strictObject({
  business: columnName.nullable().describe('What a row is worth: every figure counts it that often.'),
  propensity: columnName
    .nullable()
    .describe(
      "With selective labels: the logged probability that the row's label could be seen; a row counts 1 / propensity.",
    ),
});

export const gate = z.strictObject({
  primary: metricName.describe('Metric by which candidate and champion are compared.'),
  weights: weights.describe('Columns that say what a judged row counts.'),
  incumbent: columnName
    .nullable()
    .describe('Column with the scores of a model outside hone: what a first version is compared with.'),
  decision: decision.describe('How a score becomes a decision, and what decisions are worth.'),
  metrics: z.record(columnName, customMetric).describe('Metrics of your own, by name.'),
  uncertainty: z
    .strictObject({
      resample: z
        .enum(['block', 'iid'])
        .describe('`block`: whole blocks of time, as rows of one day are not independent. `iid`: single rows.'),
      block: duration.describe('Length of a block; whole days.'),
      min_blocks: z.number().int().positive().describe('Fewer blocks are inconclusive.'),
      min_rows: z.number().int().positive().describe('Fewer rows are inconclusive.'),
      min_rarer_class: z.number().int().positive().describe('Fewer rows of the rarer class are inconclusive.'),
      resamples: z.number().int().min(200).max(20_000).describe('How often the bootstrap draws.'),
    })
    .describe('How intervals are computed, and how much data a verdict needs.'),
  champion: z
    .strictObject({
      promote_when: z
        .enum(['non_inferior', 'better'])
        .describe('`better`: its interval lies above zero. `non_inferior`: above minus the margin.'),
      margin: z
        .partialRecord(metricName, margin)
        .describe('By metric: how much worse the candidate may be. Metrics beside the primary one are guards.'),
      margin_to_anchor: factor.describe('How many margins all versions together may lose against the anchor.'),
    })
    .describe('What the candidate has to show against the champion.'),
  floors: z
    .partialRecord(metricName, z.union([z.number(), z.literal('below_baseline'), z.literal('above_baseline')]))
    .describe('By metric: a limit that the candidate must hold whatever the champion is.'),
  slices: z
    .strictObject({
      columns: z.array(columnName).describe('Columns whose values are groups.'),
      critical: z.array(columnName).describe('Those of them whose groups block.'),
      margin: z.partialRecord(metricName, margin).describe('By metric: how much worse a group may be.'),
      min_rows: z.number().int().positive().describe('Smaller groups are named and not judged.'),
      search: z
        .enum(['off', 'show', 'caution'])
        .describe('Groups that nobody declared: what is found is shown, or also takes away automatic approval.'),
    })
    .describe('Groups of rows that are judged apart.'),
  fairness: z.union([z.literal('none'), fairness]).describe('Limits between the groups of protected columns.'),
  effects: z
    .strictObject({
      floors: effect.describe('A floor that is not held.'),
      guards: effect.describe('A guard that is not held.'),
      metrics: effect.describe('A metric of your own that is not held.'),
      calibration: effect.describe('Scores that do not mean what they say.'),
      slices: mildEffect.describe('A group that became worse.'),
      score_shift: mildEffect.describe("Scores that are distributed otherwise than the champion's."),
      label_flips: mildEffect.describe('Decisions that changed for many rows.'),
      importance_change: mildEffect.describe('Features that count otherwise than before.'),
    })
    .describe('By rule. The primary comparison, the anchor, critical slices and too little data always block.'),
  on_inconclusive: z
    .strictObject({
      wait_for_labels: duration.describe('How long the run waits for more labels.'),
      then: z.enum(['keep_champion', 'person']).describe('What happens when they did not suffice.'),
    })
    .describe('What happens when there is too little data for a verdict.'),
});
