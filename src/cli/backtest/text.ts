/** A backtest for a terminal of 80 columns: what to take, what each policy reached and cost, month by month. */
import type { BacktestReport, PolicyResult } from '../../backtest/contract.ts';
import { count } from '../../numbers.ts';
import { wrap } from '../run-text.ts';
import { table } from '../table.ts';

/** More policies side by side than this do not fit. */
const SIDE_BY_SIDE = 4;

export function backtestText(report: BacktestReport): string {
  const { policies, primary, recommendation, labelled, from, to, limits } = report;
  const rows = policies.map((policy) => [
    policy.name,
    ...[interval(policy.pooled[primary]), figure(policy.mean_month[primary]?.estimate)],
    worst(policy, primary),
    ...[String(policy.trainings), String(policy.promotions), String(policy.people_asked)],
    falseTriggers(policy),
    policy.trainer_cpu_seconds.toFixed(0),
  ]);
  const head = ['POLICY', 'POOLED', 'MONTHS', 'WORST', 'RUNS', 'LIVE', 'ASKED', 'FALSE', 'CPU S'];
  return [
    wrap(recommendation.sentence).join('\n'),
    `${primary} on ${count(labelled)} rows with a label, ${from.slice(0, 10)} to ${to.slice(0, 10)}.`,
    table(head, rows, 'POLICY'),
    wrap(
      'POOLED ± half of the 90 % interval by weeks; MONTHS the mean of months; WORST month; RUNS that trained; LIVE those ' +
        'promoted; ASKED decisions of people; FALSE triggered runs not shown better afterwards, of those judged.',
    ).join('\n'),
    ...(report.shift === null ? [] : [shiftText(report)]),
    ...monthTables(report),
    limits.flatMap((sentence) => wrap(`- ${sentence}`)).join('\n'),
  ].join('\n\n');
}

/** A few policies at a time, so that lines stay within 80 columns. */
function monthTables({ policies, primary }: BacktestReport): string[] {
  const months = policies[0]?.months.map(({ month }) => month) ?? [];
  const groups: PolicyResult[][] = [];
  for (let next = 0; next < policies.length; next += SIDE_BY_SIDE)
    groups.push(policies.slice(next, next + SIDE_BY_SIDE));
  return groups.map((group) =>
    table(
      ['MONTH', ...group.map(({ name }) => name.toUpperCase())],
      months.map((month, i) => [month, ...group.map((policy) => interval(policy.months[i]?.metrics[primary]))]),
    ),
  );
}

function shiftText({ policies, shift }: BacktestReport): string {
  const days = (value: number | null | undefined) => (value == null ? 'never' : value.toFixed(1));
  const rows = policies.map(({ name, after_shift: after }) => [
    name,
    days(after?.triggered_after_days),
    days(after?.renewed_after_days),
  ]);
  const head = ['POLICY', `DAYS FROM ${shift?.slice(0, 10) ?? ''} TO A TRIGGER`, 'TO A NEW VERSION'];
  return table(head, rows, 'POLICY');
}

function falseTriggers({ false_triggers: { triggered, judged, false: wrong } }: PolicyResult): string {
  return triggered === 0 ? '-' : `${wrong} of ${judged}`;
}

function worst(policy: PolicyResult, primary: BacktestReport['primary']): string {
  const found = policy.worst_month[primary];
  return found === undefined ? '-' : figure(found.value);
}

function interval(value: PolicyResult['pooled'][BacktestReport['primary']]): string {
  if (value?.estimate == null) return '-';
  if (value.lower === null || value.upper === null) return figure(value.estimate);
  return `${figure(value.estimate)} ±${((value.upper - value.lower) / 2).toFixed(3)}`;
}

function figure(value: number | null | undefined): string {
  return value == null ? '-' : value.toFixed(4);
}
