/** Quality over time with promotions, what the business says beside it, and the servers as a row of their own. */

import type { ServiceCheck } from '../../monitoring/checks/service-check.ts';
import type { SeriesReport, TickReport } from '../../monitoring/contract.ts';
import type { LedgerEntry } from '../../registry/contract.ts';
import { type Html, html, nothing } from '../html.ts';
import { qualityOverTime, turns, weeksOf } from '../reads/quality.ts';
import { chart } from './chart.ts';
import { count, number, percent } from './numbers.ts';
import { prose } from './prose.ts';
import { badge, table } from './table.ts';
import { utc } from './time.ts';
import { findingTone } from './tones.ts';

/** @param looks newest first */
export function qualitySection(
  model: string,
  looks: readonly TickReport[],
  entries: readonly LedgerEntry[],
  primary: string | null,
): Html {
  const [look] = looks;
  const head = html`<h2 id="quality">Quality, drift and what the business says</h2>`;
  if (look === undefined)
    return html`<section aria-labelledby="quality">${head}<p class="empty">Nobody has looked at ${model} yet. Look now: <code>hone monitor run ${model}</code>; with <code>hone up</code> a schedule does.</p></section>`;
  const rows = look.findings.filter(({ kind }) => kind !== 'service' && kind !== 'drift');
  const moved = look.drift?.dataset.moved ?? [];
  return html`<section aria-labelledby="quality">${head}
<p class="soft">The last look was as of ${utc(look.as_of)}. Primary figure of the gate: ${primary ?? 'not known'}.</p>
<div class="grid2">${skillChart(looks, entries)}${(look.business ?? []).slice(0, 3).map(seriesChart)}</div>
${table({
  caption: 'What the last look found, one row a figure',
  head: ['Figure', 'State', 'Now', 'Limit', 'Rows', 'In words'],
  rows: [
    ...rows.map(({ kind, subject, state, value, limit, rows: size, sentence }) => [
      subject === kind ? kind : `${kind}: ${subject}`,
      badge(state, findingTone(state)),
      number(value),
      number(limit),
      count(size),
      prose(sentence),
    ]),
    [
      html`<a href="/models/${model}/drift">drift</a>`,
      badge(look.drift_verdict, findingTone(look.drift_verdict)),
      look.drift === null ? '–' : `${moved.length} moved`,
      '–',
      look.drift === null ? '–' : `${count(look.drift.dataset.judged)} columns`,
      look.drift?.dataset.sentence ?? 'No drift window was judged.',
    ],
  ],
  numeric: [2, 3, 4],
})}</section>`;
}

function skillChart(looks: readonly TickReport[], entries: readonly LedgerEntry[]): Html {
  const all = qualityOverTime(looks);
  const first = all[0]?.window.from ?? '';
  const limit = looks[0]?.findings.find(({ kind }) => kind === 'performance')?.limit ?? null;
  return chart({
    title: 'Skill on mature labels, with 95 % bounds',
    unit: '1 − log loss / log loss of the label rate; weeks',
    points: all.map(({ window, skill }) => {
      const { estimate = null, lower: low = null, upper: high = null } = skill ?? {};
      return { at: new Date(window.to), value: estimate, low, high };
    }),
    levels: limit === null ? [] : [{ value: limit, label: 'limit' }],
    marks: turns(entries)
      .filter(({ at }) => at >= first)
      .map(({ at, label }) => ({ at: new Date(at), label })),
    behind: table({
      caption: 'Quality by window',
      head: ['Window', 'Version', 'Skill', '95 % bounds', 'ROC AUC', 'Log loss', 'Label rate', 'Labelled', 'Coverage'],
      rows: all
        .toReversed()
        .map((one) => [
          `${one.window.from.slice(0, 10)} to ${one.window.to.slice(0, 10)}`,
          one.champion ?? '–',
          one.not_judged === null ? number(one.skill?.estimate) : `not judged`,
          one.skill?.lower == null ? '–' : `${number(one.skill.lower)} to ${number(one.skill.upper)}`,
          number(one.roc_auc),
          number(one.log_loss),
          percent(one.label_rate),
          `${count(one.labelled)} of ${count(one.rows)}`,
          percent(one.coverage),
        ]),
      numeric: [1, 2, 4, 5, 6, 7, 8],
    }),
  });
}

function seriesChart(series: SeriesReport): Html {
  const { name, role, per, worse, usual, limit } = series;
  const weeks = weeksOf(series);
  const levels = [
    ...(usual === null ? [] : [{ value: usual, label: 'usual' }]),
    ...(limit === null ? [] : [{ value: limit, label: `limit, ${worse} is worse` }]),
  ];
  return chart({
    title: `${name} (${role})`,
    unit: `${per === 'prediction' ? 'a prediction' : 'mean'}; weeks`,
    points: weeks.map(({ window, value }) => ({ at: new Date(window.to), value })),
    levels,
    behind: table({
      caption: `${name} by week`,
      head: ['Week', 'Value', 'Records'],
      rows: weeks
        .toReversed()
        .map(({ window, value, records }) => [
          `${window.from.slice(0, 10)} to ${window.to.slice(0, 10)}`,
          number(value),
          count(records),
        ]),
      numeric: [1, 2],
    }),
  });
}

/** The machine, not the model. @param ready by node: whether its champion answers */
export function serviceSection({ nodes, findings }: ServiceCheck, ready: ReadonlyMap<string, boolean>): Html {
  const rows = nodes.map(({ node, at, reading, silent }) => {
    const beyond = findings.some(({ subject, state }) => subject.startsWith(`${node} `) && state === 'broken');
    if (reading === null)
      return [node, badge(silent ? 'silent' : 'unknown', 'bad'), '–', '–', '–', '–', `since ${utc(at)}`];
    const state = ready.get(node) === false ? 'does not answer for it' : beyond ? 'beyond a limit' : 'well';
    return [
      node,
      badge(state, state === 'well' ? 'good' : 'bad'),
      percent(reading.cpu_share),
      `${reading.memory_mb.toFixed(0)} MB`,
      reading.p99_ms === null ? '–' : `${number(reading.p99_ms)} ms`,
      reading.requests === 0 ? '–' : percent(reading.errors / reading.requests),
      `${count(reading.requests)} in ${reading.window_s} s`,
    ];
  });
  const broken = findings.filter(({ state }) => state === 'broken');
  return html`<section aria-labelledby="service"><h2 id="service">Service health</h2>${table({
    caption: 'Prediction servers now, apart from the model',
    head: ['Server', 'State', 'CPU', 'Memory', 'p99 latency', 'Errors', 'Requests'],
    rows,
    numeric: [2, 3, 4, 5, 6],
    empty: 'No prediction server serves this model now. Start one: hone up.',
  })}${broken.length === 0 ? nothing : html`<ul>${broken.map(({ sentence }) => html`<li>${prose(sentence)}</li>`)}</ul>`}</section>`;
}
