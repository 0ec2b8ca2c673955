/** The evaluation report: figures of candidate, champion and anchor on the same clean rows, with their uncertainty. */
import { z } from 'zod';
import { metricName } from '../config/model.ts';
import { instant, versionNumber } from '../registry/contract.ts';
import { interval } from '../statistics/contract.ts';

export type { Interval } from '../statistics/contract.ts';

const intervals = z.partialRecord(metricName, interval);
export type Intervals = z.output<typeof intervals>;

/** Recalibration of one model, logistic (Cox 1958) or linear: intercept 0 and slope 1 are perfect. */
const recalibration = z.strictObject({ intercept: interval, slope: interval });

/** One part of the rows in ascending order of score. */
const curvePoint = z.strictObject({
  rows: z.number().int().positive(),
  mean_score: z.number(),
  mean_label: z.number(),
});
export type CurvePoint = z.output<typeof curvePoint>;

/** What a threshold would decide: shares of rows, and the worth of 10,000 decisions. */
const thresholdPoint = z.strictObject({
  threshold: z.number(),
  selected: z.number().nullable(),
  precision: z.number().nullable(),
  recall: z.number().nullable(),
  value: z.number().nullable().optional(),
});
export type ThresholdPoint = z.output<typeof thresholdPoint>;

export const modelFigures = z.strictObject({
  version: versionNumber.nullable(),
  metrics: intervals,
  /** Null for multiclass, as is the mean label of the report. */
  mean_prediction: z.number().nullable(),
  /** Mean prediction minus mean label; without an estimate for multiclass. */
  calibration_in_the_large: interval,
  /** Multiclass only: mean probability of each class, and that minus its share of the labels. */
  by_class: z
    .array(
      z.strictObject({
        class: z.number(),
        mean_prediction: z.number().nullable(),
        calibration_in_the_large: interval,
      }),
    )
    .optional(),
  /** Binary and regression. */
  recalibration: recalibration.nullable(),
  /** Binary and regression, where there are rows. */
  curve: z.array(curvePoint).max(10).optional(),
});
export type ModelFigures = z.output<typeof modelFigures>;

export const sliceFigures = z.strictObject({
  column: z.string(),
  value: z.string(),
  rows: z.number().int().nonnegative(),
  rarer_class: z.number().int().nonnegative().nullable(),
  label_mean: z.number().nullable(),
  critical: z.boolean(),
  /** Null where the slice was judged, else why not. */
  not_judged: z.string().nullable(),
  candidate: z.partialRecord(metricName, z.number().nullable()),
  champion: z.partialRecord(metricName, z.number().nullable()),
  /** Improvement over the champion, more is better; empty where there is no champion or the slice is not judged. */
  difference: intervals,
  /** Named by a reason of the run, which has to be judged on it: rows from `since` on. */
  demanded: z.strictObject({ since: instant.nullable() }).optional(),
});
export type SliceFigures = z.output<typeof sliceFigures>;

const fairnessMeasures = z.strictObject({
  selection_rate_ratio: interval,
  true_positive_rate_gap: interval,
  false_positive_rate_gap: interval,
  calibration_gap: interval,
});
export type FairnessMeasures = z.output<typeof fairnessMeasures>;

const rates = z.strictObject({
  selection_rate: z.number().nullable(),
  true_positive_rate: z.number().nullable(),
  false_positive_rate: z.number().nullable(),
});

/** One group of a protected column against all other rows; see `groupFigures` for the measures. */
export const groupFigures = z.strictObject({
  column: z.string(),
  value: z.string(),
  rows: z.number().int().nonnegative(),
  not_judged: z.string().nullable(),
  rates: z.strictObject({ group: rates, others: rates }).nullable(),
  measures: fairnessMeasures.nullable(),
});
export type GroupFigures = z.output<typeof groupFigures>;

/** How differently the two models score the same rows. Shown and warned about, never a reason to block. */
export const behaviour = z.strictObject({
  /** Population stability index of candidate against champion scores over the champion's deciles. */
  score_psi: z.number().nonnegative(),
  /** Share of rows on different sides of the threshold; null for regression. */
  flips: z.number().min(0).max(1).nullable(),
  /** What decides, where it was told; 0.5 otherwise. */
  threshold: z.number().optional(),
  /** That of the champion, where it serves with another one. */
  champion_threshold: z.number().optional(),
  /** Binary: more positives caught and more false alarms than the champion, in 10,000 rows; negative is fewer. */
  per_10000: z.strictObject({ caught: z.number(), false_alarms: z.number() }).optional(),
  per_10000_bounds: z.strictObject({ caught: interval, false_alarms: interval }).optional(),
  mean_shift: z.number(),
  rank_correlation: z.number().nullable(),
});
export type Behaviour = z.output<typeof behaviour>;

/** A metric that the model file writes in SQL; no bounds where the blocks are too few or leaving one out is undefined. */
export const customFigures = z.strictObject({
  name: z.string(),
  better: z.enum(['higher', 'lower']),
  sql: z.string(),
  candidate: interval,
  champion: interval.nullable(),
  /** Over the champion, sign adjusted so that more is better. */
  improvement: interval.nullable(),
});
export type CustomFigures = z.output<typeof customFigures>;

