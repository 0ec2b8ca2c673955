/** A rule about a group that has too few rows: listed, never passed. */
import type { RuleResult } from './contract.ts';

export function notJudged({ kind, rule, sentence }: Pick<RuleResult, 'kind' | 'rule' | 'sentence'>): RuleResult {
  const none = { metric: null, value: null, limit: null, lower: null, upper: null };
  return { rule, kind, effect: 'needs_person', outcome: 'not_judged', ...none, sentence };
}
