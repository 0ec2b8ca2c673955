/** Candidate, champion and anchor on the same clean rows: one report with every figure and its uncertainty. */
import type { MetricName, ModelConfig } from '../config/model.ts';
import { constantClassScores, constantScores } from './baseline.ts';
import { compareBehaviour } from './behaviour.ts';
import { calibrationCurve } from './calibration-curve.ts';
import { compare, prepareModel } from './compare.ts';
import type { EvaluationReport, Interval, ModelFigures } from './contract.ts';
import { type DemandedSlice, demandedSliceFigures } from './demanded-slices.ts';
import { MetricDoesNotFitTask } from './errors.ts';
import { groupFigures } from './fairness.ts';
import {
  classCounts,
  type EvaluationRows,
  type JudgedRows,
  judgedRows,
  rarerClass,
  scoresOf,
  type Thresholds,
} from './judged-rows.ts';
import { byMetric, type Decision, finite, METRICS, metricsOf } from './metrics.ts';
import { linearRecalibration, recalibration } from './recalibration.ts';
import { effectiveRows, meanOfRows } from './row-weights.ts';
import { sliceFigures, sliceMetrics } from './slices.ts';
import { thresholdTable } from './threshold-table.ts';

export interface EvaluationInput {
  readonly config: ModelConfig;
  /** Clean rows only (from `cleanFrom` on), in any order; labels already 0 and 1 for a binary task, positions in `classes`. */
  readonly rows: EvaluationRows;
  /**
   * As the serving runtime gives them: one a row, the probability of the positive class or the value; for several
   * classes rows × classes, row-major.
   */
  readonly scores: {
    readonly candidate: Float64Array;
    readonly champion?: Float64Array;
    readonly anchor?: Float64Array;
  };
  /** `baselineRate` of the candidate's training labels. */
  readonly baselineRate: number;
  /** Multiclass: label values in the order of the columns of every score, and the share of each in training. */
  readonly classes?: { readonly values: readonly number[]; readonly rates: readonly number[] };
  readonly candidateVersion?: number;
  readonly championVersion?: number;
  readonly anchorVersion?: number;
  readonly seed: number;
  /** That the versions serve with; that of the file where left out. */
  readonly thresholds?: Thresholds;
  /** Rows that the reasons of the run name. */
  readonly demanded?: readonly DemandedSlice[];
}

/** One-sided level of every bound in a report; later looks are stretched from here by the gate. */
export const LEVEL = 0.05;

/**
 * @returns figures only, no verdict (`judge` gives that). Same input and seed give the same report to the byte.
 * @throws MetricDoesNotFitTask, LabelNotBinary, ScoresDoNotFitRows, SliceColumnMissing, GateColumnUnusable
 */
export function evaluate(input: EvaluationInput): EvaluationReport {
  const { config, rows } = input;
  const task = config.task;
  const classes = task === 'multiclass' ? input.classes : undefined;
  if (task === 'multiclass' && !classes)
    throw new RangeError('a multiclass evaluation needs the classes of its scores');
  const width = classes?.values.length;
  const metrics = reportedMetrics(config);
  const judged = judgedRows(config, rows, width, input.thresholds);
  const scoresFor = (who: string, scores?: Float64Array) => scores && scoresOf(who, scores, rows, judged.index, width);
  const candidate = scoresOf('candidate', input.scores.candidate, rows, judged.index, width);
  const champion = scoresFor('champion', input.scores.champion) ?? null;
  const anchor = scoresFor('anchor', input.scores.anchor) ?? null;
  const constant = classes
    ? constantClassScores(classes.rates, judged.index.length)
    : constantScores(input.baselineRate, judged.index.length);

  const { decision } = judged;
  const anchorDecision = { ...decision, threshold: input.thresholds?.anchor ?? decision.threshold };
  const measure = (scores: Float64Array | null, decides: Decision) =>
    scores && prepareModel(metrics, { ...judged, decision: decides }, scores);
  const parts = {
    candidate: prepareModel(metrics, judged, candidate),
    champion: measure(champion, judged.championDecision),
    anchor: measure(anchor, anchorDecision),
  };
  const baseline = prepareModel(metrics, judged, constant).metrics.map((statistic) => statistic(even(judged)));
  const { resamples, min_blocks: minBlocks } = config.gate.uncertainty;
  const resampling = { resamples, minBlocks, seed: input.seed, level: LEVEL };
  const found = compare(metrics, judged.blocks, parts, baseline, resampling);
  const calibrated = (scores: Float64Array) => {
    if (task === 'multiclass') return null;
    return (task === 'binary' ? recalibration : linearRecalibration)({ ...judged, scores }, LEVEL);
  };
  const figures = (name: keyof typeof parts, version: number | undefined, scores: Float64Array): ModelFigures => ({
    version: version ?? null,
    metrics: found.models[name]!.metrics,
    ...calibrationInTheLarge(judged, scores, found.models[name]!.bias, classes?.values),
    recalibration: calibrated(scores),
    ...(classes || judged.index.length === 0 ? {} : { curve: calibrationCurve(judged.labels, scores, judged.weight) }),
  });
  const size = {
    rows: judged.index.length,
    rarer_class: rarerClass(task, judged.labels, width),
    blocks: { unit: judged.unit, count: judged.blocks, keys: judged.keys },
    ...weighing(config, judged),
  };

  return {
    contract: 1,
    model: config.model,
    task,
    primary: config.gate.primary,
    window: judged.window,
    ...size,
    unlabelled: rows.label.length - judged.index.length,
    ...(classes
      ? { label_mean: null, classes: classSizes(classes.values, judged.labels) }
      : { label_mean: finite(meanOfRows(judged, judged.labels)) }),
    too_little: tooLittle(config, size),
    level: LEVEL,
    resamples: config.gate.uncertainty.resamples,
    seed: input.seed,
    baseline: {
      prediction: classes ? Math.max(...classes.rates) : input.baselineRate,
      ...(classes ? { rates: [...classes.rates] } : {}),
      metrics: byMetric(metrics, baseline.map(finite)),
    },
    models: {
      candidate: figures('candidate', input.candidateVersion, candidate),
      champion: champion && figures('champion', input.championVersion, champion),
      anchor: anchor && figures('anchor', input.anchorVersion, anchor),
    },
    improvement: {
      over_baseline: found.overBaseline,
      over_champion: found.overChampion,
      over_anchor: found.overAnchor,
    },
    behaviour:
      champion && judged.index.length > 0 ? compareBehaviour(task, judged, { candidate, champion }, resampling) : null,
    slices: [
      ...demandedSliceFigures(config, rows, judged, { candidate, champion }, input.demanded ?? []),
      ...sliceFigures(config, rows, judged, { candidate, champion }),
    ],
    ...(task === 'binary' && judged.index.length > 0 ? { thresholds: thresholdTable(judged, candidate) } : {}),
    ...(config.gate.fairness === 'none' ? {} : { groups: groupFigures(config, rows, judged, candidate) }),
  };
}

