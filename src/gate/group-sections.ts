/** Part of the packet: differences between groups of protected columns, with bounds. */
import type { EvaluationReport, FairnessMeasures, Interval } from '../evaluation/contract.ts';
import { count, percent } from '../numbers.ts';
import type { Section } from './sections.ts';
import { confidence } from './wording.ts';

const RATES = ['selection_rate', 'true_positive_rate', 'false_positive_rate'] as const;
const COMPARED = {
  selection_rate: 'selection_rate_ratio',
  true_positive_rate: 'true_positive_rate_gap',
  false_positive_rate: 'false_positive_rate_gap',
} as const;

/** Worded as differences: whether they are acceptable is for the people who decide. */
export function groupSections({ groups = [], level }: EvaluationReport): Section[] {
  if (groups.length === 0) return [];
  const share = (value: number | null | undefined) => (value == null ? 'undefined' : percent(value));
  const rows = groups.map(({ column, value, rows: size, rates, measures, not_judged }) => [
    `${column} ${value}`,
    count(size),
    ...(rates && measures
      ? [
          ...RATES.map(
            (name) =>
              `${share(rates.group[name])} / ${share(rates.others[name])}: ${compared(measures, COMPARED[name])}`,
          ),
          compared(measures, 'calibration_gap'),
        ]
      : [`not judged: ${not_judged}`, '', '', '']),
  ]);
  const head = [
    ...['group / all others', 'rows', 'decided positive: ratio', 'positives caught: gap', 'false alarms: gap'],
    'mean score minus label rate: gap',
  ];
  const lines = [
    `Differences between groups of protected columns, as measured, with ${confidence(level)} bounds. They do not say why, or what is right.`,
  ];
  return [{ title: 'Groups', lines, table: { head, rows } }];
}

/** `0.93 (0.88 to 0.98)`, or points of a hundred: `+1.2 % (-0.4 % to +2.8 %)`. */
function compared(measures: FairnessMeasures, name: keyof FairnessMeasures): string {
  const { estimate, lower, upper }: Interval = measures[name];
  const shown = (value: number) =>
    name === 'selection_rate_ratio' ? Math.exp(value).toFixed(2) : `${value > 0 ? '+' : ''}${percent(value)}`;
  if (estimate === null) return 'undefined';
  return lower === null || upper === null
    ? `${shown(estimate)} (no bounds)`
    : `${shown(estimate)} (${shown(lower)} to ${shown(upper)})`;
}
