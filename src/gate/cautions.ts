/** What describes the candidate by itself or beside the champion: changed behaviour, and calibration. `gate.effects` says what it does. */
import type { ModelConfig, TriggerKind } from '../config/model.ts';
import type { EvaluationReport, Interval } from '../evaluation/contract.ts';
import { percent } from '../numbers.ts';
import { atLevel } from '../statistics/intervals.ts';
import type { RuleResult } from './contract.ts';
import { EFFECTS } from './effects.ts';

/** After one of these a candidate that scores differently is what was asked for. */
const CHANGE_EXPECTED: readonly TriggerKind[] = ['drift', 'performance', 'calibration'];

/** Score PSI from which people read "moved" and "moved a lot"; the common reading of the index. */
const PSI = { moved: 0.1, far: 0.25 } as const;
const FLIPS = 0.05;
/** Share of the weight of all features that went to other features. */
const IMPORTANCE_MOVED = 0.2;
const SLOPE = { from: 0.8, to: 1.25 } as const;
/** Of a regression: mean prediction minus mean label, as a share of the error of always saying the training mean. */
const BIAS_OF_SPREAD = 0.2;

/**
 * Score shift, label flips and importance change against the champion. They never block; after a drift, performance or
 * calibration trigger only a far shift is mentioned at all.
 */
export function behaviourRules(report: EvaluationReport, { gate }: ModelConfig, trigger: TriggerKind): RuleResult[] {
  const { behaviour } = report;
  if (!behaviour) return [];
  const expected = CHANGE_EXPECTED.includes(trigger);
  const limit = expected ? PSI.far : PSI.moved;
  const note = expected ? ` A change was expected: this run was started by ${trigger}.` : '';
  const rules = [
    caution('behaviour/score_psi', 'behaviour', behaviour.score_psi, limit, {
      effect: EFFECTS[gate.effects.score_shift],
      exceeded: behaviour.score_psi > limit,
      sentence: `scores moved against the champion by PSI ${behaviour.score_psi.toFixed(3)} (mentioned from ${limit}).${note}`,
    }),
  ];
  if (behaviour.flips !== null && !expected) {
    rules.push(
      caution('behaviour/flips', 'behaviour', behaviour.flips, FLIPS, {
        effect: EFFECTS[gate.effects.label_flips],
        exceeded: behaviour.flips > FLIPS,
        sentence: `${percent(behaviour.flips)} of rows changed sides of ${sidesOf(behaviour)} against the champion (mentioned from ${percent(FLIPS)}).`,
      }),
    );
  }
  return [...rules, ...(expected ? [] : importanceRules(report, EFFECTS[gate.effects.importance_change]))];
}

/** `0.5`, or both thresholds where the champion serves with another one. */
export function sidesOf({
  threshold = 0.5,
  champion_threshold: other = threshold,
}: NonNullable<EvaluationReport['behaviour']>): string {
  return other === threshold ? String(threshold) : `${threshold} (the champion: ${other})`;
}

/** Nothing where one of the trainers gave no figures. */
function importanceRules({ footprint }: EvaluationReport, effect: RuleResult['effect']): RuleResult[] {
  const [now, before] = [footprint?.candidate.importance, footprint?.champion?.importance];
  if (!now || !before) return [];
  const names = [...new Set([...Object.keys(now), ...Object.keys(before)])];
  const moved = names.reduce((sum, name) => sum + Math.abs((now[name] ?? 0) - (before[name] ?? 0)), 0) / 2;
  return [
    caution('behaviour/importance', 'behaviour', moved, IMPORTANCE_MOVED, {
      effect,
      exceeded: moved > IMPORTANCE_MOVED,
      sentence: `${percent(moved)} of the weight of features went to other features than in the champion (mentioned from ${percent(IMPORTANCE_MOVED)}).`,
    }),
  ];
}

