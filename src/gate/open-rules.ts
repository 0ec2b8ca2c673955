/** Rules that are not met and do not block: who has to look, and what is only told. */
import type { ModelConfig } from '../config/model.ts';
import type { RuleResult } from './contract.ts';
import { isDemanded } from './demanded-slices.ts';

/** Kinds whose rule is a demand: where it could not be decided, somebody has to look. */
const DEMANDS: readonly RuleResult['kind'][] = ['floor', 'baseline', 'guard', 'custom', 'fairness'];

/**
 * In the order of the rules: `person` takes away automatic approval, `told` does not. A slice that nobody called
 * critical, or a calibration without bounds, says nothing while it is undecided.
 */
export function openRules(rules: readonly RuleResult[], { gate }: ModelConfig) {
  const critical = ({ rule }: RuleResult) => gate.slices.critical.some((name) => rule.startsWith(`slice/${name}=`));
  const demanding = (rule: RuleResult) => DEMANDS.includes(rule.kind) || isDemanded(rule) || critical(rule);
  const open = rules.filter((rule) => rule.outcome === 'fail' || (rule.outcome !== 'pass' && demanding(rule)));
  return {
    person: open.filter(({ effect }) => effect === 'needs_person'),
    told: open.filter(({ effect }) => effect === 'warns'),
  };
}
