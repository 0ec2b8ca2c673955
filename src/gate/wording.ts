/** How the gate says numbers, rows and time, so that every sentence reads alike. */
import type { MetricName } from '../config/model.ts';
import type { EvaluationReport } from '../evaluation/contract.ts';
import { METRICS } from '../evaluation/metrics.ts';

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

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** `9,812`. */
export const count = (value: number): string => value.toLocaleString('en-US');

export const versionName = (version: number | null, role: string): string =>
  version === null ? `the ${role}` : `version ${version}`;

/** `on 9,812 rows in 14 days, 1 to 14 April 2013`. */
export function rowsAndTime(report: EvaluationReport): string {
  const { count: blocks, unit } = report.blocks;
  const pieces = unit === 'row' ? '' : ` in ${count(blocks)} ${unitName(unit, blocks)}`;
  return `on ${count(report.rows)} rows${pieces}${report.window ? `, ${period(report.window)}` : ''}`;
}

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

/** `of 10,000 rows: 31 more caught, 12 more false alarms`. */
export function changedOutcomes({ caught, false_alarms }: { caught: number; false_alarms: number }): string {
  const change = (value: number, what: string): string => {
    const size = Math.abs(value) < 10 ? Math.abs(value).toFixed(1) : count(Math.round(Math.abs(value)));
    return Number(size) === 0 ? `as many ${what}` : `${size} ${value > 0 ? 'more' : 'fewer'} ${what}`;
  };
  return `of 10,000 rows: ${change(caught, 'caught')}, ${change(false_alarms, 'false alarms')}`;
}