/** A group that the search found, by one feature or two. Losses are means over its rows, the difference over half of them. */
const foundSlice = z.strictObject({
  where: z
    .array(z.strictObject({ column: z.string(), value: z.string() }))
    .min(1)
    .max(2),
  rows: z.number().int().positive(),
  candidate: z.number(),
  champion: z.number(),
  /** Improvement over the champion: more is better. */
  difference: interval,
  /** Adjusted by Holm. */
  p: z.number(),
});
export type FoundSlice = z.output<typeof foundSlice>;

const decided = z.strictObject({ score: z.number(), decision: z.number() });

/** A row that two models decide differently; of its values only what `monitoring.log` keeps, and never a hash. */
export const flipExample = z.strictObject({
  event_time: instant,
  label: z.number(),
  candidate: decided,
  champion: decided,
  features: z.record(z.string(), z.string().nullable()),
});
export type FlipExample = z.output<typeof flipExample>;

const latency = z.strictObject({ p50: z.number(), p99: z.number(), calls: z.number().int() });

/** What it takes to serve a version, measured where it was evaluated: the only figures that another run may not repeat. */
export const footprint = z.strictObject({
  /** Of the ONNX file. */
  bytes: z.number().int().nonnegative(),
  /** One row a call, without features and network. */
  latency_ms: latency.nullable(),
  /** What it serves with; null where it makes no decision by one. */
  threshold: z.number().nullable(),
  /** The trainer's figure of each feature as a share of their sum; null where it gave none. */
  importance: z.record(z.string(), z.number()).nullable(),
});
export type Footprint = z.output<typeof footprint>;

/** The candidate on requests that were answered before: `answers` are means of its scores and of those given then. */
export const trafficReplay = z.strictObject({
  requests: z.number().int().nonnegative(),
  from: instant.nullable(),
  to: instant.nullable(),
  /** Calls that threw, or gave what is no number (or no probability). */
  failed: z.number().int().nonnegative(),
  /** `moved` is the mean distance of the two answers to one request. */
  answers: z.strictObject({ mean: z.number(), given: z.number(), moved: z.number() }).nullable(),
  latency_ms: latency.nullable(),
  /** Share of requests without a value, by feature; only those that were ever missing. */
  missing: z.record(z.string(), z.number()),
  /** Why nothing was replayed; null where it was. */
  reason: z.string().nullable(),
});
export type TrafficReplay = z.output<typeof trafficReplay>;

export const evaluationReport = z.strictObject({
  contract: z.literal(1),
  model: z.string(),
  task: z.enum(['binary', 'multiclass', 'regression']),
  primary: metricName,
  /** Event times of the first and the last judged row. */
  window: z.strictObject({ from: instant, to: instant }).nullable(),
  /** Rows with a label, which are the judged ones. */
  rows: z.number().int().nonnegative(),
  unlabelled: z.number().int().nonnegative(),
  rarer_class: z.number().int().nonnegative().nullable(),
  /** Only where the file weighs rows: the columns, and how many rows of equal weight would say as much. */
  weights: z
    .strictObject({
      business: z.string().nullable(),
      propensity: z.string().nullable(),
      effective_rows: z.number().nonnegative(),
    })
    .optional(),
  /** Only with selective labels: whom the figures describe. */
  population: z.enum(['labelled', 'propensity_weighted']).optional(),
  label_mean: z.number().nullable(),
  /** Multiclass only: label values in the order of `baseline.rates`, and the judged rows with each. */
  classes: z.array(z.strictObject({ class: z.number(), rows: z.number().int().nonnegative() })).optional(),
  /** What is resampled as one piece: `keys` are the starts of the days (or longer blocks), or empty when blocks are rows or entities. */
  blocks: z.strictObject({ unit: z.string(), count: z.number().int().nonnegative(), keys: z.array(instant) }),
  /** Why no verdict is possible on these rows; empty when there is enough. */
  too_little: z.array(z.string()),
  level: z.number(),
  resamples: z.number().int().positive(),
  seed: z.number().int().nonnegative(),
  /** The constant prediction that a floor `below_baseline` compares with: the training label rate, or mean. */
  baseline: z.strictObject({
    /** Multiclass: the rate of the most frequent class; all of them are in `rates`. */
    prediction: z.number(),
    rates: z.array(z.number()).optional(),
    metrics: z.partialRecord(metricName, z.number().nullable()),
  }),
  models: z.strictObject({
    candidate: modelFigures,
    /** Without a version where it is an incumbent outside hone. */
    champion: modelFigures.nullable(),
    anchor: modelFigures.nullable(),
  }),
  /** Improvement of the candidate, sign adjusted so that more is better, in the metric's unit, on the same rows. */
  improvement: z.strictObject({
    over_baseline: intervals,
    over_champion: intervals.nullable(),
    over_anchor: intervals.nullable(),
  }),
  behaviour: behaviour.nullable(),
  slices: z.array(sliceFigures),
  /** Only where the file declares protected columns. */
  groups: z.array(groupFigures).optional(),
  /** Only where the file declares metrics of its own. */
  custom: z.array(customFigures).optional(),
  /** Only with a champion, and enough blocks for one half to search and one to judge. */
  slice_search: z.strictObject({ searched: z.number().int().nonnegative(), found: z.array(foundSlice) }).optional(),
  /** Of the candidate; binary only. */
  thresholds: z.array(thresholdPoint).max(10).optional(),
  flip_examples: z.array(flipExample).max(20).optional(),
  /** Only where predictions were logged lately. */
  replay: trafficReplay.optional(),
  footprint: z.strictObject({ candidate: footprint, champion: footprint.nullable() }).optional(),
});
export type EvaluationReport = z.output<typeof evaluationReport>;
