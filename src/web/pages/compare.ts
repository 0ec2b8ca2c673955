/** Two versions or runs side by side: how they did on the rows that judged them, and what went in. */
import { modelOfRun } from '../../client/run-id.ts';
import type { MetricName } from '../../config/model.ts';
import type { Interval } from '../../evaluation/contract.ts';
import { behaviourSections, calibrationSections } from '../../gate/behaviour-sections.ts';
import { compareRuns, type RunComparison } from '../../gate/compare-runs.ts';
import { groupSections } from '../../gate/group-sections.ts';
import type { Judgement } from '../../gate/read-judgements.ts';
import { byHow, confidence, figure, period } from '../../gate/wording.ts';
import { type ListedVersion, listVersions } from '../../registry/versions.ts';
import { PageRefused } from '../errors.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../layout.ts';
import { count } from '../parts/numbers.ts';
import { prose, shortDigest } from '../parts/prose.ts';
import { sectionOf } from '../parts/section.ts';
import { badge, table } from '../parts/table.ts';
import { utc } from '../parts/time.ts';
import type { Sources } from '../sources.ts';
import { compareSlicesSection } from './compare-slices.ts';

/** @throws PageRefused, RunNotJudged */
export async function comparePage(
  sources: Sources,
  model: string,
  { a, b }: { a?: string | undefined; b?: string | undefined },
): Promise<Page> {
  await sources.knownLedger(model);
  const versions = await listVersions(sources.store, model);
  const [newest, before] = versions.toReversed();
  const asked = a === undefined || b === undefined ? null : [a, b].map((text) => runOf(model, versions, text));
  const { comparison = null, paired = null } =
    asked === null
      ? {}
      : await compareRuns(
          sources.store,
          asked.map((run) => ({ model, run })),
        );
  return {
    title: `Compare versions of ${model}`,
    model,
    section: 'Compare',
    crumbs: [
      ['Models', '/'],
      [model, `/models/${model}`],
    ],
    sentence: prose(
      comparison === null
        ? 'Choose two versions; nothing is changed by looking.'
        : paired === null
          ? sameRun(comparison, a, b)
          : pairedSentence(paired),
    ),
    body: html`${form(model, versions, a ?? String(newest?.version ?? ''), b ?? String(before?.version ?? ''))}${paired && pairedSections(paired)}${comparison && sideBySide(model, comparison, [a, b], paired !== null)}`,
  };
}

function pairedSentence({ version, evaluation: { primary, improvement, models, rows } }: Judgement): string {
  const difference = improvement.over_champion?.[primary];
  const than = `than version ${models.champion?.version} on the same ${count(rows)} rows`;
  if (difference === undefined || difference.lower === null) return `Version ${version} was not told apart ${than}.`;
  const { estimate, lower, upper } = difference;
  return `Version ${version} is ${byHow(primary, estimate)} in ${primary} ${than} (bounds: ${byHow(primary, lower)} to ${byHow(primary, upper)}).`;
}

function pairedSections({ version, evaluation }: Judgement): Html {
  const { improvement, models, rows, blocks, level } = evaluation;
  const champion = models.champion?.version;
  const differences = Object.entries(improvement.over_champion ?? {}) as [MetricName, Interval][];
  return html`<section aria-labelledby="paired"><h2 id="paired">Row by row</h2>
<p>The gate scored both on the same ${count(rows)} rows in ${count(blocks.count)} blocks (${prose(blocks.unit)}): version ${version} against version ${champion}.</p>
${table({
  caption: `Version ${version} against version ${champion}, with one-sided ${confidence(level)} bounds`,
  head: ['Metric', 'Difference', 'Bounds'],
  rows: differences.map(([metric, { estimate, lower, upper }]) => [
    metric,
    byHow(metric, estimate),
    lower === null ? 'not known' : `${byHow(metric, lower)} to ${byHow(metric, upper)}`,
  ]),
})}</section>${[...calibrationSections(evaluation), ...groupSections(evaluation), ...behaviourSections(evaluation)].map(
    (section, i) => sectionOf(section, `paired-${i}`),
  )}`;
}

