/** What the packet shows, in order of use to an approver; the renderers only differ in looks. */
import type { MetricName } from '../config/model.ts';
import type { EvaluationReport, Intervals } from '../evaluation/contract.ts';
import { behaviourSections, calibrationSections } from './behaviour-sections.ts';
import { sidesOf } from './cautions.ts';
import type { Packet, RuleResult } from './contract.ts';
import { customChange, customFigure } from './custom-rules.ts';
import { isDemanded, sliceName } from './demanded-slices.ts';
import { foundSentence } from './found-slices.ts';
import { searchSections } from './search-section.ts';
import {
  byHow,
  changedOutcomes,
  confidence,
  count,
  figure,
  POPULATION,
  percent,
  rowsAndTime,
  versionName,
} from './wording.ts';

export interface Section {
  readonly title: string;
  readonly lines: readonly string[];
  readonly table?: {
    readonly head: readonly string[];
    readonly rows: readonly (readonly string[])[];
    /** Index of a column that is a drawing in characters. */
    readonly drawn?: number;
  };
}

export function sections(packet: Packet): Section[] {
  return [
    recommendationSection(packet),
    { title: 'Why now', lines: [`${packet.why_now.trigger}: ${packet.why_now.reason}`, ...packet.why_now.evidence] },
    figuresSection(packet),
    ...calibrationSections(packet.evaluation),
    rulesSection(packet),
    sliceSection(packet.evaluation),
    ...groupSections(packet.evaluation),
    {
      title: 'Data',
      lines: [`Judged ${rowsAndTime(packet.evaluation)}.`, ...packet.data.findings.slice(0, 10)],
    },
    ...behaviourSections(packet.evaluation),
    ...searchSections(packet.search),
    {
      title: 'What changed',
      lines: packet.changed.slice(0, 20).map(({ what, from, to }) => `${what}: ${from} → ${to}`),
    },
    safetySection(packet),
    provenanceSection(packet),
    { title: 'Earlier decisions', lines: packet.earlier },
  ].filter(({ lines, table }: Section) => lines.length > 0 || (table && table.rows.length > 0));
}

function recommendationSection(packet: Packet): Section {
  const { approval } = packet;
  return {
    title: 'Recommendation',
    lines: [
      packet.recommendation,
      ...packet.reasons_against.map((reason) => `Against: ${reason}`),
      ...packet.reasons_for.map((reason) => `For: ${reason}`),
      packet.candidate.sentence,
      `${approval.approvers} approval${approval.approvers === 1 ? '' : 's'} needed from ${approval.from.join(', ')}, ${approval.deadline.startsWith('P') ? 'within' : 'by'} ${approval.deadline}; with no answer: ${approval.on_expiry}.`,
    ],
  };
}

function figuresSection(packet: Packet): Section {
  const { models, baseline, improvement } = packet.evaluation;
  const over = improvement.over_champion ?? improvement.over_baseline;
  const rows = (Object.keys(models.candidate.metrics) as MetricName[]).map((metric) => {
    const difference = over[metric];
    const other = models.champion ? models.champion.metrics[metric]?.estimate : baseline.metrics[metric];
    return [
      metric + (metric === packet.evaluation.primary ? ' (primary)' : ''),
      figure(metric, models.candidate.metrics[metric]?.estimate ?? null),
      figure(metric, other ?? null),
      byHow(metric, difference?.estimate ?? null),
      difference?.lower == null ? 'none' : `${byHow(metric, difference.lower)} to ${byHow(metric, difference.upper)}`,
    ];
  });
  rows.push(...customRows(packet.evaluation));
  const { behaviour } = packet.evaluation;
  const { power } = packet.gate;
  const primary = packet.evaluation.primary;
  const lines = [
    packet.evaluation.task === 'multiclass'
      ? classLine(packet.evaluation)
      : `Label mean ${share(packet.evaluation.label_mean)}; mean prediction ${share(models.candidate.mean_prediction)}` +
        (models.champion ? `, champion ${share(models.champion.mean_prediction)}.` : '.'),
  ];
  if (power) {
    lines.push(
      `These rows: an equally good candidate passes in ${percent(power.equal_passes)} of cases; a true improvement of ${figure(primary, power.detectable)} would be found in 8 of 10.`,
    );
  }
  if (behaviour) {
    const flips =
      behaviour.flips === null ? '' : `, ${percent(behaviour.flips)} of rows change sides of ${sidesOf(behaviour)}`;
    lines.push(`Scores against the champion: PSI ${behaviour.score_psi.toFixed(3)}${flips}.`);
    if (behaviour.per_10000)
      lines.push(`Decided at ${sidesOf(behaviour)}, ${changedOutcomes(behaviour)} than the champion.`);
  }
  const outside = models.champion?.version === null && packet.champion === null;
  const against = models.champion ? (outside ? 'incumbent' : 'champion') : 'constant';
  const { population } = packet.evaluation;
  return {
    title: population ? `Figures, ${POPULATION[population]}` : 'Figures',
    lines: [...lines, ...besideLines(packet.evaluation)],
    table: { head: ['metric', 'candidate', against, 'difference', '95 % bounds'], rows },
  };
}

