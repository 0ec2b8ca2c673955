/**
 * The model file: everything that hone knows about one model, as a person writes it.
 *
 * Every type of a model's configuration is inferred from here. Defaults are not: they live in `config/defaults.yaml`,
 * which each model file extends, so that `hone config explain` can name the origin of each value.
 */
import { z } from 'zod';
import { data } from './sections/data.ts';
import { features } from './sections/features.ts';
import { monitoring } from './sections/monitoring.ts';
import { triggers } from './sections/triggers.ts';
import { columnName, duration, factor, margin, share, slug } from './values.ts';

export const metricName = z.enum([
  'roc_auc',
  'precision_recall_auc',
  'log_loss',
  'brier_score_loss',
  'accuracy_score',
  'precision_score',
  'recall_score',
  'f1_score',
  'recall_at',
  'expected_calibration_error',
  'business_value',
  'root_mean_squared_error',
  'mean_absolute_error',
  'mean_absolute_percentage_error',
  'r2_score',
]);
export type MetricName = z.output<typeof metricName>;

const training = z.strictObject({
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
  on_breach: z.enum(['block', 'warn']),
});

const gate = z.strictObject({
  primary: metricName,
  decision,
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
  }),
  fairness: z.union([z.literal('none'), fairness]),
  on_inconclusive: z.strictObject({ wait_for_labels: duration, then: z.enum(['keep_champion', 'person']) }),
});

export const triggerKind = z.enum([
  'schedule',
  'drift',
  'performance',
  'calibration',
  'volume',
  'age',
  'event',
  'manual',
]);
export type TriggerKind = z.output<typeof triggerKind>;

const approval = z.strictObject({
  /** `never`, or: gate passed, the trigger is one of these, and no rule warned. */
  auto: z.union([
    z.literal('never'),
    z.strictObject({ triggers: z.array(triggerKind).min(1), warnings: z.literal('none') }),
  ]),
  otherwise: z.strictObject({
    approvers: z.number().int().positive(),
    from: z.array(slug).min(1),
    deadline: duration,
    on_expiry: z.enum(['reject']),
    exclude_starter: z.boolean(),
  }),
});

const deploy = z.strictObject({
  target: z.literal('built-in'),
  canary: z.strictObject({
    steps: z.array(z.number().int().min(1).max(100)).min(1),
    bake: duration,
    min_requests: z.number().int().nonnegative(),
    max_wait: duration,
    latency_ratio: z.number().positive(),
    error_share: share,
  }),
  probation: z.strictObject({
    until_labels_mature_for: duration,
    on_worse: z.enum(['propose_rollback', 'roll_back']),
  }),
});

/** A model file after `extends` has been resolved: complete, no unknown keys. */
export const modelConfig = z.strictObject({
  model: slug,
  owner: slug,
  tier: z.enum(['standard', 'high']),
  task: z.enum(['binary', 'multiclass', 'regression']),
  data,
  features,
  training,
  gate,
  approval,
  deploy,
  monitoring,
  triggers,
});

/** What the rest of hone works with: values parsed (margins, shares, windows), durations still ISO 8601 text. */
export type ModelConfig = z.output<typeof modelConfig>;
/** What a person may write. */
export type ModelFile = z.input<typeof modelConfig>;
export type Task = ModelConfig['task'];
