/** Which retraining policy would have done best on the past: reports that `hone backtest --keep` left for the pages. */
import type { BacktestReport, PolicyResult } from '../../backtest/contract.ts';
import { keptIds, keptReport } from '../../backtest/kept.ts';
import { chartSvg, keySvg } from '../../backtest/report/chart-svg.ts';
import { figureText, withBounds } from '../../backtest/report/figures-text.ts';
import { PageRefused } from '../errors.ts';
import { type Html, html, trusted } from '../html.ts';
import type { Page } from '../layout.ts';
import { count } from '../parts/numbers.ts';
import { badge, details, table } from '../parts/table.ts';
import type { Sources } from '../sources.ts';

const LISTED = 30;

/** @param asked the report to show; the newest where none is named */
export async function backtestPage(sources: Sources, model: string, asked: string | undefined): Promise<Page> {
  await sources.knownLedger(model);
  const ids = await keptIds(sources.store, model);
  const id = asked ?? ids[0];
  const page = {
    title: `Backtest of ${model}`,
    model,
    section: 'Backtest',
    crumbs: [
      ['Models', '/'],
      [model, `/models/${model}`],
    ],
  } as const;
  if (id === undefined)
    return {
      ...page,
      sentence: `No backtest of ${model} was kept yet, so which retraining policy suits it is not known.`,
      body: html`<p>Try policies on the past: <code>hone backtest ${model} --from &lt;time&gt; --to &lt;time&gt; --keep</code>. It trains models and changes nothing.</p>`,
    };
  const report = await keptReport(sources.store, model, id);
  if (report === undefined) throw new PageRefused(404, `No backtest ${id.slice(0, 40)} of ${model} is kept.`);
  return {
    ...page,
    sentence: report.recommendation.sentence,
    body: html`<p>${report.from.slice(0, 10)} to ${report.to.slice(0, 10)}, ${count(report.labelled)} rows with a label. Chosen on the rows until ${report.recommendation.chosen_on.to.slice(0, 10)}, reported on those after.</p>
${monthsSection(report)}
${policiesSection(report)}
${comparisonsSection(report)}
<section aria-labelledby="limits"><h2 id="limits">What this does not know</h2><ul class="lines">${report.limits.map((limit) => html`<li>${limit}</li>`)}</ul></section>
${others(model, id, ids)}`,
  };
}

function monthsSection({ policies, primary }: BacktestReport): Html {
  const months = policies[0]?.months.map(({ month }) => month) ?? [];
  const lines = policies.map(({ name, months: own }) => ({
    name,
    values: own.map(({ metrics }) => metrics[primary]?.estimate ?? null),
  }));
  const label = `${primary} by month of ${policies.length} policies; the table below has the numbers`;
  const bounds = (policy: PolicyResult, i: number) => withBounds(primary, policy.months[i]?.metrics[primary]);
  return html`<section aria-labelledby="months"><h2 id="months">By month</h2><figure class="chart policies"><figcaption>${primary} <span class="soft">(by month)</span></figcaption>
${trusted(chartSvg(months, lines, label))}<ul class="key-list">${policies.map(({ name, about }, i) => html`<li>${trusted(keySvg(i))} ${name}: ${about}</li>`)}</ul>
${details(
  'The numbers',
  table({
    caption: `${primary} by month, with 90 % intervals`,
    head: ['Month', ...policies.map(({ name }) => name)],
    rows: months.map((month, i) => [month, ...policies.map((policy) => bounds(policy, i))]),
  }),
)}</figure></section>`;
}

function policiesSection({ policies, primary, recommendation }: BacktestReport): Html {
  return html`<section aria-labelledby="policies"><h2 id="policies">Policies</h2>${table({
    caption: `${policies.length} replayed, over the whole time`,
    head: ['Policy', primary, 'Worst month', 'Trainings', 'Promoted', 'Rejected', 'Undecided', 'People asked'],
    rows: policies.map((policy) => {
      const worst = policy.worst_month[primary];
      return [
        html`${policy.name} ${policy.name === recommendation.policy && badge('recommended', 'good')}`,
        withBounds(primary, policy.pooled[primary]),
        worst === undefined ? '–' : `${figureText(primary, worst.value)} (${worst.month})`,
        ...[policy.trainings, policy.promotions, policy.rejections, policy.undecided, policy.people_asked].map(count),
      ];
    }),
    numeric: [3, 4, 5, 6, 7],
  })}</section>`;
}

function comparisonsSection({ comparisons, primary }: BacktestReport): Html {
  return html`<section aria-labelledby="pairs"><h2 id="pairs">In pairs</h2>${table({
    caption: `Improvement in ${primary} on the same rows and resampled weeks; above 0 the first is better`,
    head: ['Policy', 'Over', 'By'],
    rows: comparisons
      .filter(({ metric }) => metric === primary)
      .map(({ policy, against, metric, improvement }) => [policy, against, withBounds(metric, improvement)]),
    empty: 'One policy alone was replayed, so nothing is compared.',
  })}</section>`;
}

function others(model: string, id: string, ids: readonly string[]): Html | null {
  if (ids.length < 2) return null;
  const link = (one: string) =>
    html`<li>${one === id ? one : html`<a href="/models/${model}/backtest?id=${one}">${one}</a>`}</li>`;
  return html`<section aria-labelledby="kept"><h2 id="kept">Kept reports</h2><ul class="lines">${ids.slice(0, LISTED).map(link)}</ul></section>`;
}
