/** Runs side by side: what went in, what differed, and how their candidates did on the rows that judged them. */
import type { MetricName } from '../config/model.ts';
import type { Interval } from '../evaluation/contract.ts';
import { METRICS } from '../evaluation/metrics.ts';
import { count } from '../numbers.ts';
import type { VersionManifest } from '../registry/contract.ts';
import { listVersions, readVersion } from '../registry/versions.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { ModelSearch } from '../training/search/contract.ts';
import { compareSlices, type SliceComparison } from './compare-slices.ts';
import type { Verdict } from './contract.ts';
import { RunNotJudged } from './errors.ts';
import { type Judgement, judgementsOfRun } from './read-judgements.ts';
import { period } from './wording.ts';

export interface ComparedRun {
  readonly run: string;
  readonly version: number;
  readonly as_of: string;
  readonly trigger: string;
  readonly verdict: Verdict;
  /** Rows that judged it. */
  readonly rows: number;
  readonly window: { readonly from: string; readonly to: string } | null;
  readonly label_mean: number | null;
  /** The trials that its candidate was chosen among; null without a search. */
  readonly search: ModelSearch | null;
}

export interface RunComparison {
  readonly runs: readonly ComparedRun[];
  /** One line a thing that is not the same in all; `values` in the order of `runs`, null where a run has none. */
  readonly differences: readonly { readonly what: string; readonly values: readonly (string | null)[] }[];
  readonly metrics: readonly { readonly metric: MetricName; readonly values: readonly (Interval | null)[] }[];
  /** Whether every candidate was judged on rows of the same time: only then do metrics compare models. */
  readonly same_rows: boolean;
  /** Of two runs of one model; null for more, for a run and itself, and for runs of several models. */
  readonly slices: SliceComparison | null;
  readonly sentence: string;
}

/**
 * The last look at the judged version of each run.
 *
 * @returns `paired`: the judgement of one of two runs in which the other's version was the champion, so that both scored
 *   the same rows; null where there is none
 * @throws RunNotJudged for a run whose candidate the gate never saw
 */
export async function compareRuns(
  store: ObjectStore,
  asked: readonly { readonly model: string; readonly run: string }[],
): Promise<{ readonly comparison: RunComparison; readonly paired: Judgement | null }> {
  const found: FoundRun[] = [];
  for (const { model, run } of asked) found.push(await readRun(store, model, run));
  const runs = found.map(({ compared }) => compared);
  const spans = new Set(runs.map(({ window }) => JSON.stringify(window)));
  const names = (Object.keys(METRICS) as MetricName[]).filter((name) => found.some(({ metrics }) => metrics[name]));
  const [first, second, ...more] = found;
  const two = first && second && more.length === 0 && isOther(first, second) ? ([first, second] as const) : null;
  const paired = two && pairedOf(two);
  const comparison = {
    runs,
    differences: differencesOf(found.map(({ facts }) => facts)),
    metrics: names.map((metric) => ({ metric, values: found.map(({ metrics }) => metrics[metric] ?? null) })),
    same_rows: spans.size === 1,
    slices: two && compareSlices([two[0].judgement, two[1].judgement], paired),
    sentence: sentenceOf(runs, spans.size === 1),
  };
  return { comparison, paired };
}

type FoundRun = Awaited<ReturnType<typeof readRun>>;

function isOther(one: FoundRun, two: FoundRun): boolean {
  return one.model === two.model && one.compared.run !== two.compared.run;
}

function pairedOf(two: readonly [FoundRun, FoundRun]): Judgement | null {
  const [one, other] = two;
  const judgedAgainst = (judged: FoundRun, { versions }: FoundRun) =>
    versions.some(({ version }) => version === judged.judgement.evaluation.models.champion?.version);
  if (judgedAgainst(one, other)) return one.judgement;
  return judgedAgainst(other, one) ? other.judgement : null;
}

async function readRun(store: ObjectStore, model: string, run: string) {
  const judgement = (await judgementsOfRun(store, model, run)).at(-1);
  if (!judgement) throw new RunNotJudged(run);
  const manifest = await readVersion(store, model, judgement.version);
  const versions = (await listVersions(store, model)).filter((one) => one.run === run);
  const refit = versions.find(({ version }) => version !== judgement.version);
  const { evaluation, report } = judgement;
  return {
    ...{ model, versions, judgement },
    compared: {
      run,
      version: judgement.version,
      as_of: manifest.as_of,
      trigger: manifest.trigger,
      verdict: report.verdict,
      rows: evaluation.rows,
      window: evaluation.window,
      label_mean: evaluation.label_mean,
      search: manifest.search ?? null,
    } satisfies ComparedRun,
    metrics: evaluation.models.candidate.metrics,
    facts: factsOf(manifest, refit?.version ?? null),
  };
}

function factsOf(manifest: VersionManifest, refit: number | null): Map<string, string> {
  const { geometry, data, signature, trainer, code } = manifest;
  const facts: [string, string | null | undefined][] = [
    ['model', manifest.model],
    ['served version', String(refit ?? manifest.version)],
    ['commit', code.dirty ? `${code.commit} with changes` : code.commit],
    ['config', manifest.config],
    ['raw data', data?.raw],
    ['feature definition', data?.definition],
    ['train from', geometry?.train.from],
    ['train to', geometry?.train.to],
    ['numeric features', signature.numeric.join(', ')],
    ['categories', signature.categorical.join(', ')],
    ['trainer', `${trainer.name} ${trainer.digest?.slice(0, 12) ?? ''}`.trim()],
    ['seed', String(manifest.seed)],
    [
      'chosen among',
      manifest.search ? `${manifest.search.trials.length} trials: ${manifest.search.chosen}` : 'no trials',
    ],
    ...Object.entries(manifest.params).map(([name, value]): [string, string] => [`parameter ${name}`, String(value)]),
    ...Object.entries(manifest.environment).map(([name, value]): [string, string] => [`package ${name}`, value]),
  ];
  return new Map(facts.filter((fact): fact is [string, string] => typeof fact[1] === 'string'));
}

function differencesOf(facts: readonly ReadonlyMap<string, string>[]): RunComparison['differences'] {
  const names = [...new Set(facts.flatMap((one) => [...one.keys()]))];
  return names.flatMap((what) => {
    const values = facts.map((one) => one.get(what) ?? null);
    return new Set(values).size > 1 ? [{ what, values }] : [];
  });
}

function sentenceOf(runs: readonly ComparedRun[], sameRows: boolean): string {
  const [first] = runs;
  if (sameRows && first) {
    const when = first.window ? `, ${period(first.window)}` : '';
    return `All were judged on the same ${count(first.rows)} rows${when}.`;
  }
  return 'They were judged on rows of different times, so a difference of a metric is one of rows and model together.';
}
