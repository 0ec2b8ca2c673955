/** What a person should know but what never blocks: changed behaviour, and calibration of the candidate by itself. */
import type { ModelConfig, TriggerKind } from '../config/model.ts';
import type { EvaluationReport, Interval } from '../evaluation/contract.ts';
import { atLevel } from '../statistics/intervals.ts';
import type { RuleResult } from './contract.ts';
import { percent } from './wording.ts';

/** After one of these a candidate that scores differently is what was asked for. */
const CHANGE_EXPECTED: readonly TriggerKind[] = ['drift', 'performance', 'calibration'];

/** Score PSI from which people read "moved" and "moved a lot"; the common reading of the index, shown and not gated. */
const PSI = { moved: 0.1, far: 0.25 } as const;
const FLIPS = 0.05;
const SLOPE = { from: 0.8, to: 1.25 } as const;

/**
 * Score shift and label flips against the champion. They only warn, never block; after a drift, performance or
 * calibration trigger only a far shift is mentioned at all.
 */
export function behaviourRules(report: EvaluationReport, trigger: TriggerKind): RuleResult[] {
  const { behaviour } = report;
  if (!behaviour) return [];
  const expected = CHANGE_EXPECTED.includes(trigger);
  const limit = expected ? PSI.far : PSI.moved;
  const note = expected ? ` A change was expected: this run was started by ${trigger}.` : '';
  const rules = [
    caution('behaviour/score_psi', 'behaviour', behaviour.score_psi, limit, {
      exceeded: behaviour.score_psi > limit,
      sentence: `scores moved against the champion by PSI ${behaviour.score_psi.toFixed(3)} (mentioned from ${limit}).${note}`,
    }),
  ];
  if (behaviour.flips !== null && !expected) {
    rules.push(
      caution('behaviour/flips', 'behaviour', behaviour.flips, FLIPS, {
        exceeded: behaviour.flips > FLIPS,
        sentence: `${percent(behaviour.flips)} of rows changed sides of ${behaviour.threshold ?? 0.5} against the champion (mentioned from ${percent(FLIPS)}).`,
      }),
    );
  }
  return rules;
}

/** A far score shift that nobody ordered needs a person, whatever the file says about automatic approval. */
export const scoreShiftNeedsPerson = (report: EvaluationReport, trigger: TriggerKind): boolean =>
  (report.behaviour?.score_psi ?? 0) > PSI.far && !CHANGE_EXPECTED.includes(trigger);

/**
 * Mean prediction against label rate (limit: that of the calibration trigger) and slope of the candidate. Only a whole
 * interval outside the limits warns. Blocking on calibration is the guard on `log_loss` or `brier_score_loss`.
 */
export function calibrationRules(report: EvaluationReport, config: ModelConfig, level: number): RuleResult[] {
  if (report.task === 'multiclass') return classCalibrationRules(report, config, level);
  if (report.task !== 'binary') return [];
  const { calibration_in_the_large: bias, recalibration } = report.models.candidate;
  const limit = config.triggers.calibration.mean_prediction_minus_label_rate;
  const rules = [
    outside(
      'calibration/in_the_large',
      atLevel(bias, level),
      { from: -limit, to: limit },
      'mean prediction minus label rate',
    ),
  ];
  if (recalibration)
    rules.push(outside('calibration/slope', atLevel(recalibration.slope, level), SLOPE, 'calibration slope'));
  return rules;
}

/** One rule a class, at a level that all of them share (Bonferroni). */
function classCalibrationRules(report: EvaluationReport, config: ModelConfig, level: number): RuleResult[] {
  const classes = report.models.candidate.by_class ?? [];
  const limit = config.triggers.calibration.mean_prediction_minus_label_rate;
  return classes.map(({ class: value, calibration_in_the_large: bias }) =>
    outside(
      `calibration/class=${value}`,
      atLevel(bias, level / classes.length),
      { from: -limit, to: limit },
      `class ${value}: mean probability minus share of the labels`,
    ),
  );
}

function outside(
  rule: string,
  { estimate, lower, upper }: Interval,
  range: { from: number; to: number },
  what: string,
): RuleResult {
  const known = estimate !== null && lower !== null && upper !== null;
  const exceeded = known && (lower > range.to || upper < range.from);
  const bounds = known ? `bounds ${lower.toFixed(3)} and ${upper.toFixed(3)}` : 'no bounds';
  return {
    ...caution(rule, 'calibration', estimate, exceeded && lower > range.to ? range.to : range.from, {
      exceeded,
      sentence: `${what} of the candidate is ${estimate?.toFixed(3) ?? 'undefined'} (${bounds}; expected from ${range.from} to ${range.to}).`,
    }),
    outcome: !known ? 'not_judged' : exceeded ? 'fail' : 'pass',
    lower,
    upper,
  };
}

function caution(
  rule: string,
  kind: RuleResult['kind'],
  value: number | null,
  limit: number,
  { exceeded, sentence }: { exceeded: boolean; sentence: string },
): RuleResult {
  return {
    rule,
    kind,
    effect: 'warns',
    outcome: exceeded ? 'fail' : 'pass',
    metric: null,
    value,
    limit,
    lower: null,
    upper: null,
    sentence,
  };
}
