/** Skill and calibration of a model of several classes in one window of matured labels. */
import type { ModelConfig } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import { classCounts } from '../../evaluation/judged-rows.ts';
import { EPSILON } from '../../evaluation/losses.ts';
import { dot, sumByBlock } from '../../statistics/block-statistic.ts';
import { blocksOf } from '../../statistics/blocks.ts';
import { blockIntervals } from '../../statistics/intervals.ts';
import type { PerformanceWindow, Window } from '../contract.ts';
import { windowName } from '../windows.ts';
import type { MaturedRows } from './matured-rows.ts';
import { whyNotJudged } from './performance.ts';

/**
 * Skill is 1 − log loss / log loss of the constant class rates. Calibration is that of the class that was told: its mean
 * probability minus the share of rows in which it was right, so 0 where the model is as sure as it is right.
 *
 * @param rates share of each class in the champion's training rows, in signature order; null: nothing is judged
 * @see Guo et al. (2017), On Calibration of Modern Neural Networks, for confidence against accuracy
 */
export function judgeClasses(
  rows: MaturedRows,
  window: Window,
  config: ModelConfig,
  rates: readonly number[] | null,
): PerformanceWindow {
  const { ofLabel, right } = rows.classes ?? {};
  const known = [...rows.label.keys()].filter((i) => !Number.isNaN(ofLabel?.[i] ?? Number.NaN));
  const told = Float64Array.from(known, (i) => rows.prediction[i] ?? Number.NaN);
  const hits = Float64Array.from(known, (i) => right?.[i] ?? Number.NaN);
  const losses = Float64Array.from(known, (i) => -Math.log(Math.max(EPSILON, ofLabel?.[i] ?? 0)));
  const labels = Float64Array.from(known, (i) => rows.label[i] ?? Number.NaN);
  const mean = (values: Float64Array) =>
    values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  const base = {
    window,
    rows: rows.rows,
    labelled: known.length,
    coverage: rows.rows === 0 ? null : known.length / rows.rows,
    label_rate: mean(hits),
    mean_prediction: mean(told),
    log_loss: mean(losses),
    roc_auc: null,
  };
  const nothing = (reason: string): PerformanceWindow => ({
    ...{ ...base, skill: null, calibration: null },
    not_judged: `${windowName(window)}: ${reason}`,
  });
  if (rates === null)
    return nothing('not judged (the champion does not say how often each class was in its training rows)');
  const rarer = labels.length === 0 ? 0 : Math.min(...classCounts(labels, rates.length));
  const few = whyNotJudged(base, rarer, config);
  if (few !== null) return nothing(few);

  const { uncertainty } = config.gate;
  const { block, blocks } = blocksOf(
    known.map((i) => rows.eventTime[i] ?? 0),
    durationMs(uncertainty.block),
  );
  const sums = (values: Float64Array) => sumByBlock(values, block, blocks);
  const own = sums(losses);
  const constant = sums(labels.map((label) => -Math.log(Math.max(EPSILON, rates[label] ?? 0))));
  const bias = sums(told.map((value, i) => value - (hits[i] ?? 0)));
  const count = sums(new Float64Array(known.length).fill(1));
  const [skill, calibration] = blockIntervals(
    (weights) => [1 - dot(weights, own) / dot(weights, constant), dot(weights, bias) / dot(weights, count)],
    blocks,
    { resamples: uncertainty.resamples, seed: 1, level: 0.05, minBlocks: uncertainty.min_blocks },
  );
  const unbounded = calibration?.lower == null ? `${windowName(window)}: ${calibration?.reason ?? 'no bounds'}` : null;
  return { ...base, skill: skill ?? null, calibration: calibration ?? null, not_judged: unbounded };
}
