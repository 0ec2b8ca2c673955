/** The candidate on the last requests: one that fails on what was asked yesterday may not answer tomorrow. */
import type { EvaluationReport } from '../evaluation/contract.ts';
import { count } from '../numbers.ts';
import type { RuleResult } from './contract.ts';

/** One blocking rule where requests were replayed; none where there were none, or the log keeps too little. */
export function replayRules({ replay }: EvaluationReport): RuleResult[] {
  if (!replay || replay.requests === 0) return [];
  const { requests, failed } = replay;
  return [
    {
      rule: 'replay/answers',
      kind: 'behaviour',
      effect: 'blocks',
      outcome: failed === 0 ? 'pass' : 'fail',
      metric: null,
      ...{ value: failed, limit: 0, lower: null, upper: null },
      sentence:
        failed === 0
          ? `the last ${count(requests)} requests were all answered`
          : `${count(failed)} of the last ${count(requests)} requests were not answered with a number that can be one`,
    },
  ];
}
