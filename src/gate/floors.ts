/** Floors: what any version must reach, with or without a champion. */
import type { MetricName, ModelConfig } from '../config/model.ts';
import type { EvaluationReport } from '../evaluation/contract.ts';
import { METRICS } from '../evaluation/metrics.ts';
import { atLevel } from '../statistics/intervals.ts';
import type { RuleResult } from './contract.ts';
import { EFFECTS } from './effects.ts';
import { FloorContradictsMetric } from './errors.ts';
import { byHow, confidence, figure, versionName } from './wording.ts';

/**
 * One rule a floor. A floor says what is acceptable rather than what differs, so the figure itself decides; the bounds
 * are shown, and a bound on the wrong side is a caution. `below_baseline` and `above_baseline` compare with the constant
 * prediction of the training label rate on the same rows (paired). Demanding the lower bound there would refuse most
 * honest first models: on two weeks of flights the label rate alone moves the difference by ±0.04 (measured).
 *
 * @throws FloorContradictsMetric for `below_baseline` where more is better, and the reverse
 */
export function floorRules(report: EvaluationReport, config: ModelConfig, level: number): RuleResult[] {
  const effect = EFFECTS[config.gate.effects.floors];
  return Object.entries(config.gate.floors).map(([name, floor]): RuleResult => {
    const metric = name as MetricName;
    const rule =
      typeof floor === 'number'
        ? fixedFloor(report, metric, floor, level)
        : baselineFloor(report, config.model, metric, floor, level);
    return { ...rule, effect };
  });
}

function fixedFloor(report: EvaluationReport, metric: MetricName, floor: number, level: number): RuleResult {
  const found = report.models.candidate.metrics[metric];
  const { estimate = null, lower = null, upper = null } = found ? atLevel(found, level) : {};
  const reached = estimate !== null && METRICS[metric].direction * (estimate - floor) >= 0;
  const side = METRICS[metric].direction === 1 ? 'at least' : 'at most';
  const bounds =
    lower === null || upper === null
      ? 'no bounds'
      : `${confidence(level)} bounds ${figure(metric, lower)} and ${figure(metric, upper)}`;
  return {
    rule: `floor/${metric}`,
    kind: 'floor',
    effect: 'blocks',
    outcome: decided(report, estimate) ? (reached ? 'pass' : 'fail') : 'inconclusive',
    metric,
    value: estimate,
    limit: floor,
    lower,
    upper,
    sentence: `${metric} ${figure(metric, estimate)} for ${versionName(report.models.candidate.version, 'candidate')}, ${side} ${figure(metric, floor)} needed (${bounds})`,
  };
}

function baselineFloor(
  report: EvaluationReport,
  model: string,
  metric: MetricName,
  floor: 'below_baseline' | 'above_baseline',
  level: number,
): RuleResult {
  const needed = METRICS[metric].direction === 1 ? 'above_baseline' : 'below_baseline';
  if (floor !== needed) throw new FloorContradictsMetric(model, metric, floor, needed);
  const found = report.improvement.over_baseline[metric];
  const { lower = null, upper = null } = found ? atLevel(found, level) : {};
  const value = report.models.candidate.metrics[metric]?.estimate ?? null;
  const limit = report.baseline.metrics[metric] ?? null;
  const better = found?.estimate ?? null;
  const outcome = decided(report, better) ? ((better ?? 0) > 0 ? 'pass' : 'fail') : 'inconclusive';
  const bounds =
    lower === null ? 'no bounds' : `${confidence(level)} bounds: ${byHow(metric, lower)} to ${byHow(metric, upper)}`;
  return {
    rule: `baseline/${metric}`,
    kind: 'baseline',
    effect: 'blocks',
    outcome,
    metric,
    value,
    limit,
    lower,
    upper,
    sentence:
      `${metric} ${figure(metric, value)} for ${versionName(report.models.candidate.version, 'candidate')} against ${figure(metric, limit)} ` +
      `for always saying ${constantOf(report)}: ${byHow(metric, found?.estimate ?? null)} (${bounds})`,
  };
}

/** On too few rows a figure refuses nobody: two stormy days are no verdict. */
function decided(report: EvaluationReport, figureOf: number | null): boolean {
  return figureOf !== null && report.too_little.length === 0;
}

const constantOf = ({ baseline: { prediction, rates } }: EvaluationReport): string =>
  rates ? 'the class rates of training' : prediction.toPrecision(3);
