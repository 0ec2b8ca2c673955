/** Drift and inputs: every column against its reference, over time, and what is wrong with the requests themselves. */
import type { ColumnDrift, Picture } from '../../drift/contract.ts';
import { barsSvg } from '../../drift/report/bars-svg.ts';
import type { TickReport } from '../../monitoring/contract.ts';
import { type Html, html, trusted } from '../html.ts';
import type { Page } from '../layout.ts';
import { chart } from '../parts/chart.ts';
import { count, number, percent } from '../parts/numbers.ts';
import { prose } from '../parts/prose.ts';
import { badge, details, table } from '../parts/table.ts';
import { utc } from '../parts/time.ts';
import { findingTone } from '../parts/tones.ts';
import { byExcess } from '../reads/columns.ts';
import type { Sources } from '../sources.ts';

const LOOKS = 30;
const PICTURES = 4;
const ROWS = 300;

export async function driftPage(sources: Sources, model: string): Promise<Page> {
  await sources.knownLedger(model);
  const looks = await sources.looks.last(model, LOOKS);
  const [look] = looks;
  const page = {
    title: `Drift and inputs of ${model}`,
    model,
    section: 'Drift and inputs',
    crumbs: [
      ['Models', '/'],
      [model, `/models/${model}`],
    ],
  } as const;
  if (look === undefined)
    return {
      ...page,
      sentence: `Nobody has looked at ${model} yet, so nothing is known.`,
      body: html`<p>Look now: <code>hone monitor run ${model}</code>; with <code>hone up</code> a schedule does.</p>`,
    };
  const { drift } = look;
  const ordered = byExcess(drift?.columns ?? {});
  const inputs = look.findings.filter(
    ({ kind }) => kind === 'input' || kind === 'skew' || kind === 'log' || kind === 'prediction',
  );
  const wrong = inputs.filter(({ state }) => state === 'broken' || state === 'moved');
  return {
    ...page,
    live: true,
    attention: look.drift_verdict === 'moved' || wrong.length > 0,
    sentence: html`${badge(look.drift_verdict, findingTone(look.drift_verdict))} ${prose(drift?.dataset.sentence ?? 'No drift window was judged.')} ${
      wrong.length > 0
        ? `${wrong.length} of the inputs cannot be trusted: ${wrong
            .slice(0, 3)
            .map(({ subject }) => subject)
            .join(', ')}. Look at their source first.`
        : inputs.length > 0
          ? 'What is requested looks as it should.'
          : 'This look judged no requests.'
    } The look was as of ${utc(look.as_of)}.`,
    body: html`${drift && html`<p>Reference: ${drift.reference.name}, ${count(drift.reference.rows)} rows.</p>`}
${look.pictures && picturesSection(look.pictures)}
<section aria-labelledby="over-time"><h2 id="over-time">Over time</h2><div class="grid2">${ordered.slice(0, PICTURES).map(([name, column]) => psiChart(name, column, looks))}</div></section>
${columnsTable(ordered)}
<section aria-labelledby="inputs"><h2 id="inputs">Inputs and predictions</h2>${table({
      caption: 'Requests as they came, and the scores that were given',
      head: ['Figure', 'State', 'Now', 'Limit', 'Rows', 'In words'],
      rows: inputs.map(({ kind, subject, state, value, limit, rows, sentence }) => [
        subject === kind ? kind : `${kind}: ${subject}`,
        badge(state, findingTone(state)),
        number(value),
        number(limit),
        count(rows),
        prose(sentence),
      ]),
      numeric: [2, 3, 4],
      empty: 'This look judged no inputs.',
    })}</section>
<p><code>hone drift reference.parquet current.parquet --html report.html</code> draws the values of every column of two windows.</p>`,
  };
}

/** What the columns farthest beyond their limits looked like before, and look like now. */
function picturesSection(pictures: Readonly<Record<string, Picture>>): Html | null {
  const all = Object.entries(pictures);
  if (all.length === 0) return null;
  return html`<section aria-labelledby="values"><h2 id="values">Values, reference against current</h2>
<p class="soft"><span class="key r"></span> wide bar: the reference <span class="key c"></span> narrow bar: the newest window; shares of rows</p>
<div class="grid2">${all.map(([name, picture]) => valuesPicture(name, picture))}</div></section>`;
}

function valuesPicture(name: string, picture: Picture): Html {
  const bars = picture.missing === null ? picture.bars : [...picture.bars, picture.missing];
  return html`<figure class="chart"><figcaption>${name}</figcaption>${trusted(
    barsSvg(picture, `Shares of rows by value of ${name}; the table below has the numbers`),
  )}${details(
    'The numbers',
    table({
      caption: `${name}: shares of rows by value`,
      head: ['Value', 'Reference', 'Current'],
      rows: bars.map(({ label, reference, current }) => [label, percent(reference), percent(current)]),
      numeric: [1, 2],
    }),
  )}</figure>`;
}

/** @param looks newest first */
function psiChart(name: string, now: ColumnDrift, looks: readonly TickReport[]): Html {
  const past = looks.toReversed().flatMap(({ as_of, drift }) => {
    const column = drift?.columns[name];
    return column === undefined ? [] : [{ as_of, column }];
  });
  return chart({
    title: name,
    unit: 'PSI against the reference; looks',
    points: past.map(({ as_of, column }) => ({ at: new Date(as_of), value: column.psi })),
    levels: now.threshold === null ? [] : [{ value: now.threshold, label: 'limit with noise' }],
    behind: html`<p>${prose(now.sentence)}</p>${table({
      caption: `${name} by look`,
      head: ['As of', 'PSI', 'Limit', 'Rows', 'Verdict'],
      rows: past
        .toReversed()
        .map(({ as_of, column }) => [
          as_of.slice(0, 10),
          number(column.psi),
          number(column.threshold),
          count(column.n_current),
          badge(column.verdict, findingTone(column.verdict)),
        ]),
      numeric: [1, 2, 3],
    })}`,
  });
}

function columnsTable(ordered: readonly (readonly [string, ColumnDrift])[]): Html {
  const rows = ordered
    .slice(0, ROWS)
    .map(([name, one]) => [
      name,
      badge(one.verdict, findingTone(one.verdict)),
      number(one.psi),
      number(one.threshold),
      `${count(one.n_reference)} → ${count(one.n_current)}`,
      `${percent(one.missing.reference)} → ${percent(one.missing.current)}`,
      one.new_categories.length === 0 ? 'none' : one.new_categories.slice(0, 5).join(', '),
    ]);
  const more = ordered.length - rows.length;
  return html`<section aria-labelledby="columns"><h2 id="columns">Columns, reference against current</h2>${table({
    caption: 'The farthest beyond its limit first',
    head: ['Column', 'Verdict', 'PSI', 'Limit with noise', 'Rows', 'Missing', 'New values'],
    rows,
    numeric: [2, 3, 4, 5],
    empty: 'No column was judged: there is no reference, or too few rows.',
  })}${more > 0 && html`<p>And ${count(more)} more: <code>hone monitor show --json</code> has them all.</p>`}
${details('In words', html`<ul>${ordered.slice(0, 40).map(([, { sentence }]) => html`<li>${prose(sentence)}</li>`)}</ul>`)}</section>`;
}
