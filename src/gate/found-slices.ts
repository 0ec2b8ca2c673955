/** Groups that the search found to be worse: cautions where the file says so, else shown. They never block. */
import type { ModelConfig } from '../config/model.ts';
import type { EvaluationReport, FoundSlice } from '../evaluation/contract.ts';
import { count } from '../numbers.ts';
import { atLevel } from '../statistics/intervals.ts';
import type { RuleResult } from './contract.ts';
import { confidence } from './wording.ts';

/** One rule a group, where `gate.slices.search` is `caution`. */
export function foundSliceRules(report: EvaluationReport, config: ModelConfig, level: number): RuleResult[] {
  if (config.gate.slices.search !== 'caution') return [];
  return (report.slice_search?.found ?? []).map((slice): RuleResult => {
    const { estimate, lower, upper } = atLevel(slice.difference, level);
    return {
      rule: `found/${nameOf(slice)}`,
      kind: 'slice',
      effect: 'needs_person',
      outcome: 'fail',
      metric: null,
      ...{ value: estimate, limit: 0, lower, upper, rows: slice.rows, blocks: slice.difference.blocks },
      sentence: foundSentence(slice, level),
    };
  });
}

export function foundSentence(slice: FoundSlice, level: number): string {
  const { lower, upper } = atLevel(slice.difference, level);
  const worse = (value: number | null) => (value === null ? 'unknown' : String(Number((-value).toPrecision(3))));
  return (
    `${nameOf(slice)}: found by search on ${count(slice.rows)} rows, mean loss ${shown(slice.candidate)} against ` +
    `${shown(slice.champion)} (judged on the other half of the blocks: worse by ${worse(slice.difference.estimate)}, ` +
    `${confidence(level)} bounds ${worse(upper)} to ${worse(lower)})`
  );
}

const nameOf = ({ where }: FoundSlice): string => where.map(({ column, value }) => `${column} ${value}`).join(' and ');

const shown = (value: number): string => String(Number(value.toPrecision(4)));
