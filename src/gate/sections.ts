/** What the packet shows, in order of use to an approver; the renderers only differ in looks. */
import type { EvaluationReport } from '../evaluation/contract.ts';
import { count } from '../numbers.ts';
import { behaviourSections, calibrationSections } from './behaviour-sections.ts';
import type { Packet, RuleResult } from './contract.ts';
import { isDemanded, sliceName } from './demanded-slices.ts';
import { figuresSection } from './figures-section.ts';
import { foundSentence } from './found-slices.ts';
import { groupSections } from './group-sections.ts';
import { searchSections } from './search-section.ts';
import { thresholdSections } from './threshold-section.ts';
import { byHow, figure, rowsAndTime } from './wording.ts';

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
    { title: 'Why now', lines: whyNow(packet) },
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
    ...thresholdSections(packet.evaluation),
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

function safetySection(packet: Packet): Section {
  const { steps, bake, shadow, probation, on_worse, through } = packet.rollout;
  const canary =
    packet.champion === null
      ? `It takes all traffic at once, because nothing else could answer for the rest, and is watched for at least ${bake}.`
      : `Rollout in steps of ${steps.join(', ')} % of entities, each for at least ${bake}.`;
  const back =
    packet.rollback_to === null
      ? 'There is no version to roll back to.'
      : `Rollback leads to version ${packet.rollback_to}.`;
  return {
    title: 'Safety',
    lines: [
      ...(through ? [through.sentence] : []),
      ...(shadow ? [`First it scores live requests as a shadow for at least ${shadow} and answers nobody.`] : []),
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

/** Each reason once: those with a name behind them say what the trigger says. */
function whyNow({ why_now: { trigger, reason, evidence } }: Packet): string[] {
  const said = evidence.some((line) => line.startsWith(trigger) && line.endsWith(reason));
  return said ? [...evidence] : [`${trigger}: ${reason}`, ...evidence];
}
