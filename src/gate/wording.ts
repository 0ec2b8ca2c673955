/** How the gate says numbers, rows and time, so that every sentence reads alike. */
import type { MetricName } from '../config/model.ts';
import type { Behaviour, EvaluationReport, Interval } from '../evaluation/contract.ts';
import { METRICS } from '../evaluation/metrics.ts';
import { count } from '../numbers.ts';

/** A metric's value as people read it: `0.7312`. */
export const figure = (metric: MetricName, value: number | null): string =>
  value === null ? 'undefined' : value.toFixed(METRICS[metric].decimals);

/** An improvement in words, so that no sign has to be guessed: `better by 0.0022`, `worse by 0.0100`. */
export function byHow(metric: MetricName, improvement: number | null): string {
  if (improvement === null) return 'unknown';
  const size = Math.abs(improvement).toFixed(METRICS[metric].decimals);
  if (Number(size) === 0) return 'equal';
  return `${improvement > 0 ? 'better' : 'worse'} by ${size}`;
}

/** `95 %` for a one-sided level of 0.05. */
export const confidence = (level: number): string => `${Number((100 * (1 - level)).toFixed(2))} %`;

export const versionName = (version: number | null, role: string): string =>
  version === null ? `the ${role}` : `version ${version}`;

/** `on 9,812 rows in 14 days, 1 to 14 April 2013`; with selective labels also whom they describe. */
export function rowsAndTime(report: EvaluationReport): string {
  const { count: blocks, unit } = report.blocks;
  const pieces = unit === 'row' ? '' : ` in ${count(blocks)} ${unitName(unit, blocks)}`;
  const whom = report.population ? `, ${POPULATION[report.population]}` : '';
  return `on ${count(report.rows)} rows${pieces}${report.window ? `, ${period(report.window)}` : ''}${whom}`;
}

/** Labels are there only where the decision was yes: whom figures describe is said wherever they stand. */
export const POPULATION = {
  labelled: 'labelled population only',
  propensity_weighted: 'weighed by inverse propensity',
} as const;

function unitName(unit: string, blocks: number): string {
  if (unit === 'P1D') return blocks === 1 ? 'day' : 'days';
  if (unit === 'entity') return blocks === 1 ? 'entity' : 'entities';
  return `blocks of ${unit}`;
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');

/** Days of the first and the last row, in UTC: `1 to 14 April 2013`, `25 March to 7 April 2013`. */
export function period(window: { readonly from: string; readonly to: string }): string {
  const [from, to] = [new Date(window.from), new Date(window.to)];
  const day = (date: Date) => `${date.getUTCDate()}`;
  const month = (date: Date) => ` ${MONTHS[date.getUTCMonth()]}`;
  const year = (date: Date) => ` ${date.getUTCFullYear()}`;
  const end = day(to) + month(to) + year(to);
  if (from.getUTCFullYear() !== to.getUTCFullYear()) return `${day(from)}${month(from)}${year(from)} to ${end}`;
  if (from.getUTCMonth() !== to.getUTCMonth()) return `${day(from)}${month(from)} to ${end}`;
  return from.getUTCDate() === to.getUTCDate() ? end : `${day(from)} to ${end}`;
}

/** `per 10,000: 31 more caught (95 % bounds +12 to +50), 12 more false alarms (95 % bounds −3 to +27)`. */
export function changedOutcomes({ per_10000: per, per_10000_bounds: bounds }: Behaviour): string {
  if (!per) return '';
  const size = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(1) : count(Math.round(value)));
  const signed = (value: number): string => `${value > 0 ? '+' : ''}${size(value)}`.replace('-', '−');
  const range = (found: Interval | undefined): string =>
    found?.lower == null || found.upper == null
      ? ''
      : ` (${confidence(found.level)} bounds ${signed(found.lower)} to ${signed(found.upper)})`;
  const change = (value: number, what: string): string => {
    const amount = size(Math.abs(value));
    return Number(amount) === 0 ? `as many ${what}` : `${amount} ${value > 0 ? 'more' : 'fewer'} ${what}`;
  };
  const caught = `${change(per.caught, 'caught')}${range(bounds?.caught)}`;
  return `per 10,000: ${caught}, ${change(per.false_alarms, 'false alarms')}${range(bounds?.false_alarms)}`;
}