/** Beside the champion: the constant prediction, the anchor, and what weighs the rows. */
function besideLines({ models, baseline, improvement, primary, task, weights, rows }: EvaluationReport): string[] {
  const metrics = [...new Set<MetricName>([primary, task === 'regression' ? 'root_mean_squared_error' : 'log_loss'])];
  const said = (of: (metric: MetricName) => number | null | undefined, over: Intervals | null) =>
    metrics.map((metric) => {
      const found = over?.[metric];
      const bounds =
        found?.lower == null
          ? ''
          : ` (${confidence(found.level)} bounds: ${byHow(metric, found.lower)} to ${byHow(metric, found.upper)})`;
      return `${metric} ${figure(metric, of(metric) ?? null)}, the candidate ${byHow(metric, found?.estimate ?? null)}${bounds}`;
    });
  const constant = said((metric) => baseline.metrics[metric], improvement.over_baseline);
  const anchor = models.anchor;
  return [
    ...(models.champion ? [`Always saying the same: ${constant.join('; ')}.`] : []),
    ...(anchor
      ? [
          `Anchor, ${versionName(anchor.version, 'anchor')}: ${said((metric) => anchor.metrics[metric]?.estimate, improvement.over_anchor).join('; ')}.`,
        ]
      : []),
    ...(weights
      ? [
          `Rows are weighed by ${[weights.business, ...(weights.propensity ? [`1 / ${weights.propensity}`] : [])].filter((name) => name !== null).join(' and ')}: ${count(rows)} rows say as much as ${count(Math.floor(weights.effective_rows))} of equal weight.`,
        ]
      : []),
  ];
}

/** At most ten; there is no constant to hold them against. */
function customRows({ custom = [] }: EvaluationReport): string[][] {
  return custom
    .slice(0, 10)
    .map(({ name, candidate, champion, improvement }) => [
      name,
      customFigure(candidate.estimate),
      champion ? customFigure(champion.estimate) : '-',
      improvement ? customChange(improvement.estimate) : '-',
      improvement?.lower == null ? 'none' : `${customChange(improvement.lower)} to ${customChange(improvement.upper)}`,
    ]);
}

/** At most ten classes, the most frequent first. */
function classLine({ classes = [], models, rows }: EvaluationReport): string {
  const known = classes.map(({ class: value, rows: size }, k) => {
    const says = models.candidate.by_class?.[k]?.mean_prediction ?? null;
    return {
      size,
      text: `${value}: ${percent(size / Math.max(rows, 1))}, predicted ${says === null ? '-' : percent(says)}`,
    };
  });
  const shown = known.toSorted((a, b) => b.size - a.size).slice(0, 10);
  const more = known.length > shown.length ? `; and ${known.length - shown.length} more` : '';
  return `Share of the labels by class: ${shown.map(({ text }) => text).join('; ')}${more}.`;
}

/** A caution is not a failure: it does not decide the verdict. */
const said = (rule: RuleResult): string =>
  rule.effect !== 'blocks' && rule.outcome === 'fail' ? 'CAUTION' : OUTCOME[rule.outcome];

const OUTCOME = { fail: 'FAILED', inconclusive: 'undecided', not_judged: 'not judged', pass: 'passed' } as const;

/** Failed and undecided rules come first: a person should not have to look for them. */
function rulesSection(packet: Packet): Section {
  const order = Object.keys(OUTCOME);
  const rules = packet.gate.rules.filter(
    (rule) => rule.kind !== 'slice' || rule.outcome !== 'pass' || isDemanded(rule),
  );
  const sorted = rules.toSorted((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome));
  const line = (rule: RuleResult) => `${said(rule)} ${rule.rule}: ${rule.sentence}`;
  return { title: 'Rules', lines: sorted.slice(0, 40).map(line) };
}

