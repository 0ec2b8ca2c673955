/** Metrics that the model file writes in SQL: their floors, and how much worse than the champion they may be. */
import type { ModelConfig } from '../config/model.ts';
import type { CustomFigures, EvaluationReport } from '../evaluation/contract.ts';
import { atLevel } from '../statistics/intervals.ts';
import { marginOf, outcomeOf } from './comparison.ts';
import type { RuleResult } from './contract.ts';
import { EFFECTS } from './effects.ts';
import { confidence } from './wording.ts';

/** One rule a floor and one a margin. A metric that was not measured decides nothing. */
export function customRules(
  report: EvaluationReport,
  config: ModelConfig,
  level: number,
  { first }: { readonly first: boolean },
): RuleResult[] {
  const effect = EFFECTS[config.gate.effects.metrics];
  const rules = Object.entries(config.gate.metrics).flatMap(([name, { better, floor, margin }]) => {
    const found = report.custom?.find((one) => one.name === name);
    return [
      ...(floor === undefined ? [] : [floorRule(report, name, better, floor, found)]),
      ...(margin === undefined || first ? [] : [marginRule(name, margin, found, level)]),
    ];
  });
  return rules.map((rule) => ({ ...rule, effect }));
}

function floorRule(
  report: EvaluationReport,
  name: string,
  better: CustomFigures['better'],
  floor: number,
  found: CustomFigures | undefined,
): RuleResult {
  const value = found?.candidate.estimate ?? null;
  const reached = value !== null && (better === 'higher' ? value >= floor : value <= floor);
  const decided = value !== null && report.too_little.length === 0;
  return {
    ...ruleOf(`metric/${name}/floor`, decided ? (reached ? 'pass' : 'fail') : 'inconclusive'),
    ...{ value, limit: floor, lower: found?.candidate.lower ?? null, upper: found?.candidate.upper ?? null },
    sentence: `${name} ${customFigure(value)}, ${better === 'higher' ? 'at least' : 'at most'} ${customFigure(floor)} needed`,
  };
}

function marginRule(
  name: string,
  margin: NonNullable<ModelConfig['gate']['metrics'][string]['margin']>,
  found: CustomFigures | undefined,
  level: number,
): RuleResult {
  if (!found?.improvement || !found.champion) {
    const sentence = `${name} was not measured for both models, so nothing can be compared`;
    return { ...ruleOf(`metric/${name}/champion`, 'inconclusive'), ...NOTHING, sentence };
  }
  const improvement = atLevel(found.improvement, level);
  const allowed = marginOf(margin, found.champion.estimate);
  const { estimate: value, lower, upper, reason } = improvement;
  const bounds =
    lower === null
      ? `no bounds: ${reason}`
      : `one-sided ${confidence(level)} bounds: ${customChange(lower)} to ${customChange(upper)}`;
  return {
    ...ruleOf(`metric/${name}/champion`, outcomeOf(improvement, allowed, 'non_inferior')),
    ...{ value, limit: -allowed, lower, upper },
    sentence:
      `${name} ${customFigure(found.candidate.estimate)} against ${customFigure(found.champion.estimate)} for the champion: ` +
      `${customChange(value)} (${bounds}; allowed: ${customChange(-allowed)})`,
  };
}

const NOTHING = { value: null, limit: null, lower: null, upper: null } as const;

const ruleOf = (rule: string, outcome: RuleResult['outcome']) =>
  ({ rule, kind: 'custom', effect: 'blocks', outcome, metric: null }) as const;

/** Of an unknown unit: four digits. */
export const customFigure = (value: number | null): string =>
  value === null ? 'undefined' : String(Number(value.toPrecision(4)));

/** An improvement in words. */
export function customChange(improvement: number | null): string {
  if (improvement === null) return 'unknown';
  if (improvement === 0) return 'equal';
  return `${improvement > 0 ? 'better' : 'worse'} by ${customFigure(Math.abs(improvement))}`;
}
