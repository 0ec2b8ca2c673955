/** The gate: from an evaluation report and the model's file to one three-valued verdict with its reasons. */
import type { ModelConfig, TriggerKind } from '../config/model.ts';
import type { EvaluationReport } from '../evaluation/contract.ts';
import { levelOfLook } from '../statistics/intervals.ts';
import { behaviourRules, calibrationRules, scoreShiftNeedsPerson } from './cautions.ts';
import { anchorRules, championRules, powerOf } from './comparison.ts';
import type { GateReport, RuleResult, Verdict } from './contract.ts';
import { customRules } from './custom-rules.ts';
import { type DemandedBy, demandedRules, demandReasons } from './demanded-slices.ts';
import { fairnessRules } from './fairness-rules.ts';
import { floorRules } from './floors.ts';
import { foundSliceRules } from './found-slices.ts';
import { openRules } from './open-rules.ts';
import { replayRules } from './replay-rules.ts';
import { sliceRules } from './slice-rules.ts';
import { verdictSentence } from './verdict-sentence.ts';
import { figure } from './wording.ts';

export interface GateContext {
  /** No champion yet: floors and baseline only, and always a person. */
  readonly first: boolean;
  readonly trigger: TriggerKind;
  /** Which look at these rows this is (`lookNumber`); 1 when left out. */
  readonly attempt?: number;
  /** `state.anchor` of the ledger: when it is another version than the champion, it must have been scored too. */
  readonly anchor?: number | null;
  /** Reasons of the run that demand a person, and rows to be judged (`evaluate` has their figures). */
  readonly demands?: readonly DemandedBy[];
  /** For the advice in the sentence. */
  readonly run?: string;
}

/**
 * Judges a candidate. The verdict is `fail` when any blocking rule fails, else `inconclusive` when any blocking rule
 * could not be decided, else `pass`: too little data never passes.
 *
 * A first version is held to floors and baseline, and to an incumbent where the file names the column of its scores; a
 * person always approves it.
 *
 * @param report figures at one-sided level 0.05; a later look at the same rows is judged at 0.05 · 6/(π² j²)
 * @throws FloorContradictsMetric for a floor in the wrong direction
 */
export function judge(report: EvaluationReport, config: ModelConfig, context: GateContext): GateReport {
  const attempt = Math.max(1, context.attempt ?? 1);
  const level = levelOfLook(attempt, report.level);
  const rules = [enoughRule(report)];
  let as: GateReport['as'] = 'first';
  // An incumbent outside hone stands in the champion's place.
  const compared = !context.first || report.models.champion !== null;
  if (compared) rules.push(...championRules(report, config, level));
  if (!context.first) {
    as = (rules[1]?.lower ?? Number.NEGATIVE_INFINITY) > 0 ? 'better' : 'non_inferior';
    if (as === 'non_inferior') rules.push(...anchorRules(report, config, level, context.anchor ?? null));
  }
  rules.push(...floorRules(report, config, level), ...customRules(report, config, level, { first: !compared }));
  if (compared)
    rules.push(
      ...sliceRules(report, config, level),
      ...foundSliceRules(report, config, level),
      ...behaviourRules(report, config, context.trigger),
    );
  rules.push(...demandedRules(report, config, level));
  rules.push(...replayRules(report));
  rules.push(...fairnessRules(report, config, level), ...calibrationRules(report, config, level));

  const verdict = verdictOf(rules);
  const open = openRules(rules, config);
  const near = rules.flatMap(nearFloor);
  return {
    contract: 1,
    verdict,
    as,
    attempt,
    level,
    power: compared ? powerOf(report, config, level) : null,
    rules: rules.map((rule) => ({ rows: report.rows, blocks: report.blocks.count, ...rule })),
    warnings: [
      ...open.person.map(({ sentence }) => sentence),
      ...near.filter(({ effect }) => effect !== 'warns').map(({ said }) => said),
    ],
    notes: [
      ...open.told.map(({ sentence }) => sentence),
      ...near.filter(({ effect }) => effect === 'warns').map(({ said }) => said),
    ],
    person: personReasons(report, config, context),
    sentence: verdictSentence({ report, config, context, verdict, as, rules }),
  };
}

function verdictOf(rules: readonly RuleResult[]): Verdict {
  const blocking = rules.filter((rule) => rule.effect === 'blocks');
  if (blocking.some((rule) => rule.outcome === 'fail')) return 'fail';
  return blocking.some((rule) => rule.outcome !== 'pass') ? 'inconclusive' : 'pass';
}

function enoughRule(report: EvaluationReport): RuleResult {
  const missing = report.too_little;
  return {
    rule: 'data/enough',
    kind: 'data',
    effect: 'blocks',
    outcome: missing.length === 0 ? 'pass' : 'inconclusive',
    metric: null,
    value: report.rows,
    limit: null,
    lower: null,
    upper: null,
    sentence: missing.length === 0 ? 'there are enough rows to judge' : `too little to judge: ${missing.join('; ')}`,
  };
}

/** A floor that is passed by the figure but not by its bound. */
function nearFloor(rule: RuleResult): { readonly effect: RuleResult['effect']; readonly said: string }[] {
  const { effect, metric, limit, lower, upper } = rule;
  if (rule.kind !== 'floor' || rule.outcome !== 'pass') return [];
  if (metric === null || limit === null || lower === null || upper === null) return [];
  const straddles = lower < limit && limit < upper;
  const said = `${rule.sentence}: the floor ${figure(metric, limit)} lies within the bounds`;
  return straddles ? [{ effect, said }] : [];
}

function personReasons(report: EvaluationReport, config: ModelConfig, context: GateContext): string[] {
  const reasons: string[] = [];
  if (context.first)
    reasons.push(
      report.models.champion
        ? 'This is the first version: what serves today is outside hone, and no rollback leads back to it.'
        : 'This is the first version: there is no champion to compare it with.',
    );
  if (config.tier === 'high') reasons.push('The model is of tier high, which is never approved automatically.');
  if (config.data.selective_labels && config.gate.weights.propensity === null) {
    reasons.push('Labels are selective: all figures describe the labelled population only.');
  }
  if (scoreShiftNeedsPerson(report, config, context.trigger)) {
    reasons.push('The scores moved far from the champion although no change was the reason for this run.');
  }
  return [...reasons, ...demandReasons(context.demands ?? [])];
}