function sliceSection(report: EvaluationReport): Section {
  const own = report.slices.filter((slice) => slice.demanded === undefined);
  const judged = own.filter((slice) => slice.not_judged === null);
  const change = (slice: (typeof judged)[number]) => slice.difference[report.primary]?.estimate ?? 0;
  const worst = judged.toSorted((a, b) => change(a) - change(b)).slice(0, 5);
  const small = report.slices.filter((slice) => slice.not_judged !== null);
  const demanded = report.slices.filter((slice) => slice.demanded !== undefined && slice.not_judged === null);
  const rows = [...demanded, ...worst].map((slice) => [
    `${sliceName(slice)}${slice.demanded ? ' (asked for)' : slice.critical ? ' (critical)' : ''}`,
    count(slice.rows),
    figure(report.primary, slice.candidate[report.primary] ?? null),
    report.models.champion ? byHow(report.primary, slice.difference[report.primary]?.estimate ?? null) : 'no champion',
  ]);
  const notJudged =
    small.length === 0
      ? []
      : [`Not judged: ${small.map((slice) => `${sliceName(slice)} (${slice.not_judged})`).join('; ')}`];
  const lines = [...foundLines(report), ...notJudged];
  return { title: 'Slices', lines, table: { head: ['worst five', 'rows', report.primary, 'difference'], rows } };
}

function foundLines({ slice_search: search, level }: EvaluationReport): string[] {
  if (!search) return [];
  const found = search.found.map((slice) => foundSentence(slice, level));
  return [
    `${count(search.searched)} groups that nobody declared were searched; ${found.length} are shown to be worse.`,
    ...found,
  ];
}

/** Worded as differences: whether they are acceptable is for the people who decide. */
function groupSections({ groups = [] }: EvaluationReport): Section[] {
  if (groups.length === 0) return [];
  const share = (value: number | null | undefined) => (value == null ? 'undefined' : percent(value));
  const rows = groups.map(({ column, value, rows: size, rates, not_judged }) => [
    `${column} ${value}`,
    count(size),
    ...(rates
      ? (['selection_rate', 'true_positive_rate', 'false_positive_rate'] as const).map(
          (name) => `${share(rates.group[name])} / ${share(rates.others[name])}`,
        )
      : [`not judged: ${not_judged}`, '', '']),
  ]);
  const head = ['group / all others', 'rows', 'decided positive', 'positives caught', 'false alarms'];
  const lines = [
    'Differences between groups of protected columns, as measured. They do not say why, or what is right.',
  ];
  return [{ title: 'Groups', lines, table: { head, rows } }];
}

function safetySection(packet: Packet): Section {
  const { steps, bake, probation, on_worse, through } = packet.rollout;
  const canary = `Rollout in steps of ${steps.join(', ')} % of entities, each for at least ${bake}.`;
  const back =
    packet.rollback_to === null
      ? 'There is no version to roll back to.'
      : `Rollback leads to version ${packet.rollback_to}.`;
  return {
    title: 'Safety',
    lines: [
      ...(through ? [through.sentence] : []),
      ...(through && through.split !== true ? [] : [canary]),
      `Probation until labels of ${probation} have matured; when worse: ${on_worse.replaceAll('_', ' ')}.`,
      back,
    ],
  };
}

function provenanceSection(packet: Packet): Section {
  const { provenance, candidate, champion, data } = packet;
  const ref = ({ version, manifest }: { version: number; manifest: string }) =>
    `version ${version}, manifest ${manifest}`;
  return {
    title: 'Provenance',
    lines: [
      `Judged: ${ref(candidate.judged)}`,
      ...(candidate.served.version === candidate.judged.version ? [] : [`Served: ${ref(candidate.served)}`]),
      ...(champion ? [`Champion: ${ref(champion)}`] : []),
      `Run ${packet.run}, as of ${packet.as_of}, seed ${provenance.seed}`,
      `Data: raw ${data.raw ?? 'none'}; features ${data.features ?? 'none'}; definition ${data.definition ?? 'none'}`,
      `Configuration ${provenance.config}; policy ${provenance.policy}`,
      ...(provenance.in_force
        ? [
            `In force by now: configuration ${provenance.in_force.config}; policy ${provenance.in_force.policy}. This run keeps the one that it began with; only who decides follows the new one`,
          ]
        : []),
      `Code ${provenance.code.commit}${provenance.code.dirty ? ' with uncommitted changes' : ''}; trainer ${provenance.trainer.name} ${provenance.trainer.digest ?? ''}`.trim(),
    ],
  };
}

const share = (value: number | null): string => value?.toPrecision(3) ?? 'undefined';
