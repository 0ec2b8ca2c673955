/** The report of a backtest: `hone backtest --json`. Figures by policy, paired differences, and one recommendation. */
import { z } from 'zod';
import { metricName, triggerKind } from '../config/model.ts';
import { instant } from '../registry/contract.ts';
import { interval } from '../statistics/contract.ts';

const span = z.strictObject({ from: instant, to: instant });
const figures = z.partialRecord(metricName, interval);

export const month = z.strictObject({
  /** `2013-04`, in UTC. */
  month: z.string(),
  /** Rows with a label. */
  rows: z.number().int().nonnegative(),
  metrics: figures,
});

export const run = z.strictObject({
  run: z.string(),
  trigger: triggerKind,
  reason: z.string(),
  as_of: instant,
  /** `unfinished`: still waiting when the backtest ended. */
  outcome: z.enum(['promoted', 'rejected_by_gate', 'inconclusive', 'failed', 'unfinished']),
  sentence: z.string(),
  person_asked: z.boolean(),
  live_from: instant.nullable(),
  /** Improvement of the primary metric over the version it would replace, on the rows after `as_of`. */
  afterwards: interval.nullable(),
  /** `afterwards` is above 0 with its lower bound; null where there are too few rows to say. */
  shown_better: z.boolean().nullable(),
});

export const policyResult = z.strictObject({
  name: z.string(),
  about: z.string(),
  gate: z.boolean(),
  every: z.string().nullable(),
  approval_delay: z.string(),
  training_time: z.string(),
  /** Runs that trained a candidate; the first version, which all policies start with, is not counted. */
  trainings: z.number().int().nonnegative(),
  /** Model files made for them and for the first version: a gated run trains a candidate, and after a pass its refit. */
  models_trained: z.number().int().nonnegative(),
  /** Of the trainer programs, as measured when each model was made. The only figure that differs between two machines. */
  trainer_cpu_seconds: z.number().nonnegative(),
  promotions: z.number().int().nonnegative(),
  rejections: z.number().int().nonnegative(),
  undecided: z.number().int().nonnegative(),
  /** Triggers that the limits of the policy turned away, and the newest of their reasons. */
  skipped: z.strictObject({ triggers: z.number().int().nonnegative(), last: z.string().nullable() }),
  people_asked: z.number().int().nonnegative(),
  /** Runs that no schedule asked for: of those that could be judged, how many candidates were not shown better. */
  false_triggers: z.strictObject({ triggered: z.number().int(), judged: z.number().int(), false: z.number().int() }),
  /** After `--shift`: days to the first run that no schedule asked for, and to the first version trained after it. */
  after_shift: z
    .strictObject({ triggered_after_days: z.number().nullable(), renewed_after_days: z.number().nullable() })
    .nullable(),
  pooled: figures,
  /** The mean over months of the month's figure. */
  mean_month: figures,
  worst_month: z.partialRecord(metricName, z.strictObject({ month: z.string(), value: z.number() })),
  months: z.array(month),
  runs: z.array(run),
});
export type PolicyResult = z.output<typeof policyResult>;

export const comparison = z.strictObject({
  policy: z.string(),
  against: z.string(),
  metric: metricName,
  /** Sign adjusted: above 0 the policy is better than the other, on the same rows under the same resampled weeks. */
  improvement: interval,
});
export type Comparison = z.output<typeof comparison>;

export const recommendation = z.strictObject({
  policy: z.string(),
  sentence: z.string(),
  /** The first 60 % of the time: the choice rests on these rows alone. */
  chosen_on: span,
  /** The rest: the figures of the recommendation are from here. */
  reported_on: span,
  metric: metricName,
  /** The best policy by its figure where the choice was made, and what it may be better by before it counts. */
  best: z.string(),
  margin: z.number().nonnegative(),
  value: interval,
  over_first: comparison.nullable(),
  over_best: comparison.nullable(),
});
export type Recommendation = z.output<typeof recommendation>;

export const backtestReport = z.strictObject({
  contract: z.literal(1),
  model: z.string(),
  from: instant,
  to: instant,
  shift: instant.nullable(),
  /** Rows in that time, and those with a label, which are the scored ones. */
  rows: z.number().int().nonnegative(),
  labelled: z.number().int().nonnegative(),
  primary: metricName,
  metrics: z.array(metricName),
  policies: z.array(policyResult).min(1),
  /** Each pair of policies, over the whole time. */
  comparisons: z.array(comparison),
  recommendation,
  /** What the replay leaves out, and which of it is kind to the figures. */
  limits: z.array(z.string()),
});
export type BacktestReport = z.output<typeof backtestReport>;
