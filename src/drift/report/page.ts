/** A comparison as one HTML file: verdict first, worst column first, no script and nothing from elsewhere. */
import type { Comparison } from '../compare.ts';
import type { ColumnDrift, Picture } from '../contract.ts';
import { toolNames } from '../definitions/compare-as.ts';
import { percent, short, whole } from '../sentences.ts';
import { barsSvg } from './bars-svg.ts';
import { escapeHtml } from './escape-html.ts';
import { pictureOf } from './picture.ts';
import { STYLE } from './style.ts';

/** Pictures are left out, least interesting first, from this many characters on; with them the page stays under 300 kB. */
const pictureBudget = 180_000;
const listedColumns = 250;
const longestText = 600;

const rule =
  'A column moved when its PSI is beyond the limit <em>and</em> beyond what the reference does by itself, and when that stands among as many columns (Benjamini–Hochberg, 5 %).';

const words = { moved: 'moved', stable: 'stable', not_judged: 'not judged' } as const;
const rank = { moved: 0, stable: 1, not_judged: 2 } as const;

export function driftPage({ report, reference, current, definition, currentName }: Comparison): string {
  const ordered = Object.entries(report.columns).sort(
    ([, a], [, b]) => rank[a.verdict] - rank[b.verdict] || excess(b) - excess(a),
  );
  const cards: string[] = [];
  let left = pictureBudget;
  for (const [i, [name, drift]] of ordered.entries()) {
    const profile = reference.columns[name]?.profile;
    const picture = profile === undefined ? null : pictureOf(profile, current.columns[name]);
    const card = cardOf(name, drift, picture, i);
    if (card.length > left) break;
    left -= card.length;
    cards.push(card);
  }
  const { dataset } = report;
  const without = ordered.length - cards.length;
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escapeHtml(`Drift: ${words[dataset.verdict]} (${currentName})`.slice(0, 200))}</title><style>${STYLE}</style></head><body>`,
    `<header><p class="v ${dataset.verdict}">${words[dataset.verdict]}</p><h1>${cut(dataset.sentence)}</h1>`,
    `<p><i class="r"></i>Reference: ${cut(report.reference.name)}, ${whole(report.reference.rows)} rows.<br>`,
    `<i class="c"></i>Current: ${cut(currentName)}, ${whole(current.rows)} rows.</p></header>`,
    `<main>${cards.join('')}</main>`,
    without > 0 ? `<p>${whole(without)} more columns have no picture here, so that this file stays small.</p>` : '',
    summary(ordered, cards.length),
    `<footer>${definition === 'hone' ? rule : `Bins, limits and verdicts are those of ${toolNames[definition]}; the pictures are not.`} `,
    'Made by <code>hone drift</code>.</footer></body></html>\n',
  ].join('');
}

function excess({ psi, js_distance, threshold }: ColumnDrift): number {
  return (psi ?? js_distance ?? -1) - (threshold ?? 0);
}

function cardOf(name: string, drift: ColumnDrift, picture: Picture | null, i: number): string {
  const chart =
    picture === null
      ? ''
      : `<figure>${barsSvg(picture, `Shares of rows by value of ${name.slice(0, 80)}, reference against current; the table below has the numbers`)}</figure>`;
  return [
    `<article id="c${i}" class="${drift.verdict}"><h2>${cut(name, 80)} <span class="v ${drift.verdict}">${words[drift.verdict]}</span></h2>`,
    `<p>${cut(drift.sentence)}</p>${chart}`,
    `<details><summary>Numbers</summary>${picture === null ? '' : barsTable(picture)}${figures(drift)}</details></article>`,
  ].join('');
}

function barsTable({ bars, missing }: Picture): string {
  const rows = (missing === null ? bars : [...bars, missing]).map(
    ({ label, reference, current }) => `<tr><th>${cut(label, 60)}<td>${percent(reference)}<td>${percent(current)}`,
  );
  return `<table><tr><th>value<th>reference<th>current${rows.join('')}</table>`;
}

function figures(drift: ColumnDrift): string {
  const rows: [string, string][] = [
    ['rows', `${whole(drift.n_reference)} → ${whole(drift.n_current)}`],
    ['missing', `${percent(drift.missing.reference)} → ${percent(drift.missing.current)}`],
    ['PSI', short(drift.psi)],
    ['limit with noise', short(drift.threshold)],
    ['noise', short(drift.noise)],
    ['Jensen–Shannon', short(drift.js_distance)],
    ['Kolmogorov–Smirnov', short(drift.ks_statistic)],
    ['Wasserstein', short(drift.wasserstein_distance)],
    ['chi-squared', short(drift.chi_squared)],
    ['p-value', drift.p_value === null ? 'unknown' : drift.p_value.toPrecision(3)],
    ['new values', drift.new_categories.length === 0 ? 'none' : drift.new_categories.join(', ')],
  ];
  const known = rows.filter(([, value]) => value !== 'unknown');
  return `<table>${known.map(([name, value]) => `<tr><th>${name}<td>${cut(value, 200)}`).join('')}</table>`;
}

function summary(ordered: readonly (readonly [string, ColumnDrift])[], withCard: number): string {
  const rows = ordered.slice(0, listedColumns).map(([name, drift], i) => {
    const shown = i < withCard ? `<a href="#c${i}">${cut(name, 60)}</a>` : cut(name, 60);
    return `<tr class="${drift.verdict}"><th>${shown}<td>${words[drift.verdict]}<td>${drift.kind.replace('_', ' ')}<td>${short(drift.psi).replace('unknown', '–')}<td>${short(drift.threshold).replace('unknown', '–')}<td>${percent(drift.missing.current)}`;
  });
  const more = ordered.length - rows.length;
  const rest = more > 0 ? `<p>And ${whole(more)} more: <code>hone drift … --json</code> has them all.</p>` : '';
  return `<section><h2>All columns</h2><div class="w"><table><tr><th>column<th>verdict<th>kind<th>PSI<th>limit<th>missing${rows.join('')}</table></div>${rest}</section>`;
}

function cut(text: string, length = longestText): string {
  return escapeHtml(text.length > length ? `${text.slice(0, length - 1)}…` : text);
}
