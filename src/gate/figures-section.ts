/** Part of the packet: every metric of the candidate beside champion, constant and anchor. */
import type { MetricName } from '../config/model.ts';
import type { EvaluationReport, Intervals } from '../evaluation/contract.ts';
import { count, percent } from '../numbers.ts';
import { sidesOf } from './cautions.ts';
import type { Packet } from './contract.ts';
import { customChange, customFigure } from './custom-rules.ts';
import type { Section } from './sections.ts';
import { byHow, changedOutcomes, confidence, figure, POPULATION, versionName } from './wording.ts';

export function figuresSection(packet: Packet): Section {
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

const share = (value: number | null): string => value?.toPrecision(3) ?? 'undefined';
