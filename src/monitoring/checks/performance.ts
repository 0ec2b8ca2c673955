/** Skill and calibration of the champion in windows of matured labels. Raw figures are shown, never compared. */
import type { ModelConfig } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import { percent, whole } from '../../drift/sentences.ts';
import { METRICS, metricValue } from '../../evaluation/metrics.ts';
import { dot } from '../../statistics/block-statistic.ts';
import { blocksOf } from '../../statistics/blocks.ts';
import { blockIntervals } from '../../statistics/intervals.ts';
import type { Holdout, PerformanceWindow, Window } from '../contract.ts';
import { windowName } from '../windows.ts';
import type { MaturedRows } from './matured-rows.ts';

/** Under this share of matured predictions with a label, the labelled ones may not speak for the rest. */
const minCoverage = 0.8;

/**
 * One window. Skill is 1 − loss / loss of the constant `baselineRate`, with log loss for binary and squared error for
 * regression; calibration in the large is the mean of prediction minus label. Both with one-sided 95 % bounds from
 * resampled blocks (days by default).
 *
 * @param rows of the window only
 * @param baselineRate label rate (or mean) of the champion's training rows; null: skill is not judged
 */
export function judgeWindow(
  rows: MaturedRows,
  window: Window,
  config: ModelConfig,
  baselineRate: number | null,
): PerformanceWindow {
  const known = [...rows.label.keys()].filter(
    (i) => !Number.isNaN(rows.label[i]!) && !Number.isNaN(rows.prediction[i]!),
  );
  const labels = Float64Array.from(known, (i) => rows.label[i]!);
  const scores = Float64Array.from(known, (i) => rows.prediction[i]!);
  const coverage = rows.rows === 0 ? null : known.length / rows.rows;
  const binary = config.task === 'binary';
  const mean = (values: Float64Array): number | null =>
    values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  const metric = (name: 'log_loss' | 'roc_auc'): number | null => {
    const value = binary && labels.length > 0 ? metricValue(name, labels, scores) : Number.NaN;
    return Number.isFinite(value) ? value : null;
  };
  const base = {
    window,
    rows: rows.rows,
    labelled: known.length,
    coverage,
    label_rate: mean(labels),
    mean_prediction: mean(scores),
    log_loss: metric('log_loss'),
    roc_auc: metric('roc_auc'),
  };
  const positive = labels.reduce((sum, label) => sum + (label === 1 ? 1 : 0), 0);
  const reason = whyNotJudged(base, Math.min(positive, labels.length - positive), config);
  if (reason !== null)
    return { ...base, skill: null, calibration: null, not_judged: `${windowName(window)}: ${reason}` };

  const blocks = blocksOf(
    known.map((i) => rows.eventTime[i]!),
    durationMs(config.gate.uncertainty.block),
  );
  const rate = baselineRate ?? base.label_rate ?? 0;
  const loss = METRICS[binary ? 'log_loss' : 'brier_score_loss'].prepare;
  const own = loss({ labels, scores, ...blocks });
  const constant = loss({ labels, scores: new Float64Array(labels.length).fill(rate), ...blocks });
  const [bias, count] = [new Float64Array(blocks.blocks), new Float64Array(blocks.blocks)];
  labels.forEach((label, i) => {
    bias[blocks.block[i]!]! += scores[i]! - label;
    count[blocks.block[i]!]! += 1;
  });
  const [skill, calibration] = blockIntervals(
    (weights) => [1 - own(weights) / constant(weights), dot(weights, bias) / dot(weights, count)],
    blocks.blocks,
    {
      resamples: config.gate.uncertainty.resamples,
      seed: 1,
      level: 0.05,
      minBlocks: config.gate.uncertainty.min_blocks,
    },
  );
  const unbounded = calibration!.lower === null ? `${windowName(window)}: ${calibration!.reason ?? 'no bounds'}` : null;
  return { ...base, skill: baselineRate === null ? null : skill!, calibration: calibration!, not_judged: unbounded };
}

/** @param rarer rows of the rarer class, or of the rarest of several */
export function whyNotJudged(
  { rows, labelled, coverage }: { rows: number; labelled: number; coverage: number | null },
  rarer: number,
  config: ModelConfig,
): string | null {
  const { min_rows: minRows, min_rarer_class: minRarer } = config.gate.uncertainty;
  if (rows === 0) return 'not judged (no prediction of this champion is old enough)';
  if ((coverage ?? 0) < minCoverage) {
    return `not judged (labels for ${percent(coverage ?? 0)} of ${whole(rows)} predictions, ${percent(minCoverage)} needed)`;
  }
  if (labelled < minRows) return `not judged (too few rows: ${whole(labelled)} of ${whole(minRows)} needed)`;
  if (config.task !== 'regression' && rarer < minRarer) {
    return `not judged (too few of the rarer class: ${whole(rarer)} of ${whole(minRarer)} needed)`;
  }
  return null;
}

/** Skill fell: below the limit, and surely below the champion's own holdout. */
export function skillFell({ skill }: PerformanceWindow, holdout: Holdout, drop: number): boolean {
  if (skill?.estimate == null || skill.upper === null) return false;
  return skill.estimate < skillLimit(holdout, drop) && skill.upper < holdout.skill;
}

export function skillLimit(holdout: Holdout, drop: number): number {
  return holdout.skill - drop * Math.abs(holdout.skill);
}

/** Calibration is off: beyond the limit, and surely not zero. */
export function calibrationOff({ calibration }: PerformanceWindow, limit: number): boolean {
  if (calibration?.estimate == null || calibration.lower === null || calibration.upper === null) return false;
  return Math.abs(calibration.estimate) > limit && (calibration.lower > 0 || calibration.upper < 0);
}
