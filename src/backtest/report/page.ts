/** A backtest as one HTML file: the recommendation, a chart, and the tables behind it. No script, nothing from elsewhere. */
import { escapeHtml } from '../../drift/report/escape-html.ts';
import { STYLE } from '../../drift/report/style.ts';
import { count } from '../../numbers.ts';
import type { BacktestReport, PolicyResult } from '../contract.ts';
import { chartSvg, keySvg } from './chart-svg.ts';
import { figureText, withBounds } from './figures-text.ts';

const COLOURS = ['#5d6675', '#1d4ed8', '#c2410c', '#15803d', '#7e22ce', '#b91c1c', '#0e7490', '#a16207'];
const ON_DARK = ['#a0a9b8', '#7aa2ff', '#fb923c', '#6fce93', '#c79bff', '#ff8a7a', '#5fd0e6', '#e6c15a'];
const LINES = COLOURS.map((colour, i) => `.l${i}{--line-colour:${colour}}`).join('');
const DARK_LINES = ON_DARK.map((colour, i) => `.l${i}{--line-colour:${colour}}`).join('');
const OWN_STYLE = `${LINES}@media(prefers-color-scheme:dark){${DARK_LINES}}
svg path{fill:none;stroke:var(--line-colour);stroke-width:1.8}svg circle{fill:var(--line-colour)}
svg.k{display:inline-block;width:30px;height:8px;margin-right:.4rem}ul.key{list-style:none;padding:0;columns:3 12rem;font-size:.85rem}
tr.chosen{font-weight:600}main{display:block}ol,ul.limits{padding-left:1.2rem;font-size:.85rem;color:var(--soft)}`;

export function backtestPage(report: BacktestReport): string {
  const { model, policies, primary, recommendation, from, to, labelled } = report;
  const months = policies[0]?.months.map(({ month }) => month) ?? [];
  const lines = policies.map(({ name, months: own }) => ({
    name,
    values: own.map(({ metrics }) => metrics[primary]?.estimate ?? null),
  }));
  const time = `${from.slice(0, 10)} to ${to.slice(0, 10)}`;
  const label = `${primary} by month of ${policies.length} policies; the tables below have the numbers`;
  const keys = policies.map(({ name, about }, i) => `<li>${keySvg(i)}${text(name)}: ${text(about)}`);
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${text(`Backtest of ${model}, ${time}`)}</title><style>${STYLE}${OWN_STYLE}</style></head><body>`,
    `<header><h1>${text(recommendation.sentence)}</h1>`,
    `<p>${text(model)}, ${time}, ${count(labelled)} rows with a label; ${text(primary)}.</p></header>`,
    `<main><figure>${chartSvg(months, lines, label)}</figure><ul class="key">${keys.join('')}</ul>`,
    policyTable(report),
    monthTable(report, months),
    comparisonTable(report),
    '<section><h2>What this does not know</h2><ul class="limits">',
    report.limits.map((sentence) => `<li>${text(sentence)}`).join(''),
    '</ul></section></main><footer>Made by <code>hone backtest</code>. Intervals are 90 % (5 % each way).</footer></body></html>\n',
  ].join('');
}

function policyTable({ policies, primary, recommendation }: BacktestReport): string {
  const head = ['policy', 'pooled', 'mean month', 'worst month', 'trainings', 'promoted', 'rejected', 'undecided'];
  const more = ['people asked', 'false triggers', 'trainer CPU s'];
  const rows = policies.map((policy) => {
    const { triggered, judged, false: wrong } = policy.false_triggers;
    const worst = policy.worst_month[primary];
    const cells = [
      ...[withBounds(primary, policy.pooled[primary]), withBounds(primary, policy.mean_month[primary])],
      worst ? `${figureText(primary, worst.value)} (${worst.month})` : '–',
      ...[policy.trainings, policy.promotions, policy.rejections, policy.undecided, policy.people_asked].map(String),
      triggered === 0 ? '–' : `${wrong} of ${judged} judged`,
      policy.trainer_cpu_seconds.toFixed(1),
    ];
    const chosen = policy.name === recommendation.policy ? ' class="chosen"' : '';
    return `<tr${chosen}><th scope="row">${text(policy.name)}${cells.map((cell) => `<td>${text(cell)}`).join('')}`;
  });
  return section('Policies', [...head, ...more], rows);
}

function monthTable({ policies, primary }: BacktestReport, months: readonly string[]): string {
  const rows = months.map((month, i) => {
    const cells = policies.map((policy) => `<td>${text(withBounds(primary, policy.months[i]?.metrics[primary]))}`);
    return `<tr><th scope="row">${text(month)}${cells.join('')}`;
  });
  return section(`${primary} by month`, ['month', ...policies.map(({ name }: PolicyResult) => name)], rows);
}

function comparisonTable({ comparisons, primary }: BacktestReport): string {
  const rows = comparisons
    .filter(({ metric }) => metric === primary)
    .map(
      ({ policy, against, metric, improvement }) =>
        `<tr><th scope="row">${text(policy)}<td>${text(against)}<td>${text(withBounds(metric, improvement))}`,
    );
  return section(`Improvement in ${primary}, on the same rows and resampled weeks`, ['policy', 'over', 'by'], rows);
}

function section(title: string, head: readonly string[], rows: readonly string[]): string {
  const names = head.map((name) => `<th scope="col">${text(name)}`).join('');
  return `<section><h2>${text(title)}</h2><div class="w"><table><tr>${names}${rows.join('')}</table></div></section>`;
}

const text = escapeHtml;