/** Mean score minus mean label; of several classes one each, because one figure of all would be biased upward. */
function calibrationInTheLarge(
  judged: JudgedRows,
  scores: Float64Array,
  bias: readonly Interval[],
  classes?: readonly number[],
) {
  const [first] = bias as [Interval];
  const mean = (values: Float64Array) => finite(meanOfRows(judged, values));
  if (!classes) return { mean_prediction: mean(scores), calibration_in_the_large: first };
  const width = classes.length;
  const none = { ...first, estimate: null, lower: null, upper: null, se: null, df: null, method: 'none' as const };
  return {
    mean_prediction: null,
    calibration_in_the_large: { ...none, reason: 'several classes: see each' },
    by_class: classes.map((value, k) => ({
      class: value,
      mean_prediction: mean(scores.filter((_, i) => i % width === k)),
      calibration_in_the_large: bias[k]!,
    })),
  };
}

const classSizes = (values: readonly number[], labels: Float64Array) =>
  classCounts(labels, values.length).map((rows, k) => ({ class: values[k]!, rows }));

/** Those of the task; a slow one only where the file names it, one of decisions only where the file describes them. */
function reportedMetrics(config: ModelConfig): MetricName[] {
  const { primary, floors, champion } = config.gate;
  const named = [
    primary,
    ...Object.keys(floors),
    ...Object.keys(champion.margin),
    ...sliceMetrics(config),
  ] as MetricName[];
  const possible = metricsOf(config.task);
  const wrong = named.find((name) => !possible.includes(name));
  if (wrong) throw new MetricDoesNotFitTask(config.model, wrong, config.task, possible);
  const { alerts_per_day: alerts, value } = config.gate.decision;
  const given = { alerts: alerts !== null, value: value !== null };
  return possible.filter((name) => {
    const { slow, needs } = METRICS[name];
    return (!slow || named.includes(name)) && (!needs || given[needs]);
  });
}

/** Why no verdict is possible on so few rows; empty where there is enough. */
export function tooLittle(
  { gate: { uncertainty } }: ModelConfig,
  { rows, rarer_class: rarer, blocks, weights }: Pick<EvaluationReport, 'rows' | 'rarer_class' | 'blocks' | 'weights'>,
): string[] {
  const { min_blocks, min_rows, min_rarer_class } = uncertainty;
  const reasons: string[] = [];
  if (rows < min_rows) reasons.push(`${rows} rows with a label, ${min_rows} needed`);
  const worth = Math.floor(weights?.effective_rows ?? rows);
  if (rows >= min_rows && worth < min_rows)
    reasons.push(`${rows} weighed rows say as much as ${worth}, ${min_rows} needed`);
  if (rarer !== null && rarer < min_rarer_class)
    reasons.push(`${rarer} rows of the rarer class, ${min_rarer_class} needed`);
  if (blocks.count < min_blocks) reasons.push(`${blocks.count} blocks (${blocks.unit}), ${min_blocks} needed`);
  return reasons;
}

const even = (judged: JudgedRows) => new Float64Array(judged.blocks).fill(1);

/** What the file says about whose rows these are, and what each counts. */
function weighing({ data, gate: { weights } }: ModelConfig, { weight }: JudgedRows) {
  const population = weights.propensity === null ? ('labelled' as const) : ('propensity_weighted' as const);
  return {
    ...(weight ? { weights: { ...weights, effective_rows: effectiveRows(weight) } } : {}),
    ...(data.selective_labels ? { population } : {}),
  };
}
