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
  /** Scores from here on are decided as positive: by the prediction server, and in every figure about decisions. */
  threshold: z.number().min(0).max(1),
  /** How many rows a day people can look at; `recall_at` is the share of positives among them. */
  alerts_per_day: z.number().int().positive().nullable(),
  /** What each outcome is worth, in any unit; `business_value` is the mean for 10,000 decisions. */
  value: z
    .strictObject({
      true_positive: z.number(),
      false_positive: z.number(),
      false_negative: z.number(),
      true_negative: z.number(),
    })
    .nullable(),
});

/** What a rule that is not met does: end the candidate, take away automatic approval, or be told. */
const effect = z.enum(['block', 'needs_person', 'warn']);
/** After a real change the right candidate differs: what describes a difference may not block. */
const mildEffect = z.enum(['needs_person', 'warn']);

/** Limits on how decisions may differ between each group of a protected column and all others. */
const fairness = z.strictObject({
  protected: z.array(columnName).min(1),
  limits: z.strictObject({
    /** 0.8: decided as positive between 0.8 and 1 / 0.8 times as often as the others. */
    selection_rate_ratio: z.number().gt(0).lt(1).optional(),
    true_positive_rate_gap: share.optional(),
    false_positive_rate_gap: share.optional(),
    calibration_gap: share.optional(),
  }),
  on_breach: effect,
});

/** A metric in SQL over the judged predictions of one model; with a floor or a margin it blocks, else it is shown. */
const customMetric = z.strictObject({
  /** One SELECT of one number from the table `predictions`. */
  sql: z.string().min(1),
  better: z.enum(['higher', 'lower']),
  floor: z.number().optional(),
  margin: margin.optional(),
});

/** Columns that say what a judged row counts; never seen by training. */
const weights = z.strictObject({
  /** What a row is worth: every figure counts it that often. */
  business: columnName.nullable(),
  /** With selective labels: the logged probability that the row's label could be seen; a row counts 1 / propensity. */
  propensity: columnName.nullable(),
});

export const gate = z.strictObject({
  primary: metricName,
  weights,
  /** Column with the scores of a model outside hone: what a first version is compared with. */
  incumbent: columnName.nullable(),
  decision,
  metrics: z.record(columnName, customMetric),
  uncertainty: z.strictObject({
    resample: z.enum(['block', 'iid']),
    block: duration,
    min_blocks: z.number().int().positive(),
    min_rows: z.number().int().positive(),
    min_rarer_class: z.number().int().positive(),
    resamples: z.number().int().min(200).max(20_000),
  }),
  champion: z.strictObject({
    promote_when: z.enum(['non_inferior', 'better']),
    margin: z.partialRecord(metricName, margin),
    margin_to_anchor: factor,
  }),
  floors: z.partialRecord(metricName, z.union([z.number(), z.literal('below_baseline'), z.literal('above_baseline')])),
  slices: z.strictObject({
    columns: z.array(columnName),
    critical: z.array(columnName),
    margin: z.partialRecord(metricName, margin),
    min_rows: z.number().int().positive(),
    /** Groups that nobody declared: what is found is shown, or also takes away automatic approval. */
    search: z.enum(['off', 'show', 'caution']),
  }),
  fairness: z.union([z.literal('none'), fairness]),
  /** By rule. The primary comparison, the anchor, critical slices and too little data always block. */
  effects: z.strictObject({
    floors: effect,
    guards: effect,
    metrics: effect,
    calibration: effect,
    slices: mildEffect,
    score_shift: mildEffect,
    label_flips: mildEffect,
    importance_change: mildEffect,
  }),
  on_inconclusive: z.strictObject({ wait_for_labels: duration, then: z.enum(['keep_champion', 'person']) }),
});
