/** A look at a model in words: what is notable, quality, business figures beside it, what was asked for. */

import type { ServiceCheck } from '../monitoring/checks/service-check.ts';
import type { SeriesReport, TickReport } from '../monitoring/contract.ts';
import { utc } from '../times.ts';
import type { TriggerAnswer } from '../workflows/contract.ts';
import { wrap } from './run-text.ts';
import { table } from './table.ts';

/** @param triggered what the owner answered; null for an earlier look, where the ledger tells */
export function tickText(report: TickReport, triggered: readonly TriggerAnswer[] | null): string {
  const own = report.findings.filter(({ kind }) => kind !== 'service');
  const notable = own.filter(({ state }) => state !== 'stable');
  const rows = notable.map((found) => [
    found.state.replace('_', ' '),
    found.kind,
    found.subject,
    numberText(found.value),
    numberText(found.limit),
    String(found.rows),
  ]);
  const stable = own.length - notable.length;
  const wanted = report.actions.flatMap((action) => (action.kind === 'trigger' ? [action] : []));
  const asked = wanted.map(({ trigger, reason }, i) => {
    const answer = triggered?.[i];
    return `${trigger}: ${reason}${answer ? ` Answer: ${answer.answer}${answer.run ? ` ${answer.run}` : ''}, ${answer.reason}.` : ''}`;
  });
  const notes = report.actions.flatMap((action) => (action.kind === 'trigger' ? [] : [action.sentence]));
  return [
    `${report.model} as of ${utc(report.as_of)}, version ${report.champion ?? 'none'}`,
    wrap(report.sentence).join('\n'),
    ...(rows.length === 0 ? [] : [table(['STATE', 'KIND', 'SUBJECT', 'VALUE', 'LIMIT', 'ROWS'], rows)]),
    ...qualityText(report),
    ...(notable.length === 0 ? [] : [notable.flatMap(({ sentence }) => wrap(`- ${sentence}`)).join('\n')]),
    ...(notes.length === 0 ? [] : [[...new Set(notes)].flatMap((note) => wrap(`! ${note}`)).join('\n')]),
    ...(asked.length === 0 ? [] : [`Asked for a run:\n${asked.flatMap((line) => wrap(`- ${line}`)).join('\n')}`]),
    ...(own.length === 0 ? [] : [`${stable} of ${own.length} findings are stable; --json has them all.`]),
  ].join('\n\n');
}

function numberText(value: number | null): string {
  return value === null ? '-' : String(Number(value.toPrecision(3)));
}

/** Skill, calibration and what the business says, whether or not anything is wrong. */
function qualityText({ findings, business = [] }: TickReport): string[] {
  const quality = findings.filter(({ kind }) => kind === 'performance' || kind === 'calibration');
  const rows = [
    ...quality.map((found) => [
      found.subject,
      'labels',
      numberText(found.value),
      '-',
      numberText(found.limit),
      stateText(found.state),
    ]),
    ...business.map((series) => {
      const found = findings.find(({ kind, subject }) => kind === series.role && subject === series.name);
      const value = series.windows[0]?.value ?? null;
      const state = found === undefined ? '-' : stateText(found.state);
      return [
        series.name,
        roleText(series),
        numberText(value),
        numberText(series.usual),
        numberText(series.limit),
        state,
      ];
    }),
  ];
  if (rows.length === 0) return [];
  return [table(['QUALITY AND BUSINESS', 'FROM', 'NOW', 'USUAL', 'LIMIT', 'STATE'], rows)];
}

/** The prediction servers as they are now: the machine, not the model. */
export function serviceText({ nodes, findings }: ServiceCheck): string {
  if (nodes.length === 0) return 'No prediction server serves this model now.';
  const rows = nodes.map(({ node, at, reading }) => {
    const beyond = findings.filter(({ subject, state }) => subject.startsWith(`${node} `) && state === 'broken');
    const state = beyond.length === 0 ? 'ok' : 'beyond a limit';
    if (reading === null) return [node, '-', '-', '-', '-', '-', `silent since ${at.slice(11, 16)} UTC`];
    const errors = reading.requests === 0 ? '-' : `${((100 * reading.errors) / reading.requests).toFixed(1)} %`;
    const [cpu, memory] = [`${(100 * reading.cpu_share).toFixed(0)} %`, `${reading.memory_mb.toFixed(0)} MB`];
    return [node, cpu, memory, numberText(reading.p99_ms), errors, String(reading.requests), state];
  });
  const broken = findings.filter(({ state }) => state === 'broken');
  return [
    table(['SERVER', 'CPU', 'MEMORY', 'P99 MS', 'ERRORS', 'REQUESTS', 'STATE'], rows),
    ...(broken.length === 0 ? [] : [broken.flatMap(({ sentence }) => wrap(`- ${sentence}`)).join('\n')]),
  ].join('\n\n');
}

function roleText({ role, per }: SeriesReport): string {
  return per === 'prediction' ? `${role}, a prediction` : role;
}

function stateText(state: string): string {
  return state.replace('_', ' ');
}
