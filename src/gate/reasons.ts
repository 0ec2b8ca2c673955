/** The strongest reasons for and against, by rule, and a recommendation that never reads like a bare green light. */
import type { GateReport, RuleResult } from './contract.ts';

const MOST = 3;

/** What speaks for it: blocking rules passed, the comparison before floors. */
export function reasonsFor(gate: GateReport): string[] {
  const order: RuleResult['kind'][] = ['primary', 'guard', 'anchor', 'baseline', 'floor', 'slice'];
  const passed = gate.rules.filter((rule) => rule.outcome === 'pass' && order.includes(rule.kind));
  return passed
    .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
    .slice(0, MOST)
    .map((rule) => rule.sentence);
}

/** What speaks against it: failed before undecided before warnings. */
export function reasonsAgainst(gate: GateReport): string[] {
  const blocking = gate.rules.filter((rule) => rule.effect === 'blocks');
  const sentences = [
    ...blocking.filter((rule) => rule.outcome === 'fail').map((rule) => rule.sentence),
    ...blocking.filter((rule) => rule.outcome === 'inconclusive').map((rule) => rule.sentence),
    ...gate.warnings,
    ...(gate.notes ?? []),
    ...gate.person,
  ];
  return [...new Set(sentences)].slice(0, MOST);
}

export function recommendation(gate: GateReport): string {
  if (gate.verdict === 'fail') return 'Reject: a rule of the gate failed.';
  if (gate.verdict === 'inconclusive') return 'Wait or reject: the gate could not decide on these rows.';
  const cautions = gate.warnings.length + gate.person.length;
  if (cautions === 0) return 'Approve: every blocking rule passed and nothing was cautioned.';
  return `Approve if you accept ${cautions === 1 ? 'the caution' : `the ${cautions} cautions`} under "against"; every blocking rule passed.`;
}