/** A refit was judged as its twin, so there is nothing to tell them apart by. */
function sameRun({ runs, sentence }: RunComparison, a: string | undefined, b: string | undefined): string {
  const [first, second] = runs;
  if (first === undefined || first.run !== second?.run) return sentence;
  return a === b
    ? 'This is one version; choose another beside it.'
    : `Versions ${a} and ${b} are of one run, ${first.run}: one was judged, the other is the same recipe fitted on all mature rows, so their figures are the same.`;
}

/** Of `7` or of a run's id. */
function runOf(model: string, versions: readonly ListedVersion[], text: string): string {
  if (/^[1-9]\d{0,8}$/.test(text)) {
    const found = versions.find(({ version }) => version === Number(text));
    if (found === undefined)
      throw new PageRefused(404, `${model} has no version ${text}. The page of the model lists them.`);
    if (found.run === null)
      throw new PageRefused(404, `Version ${text} was imported, so no gate of ours has figures of it.`);
    return found.run;
  }
  if (modelOfRun(text) !== model) throw new PageRefused(404, `${text.slice(0, 80)} is no run of ${model}.`);
  return text;
}

function form(model: string, versions: readonly ListedVersion[], a: string, b: string): Html {
  const choice = (name: string, label: string, chosen: string) =>
    html`<label>${label} <select name="${name}">${versions
      .toReversed()
      .slice(0, 200)
      .map(
        ({ version, status }) =>
          html`<option value="${version}"${String(version) === chosen && html` selected`}>${version} (${status})</option>`,
      )}</select></label>`;
  if (versions.length < 2)
    return html`<p class="empty">${model} has fewer than two versions. Each run that trains makes one.</p>`;
  return html`<form class="filter" method="get" action="/models/${model}/compare">${choice('a', 'This version', a)}${choice('b', 'with', b)} <button>Compare</button></form>`;
}

function sideBySide(
  model: string,
  { runs, differences, metrics, same_rows: same, slices }: RunComparison,
  asked: readonly (string | undefined)[],
  paired: boolean,
): Html {
  const named = runs.map(({ version }, i) => {
    const own = asked[i] ?? '';
    return /^\d+$/.test(own) && own !== String(version) ? `Version ${own}, judged as ${version}` : `Version ${version}`;
  });
  const head = ['Of', ...named];
  const short = (value: string | null) =>
    value === null ? '–' : /^[0-9a-f]{40,64}$/.test(value) ? shortDigest(value) : prose(value);
  return html`<section aria-labelledby="how"><h2 id="how">How they did</h2>
${!same && html`<p class="soft">Each on the rows of its own run, which differ: these figures do not tell the models apart by themselves${paired && '; those above do'}.</p>`}
${table({
  caption: 'Figures of the gate, with 95 % bounds',
  head: ['Metric', ...head.slice(1)],
  rows: metrics.map(({ metric, values }) => [
    metric,
    ...values.map((value) =>
      value === null
        ? '–'
        : `${figure(metric, value.estimate)}${value.lower === null ? '' : ` (${figure(metric, value.lower)} to ${figure(metric, value.upper)})`}`,
    ),
  ]),
})}</section>
${slices && compareSlicesSection(slices)}
<section aria-labelledby="about"><h2 id="about">About them</h2>${table({
    caption: 'Run, verdict and rows',
    head,
    rows: [
      ['Run', ...runs.map(({ run }) => html`<a href="/runs/${run}">${run}</a>`)],
      [
        'Version',
        ...runs.map(({ version }) => html`<a href="/models/${model}/versions/${version}">judged as ${version}</a>`),
      ],
      ['As of', ...runs.map((one) => utc(one.as_of))],
      ['Trigger', ...runs.map(({ trigger }) => trigger)],
      [
        'Verdict',
        ...runs.map(({ verdict }) => badge(verdict, verdict === 'pass' ? 'good' : verdict === 'fail' ? 'bad' : 'warn')),
      ],
      [
        'Judged on',
        ...runs.map(({ rows, window }) => `${count(rows)} rows${window === null ? '' : `, ${period(window)}`}`),
      ],
      ['Label mean', ...runs.map(({ label_mean: mean }) => (mean === null ? '–' : mean.toFixed(4)))],
    ],
  })}</section>
<section aria-labelledby="differs"><h2 id="differs">What went in and differs</h2>${table({
    caption: 'Only what is not the same in both',
    head,
    rows: differences.map(({ what, values }) => [what, ...values.map(short)]),
    empty: 'Nothing that went in differs.',
  })}</section>`;
}