/** A far score shift that nobody ordered needs a person, unless the file says `score_shift: warn`. */
export const scoreShiftNeedsPerson = (report: EvaluationReport, { gate }: ModelConfig, trigger: TriggerKind): boolean =>
  gate.effects.score_shift === 'needs_person' &&
  (report.behaviour?.score_psi ?? 0) > PSI.far &&
  !CHANGE_EXPECTED.includes(trigger);

/**
 * Mean prediction against mean label (limit: that of the calibration trigger) and slope of the candidate. Only a whole
 * interval outside the limits fails. The comparison with the champion is the guard on `log_loss` or `brier_score_loss`.
 */
export function calibrationRules(report: EvaluationReport, config: ModelConfig, level: number): RuleResult[] {
  const effect = EFFECTS[config.gate.effects.calibration];
  return calibrationFigures(report, config, level).map(({ rule, found, range, what }) =>
    outside(rule, found, range, what, effect),
  );
}

interface Figure {
  readonly rule: string;
  readonly found: Interval;
  readonly range: { readonly from: number; readonly to: number };
  readonly what: string;
}

function calibrationFigures(report: EvaluationReport, config: ModelConfig, level: number): Figure[] {
  const { calibration_in_the_large: bias, recalibration, by_class: classes = [] } = report.models.candidate;
  const rate = config.triggers.calibration.mean_prediction_minus_label_rate;
  // Several classes share the level (Bonferroni).
  if (report.task === 'multiclass')
    return classes.map(({ class: value, calibration_in_the_large: own }) => ({
      rule: `calibration/class=${value}`,
      found: atLevel(own, level / classes.length),
      range: { from: -rate, to: rate },
      what: `class ${value}: mean probability minus share of the labels`,
    }));
  const spread = report.baseline.metrics.root_mean_squared_error ?? Number.NaN;
  const limit = report.task === 'binary' ? rate : BIAS_OF_SPREAD * spread;
  const figures: Figure[] = Number.isFinite(limit)
    ? [
        {
          rule: 'calibration/in_the_large',
          found: atLevel(bias, level),
          range: { from: -limit, to: limit },
          what: report.task === 'binary' ? 'mean prediction minus label rate' : 'mean prediction minus mean label',
        },
      ]
    : [];
  if (!recalibration) return figures;
  const intercept = recalibration.intercept.estimate;
  const what = `calibration slope${report.task === 'binary' && intercept !== null ? ` (intercept ${intercept.toFixed(3)})` : ''}`;
  return [...figures, { rule: 'calibration/slope', found: atLevel(recalibration.slope, level), range: SLOPE, what }];
}

function outside(
  rule: string,
  { estimate, lower, upper, blocks }: Interval,
  range: Figure['range'],
  what: string,
  effect: RuleResult['effect'],
): RuleResult {
  const known = estimate !== null && lower !== null && upper !== null;
  const exceeded = known && (lower > range.to || upper < range.from);
  const bounds = known ? `bounds ${shown(lower)} and ${shown(upper)}` : 'no bounds';
  return {
    ...caution(rule, 'calibration', estimate, exceeded && lower > range.to ? range.to : range.from, {
      ...{ effect, exceeded },
      sentence: `${what} of the candidate is ${estimate === null ? 'undefined' : shown(estimate)} (${bounds}; expected from ${shown(range.from)} to ${shown(range.to)}).`,
    }),
    outcome: !known ? 'not_judged' : exceeded ? 'fail' : 'pass',
    ...{ lower, upper, blocks },
  };
}

/** Three decimals, or four digits of what is larger. */
const shown = (value: number): string =>
  Math.abs(value) < 10 ? String(Number(value.toFixed(3))) : String(Number(value.toPrecision(4)));

function caution(
  rule: string,
  kind: RuleResult['kind'],
  value: number | null,
  limit: number,
  { effect, exceeded, sentence }: Pick<RuleResult, 'effect' | 'sentence'> & { readonly exceeded: boolean },
): RuleResult {
  return {
    rule,
    kind,
    effect,
    outcome: exceeded ? 'fail' : 'pass',
    metric: null,
    value,
    limit,
    lower: null,
    upper: null,
    sentence,
  };
}
