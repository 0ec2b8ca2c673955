/** Part of the packet: what other thresholds would decide on the judged rows. */
import type { EvaluationReport } from '../evaluation/contract.ts';
import { count, percent } from '../numbers.ts';
import type { Section } from './sections.ts';

export function thresholdSections({ thresholds = [], behaviour, footprint }: EvaluationReport): Section[] {
  if (thresholds.length === 0) return [];
  const share = (value: number | null) => (value === null ? 'undefined' : percent(value));
  const valued = thresholds.some(({ value }) => value !== undefined);
  const own = behaviour?.threshold ?? footprint?.candidate.threshold;
  const rows = thresholds.map(({ threshold, selected, precision, recall, value }) => [
    `${threshold}${threshold === own ? ' (in use)' : ''}`,
    ...[selected, precision, recall].map(share),
    ...(valued ? [value == null ? 'undefined' : count(Math.round(value))] : []),
  ]);
  const head = [
    'threshold',
    'decided positive',
    'of them right',
    'positives caught',
    ...(valued ? ['value of 10,000'] : []),
  ];
  const lines = [
    'What the candidate would decide on these rows. Choose a threshold on other rows: these have to judge it.',
  ];
  return [{ title: 'Thresholds', lines, table: { head, rows } }];
}
