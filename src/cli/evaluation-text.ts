/** A stand-alone evaluation for a terminal of 80 columns. */
import { type MetricName, metricName } from '../config/model.ts';
import type { EvaluationReport, Interval, ModelFigures } from '../evaluation/contract.ts';
import type { FilesEvaluation } from '../evaluation/evaluate-files.ts';
import { sidesOf } from '../gate/cautions.ts';
import { customChange, customFigure } from '../gate/custom-rules.ts';
import { byHow, changedOutcomes, confidence, figure, rowsAndTime, versionName } from '../gate/wording.ts';
import { count, percent } from '../numbers.ts';
import { utc } from '../times.ts';
import { wrap } from './run-text.ts';
import { table } from './table.ts';

export function evaluationText({ data, seen, report }: FilesEvaluation): string {
  const { candidate, champion } = report.models;
  const who = versionName(candidate.version, 'version');
  const against = champion ? ` against ${versionName(champion.version, 'incumbent')}` : '';
  const unused = data.rows - report.rows;
  const title = [
    `${report.model}, ${who}${against}: judged ${rowsAndTime(report)}.`,
    unused > 0 ? `${count(unused)} rows were left out: without a mature label, or not clean.` : '',
    seen.rows > 0
      ? `${count(seen.rows)} of the judged rows are before ${utc(seen.until)}: a compared version may have been fitted or chosen on them, and its figures on them are too good. Leave them out with --clean-only.`
      : '',
    ...report.too_little.map((reason) => `Too little for a verdict: ${reason}.`),
  ];
  const parts = [wrap(title.filter(Boolean).join(' ')).join('\n'), figuresTable(report)];
  parts.push(
    calibrationLines(report)
      .flatMap((line) => wrap(line))
      .join('\n'),
  );
  const decisions = behaviourLine(report);
  if (decisions) parts.push(wrap(decisions).join('\n'));
  if (report.slices.length > 0) parts.push(sliceTable(report));
  return parts.filter(Boolean).join('\n\n');
}

function figuresTable({ models, baseline, improvement, level, custom = [] }: EvaluationReport): string {
  const metrics = metricName.options.filter((name) => models.candidate.metrics[name]);
  const other = models.champion;
  const over = improvement.over_champion ?? improvement.over_baseline;
  const rows = metrics.map((metric) => [
    metric,
    figure(metric, models.candidate.metrics[metric]?.estimate ?? null),
    bounds(metric, models.candidate.metrics[metric]),
    figure(metric, other ? (other.metrics[metric]?.estimate ?? null) : (baseline.metrics[metric] ?? null)),
    improvementCell(metric, over[metric]),
  ]);
  for (const { name, candidate, champion, improvement } of custom) {
    const own =
      candidate.lower === null ? 'none' : `${customFigure(candidate.lower)} to ${customFigure(candidate.upper)}`;
    const change = improvement ? customChange(improvement.estimate) : '-';
    rows.push([name, customFigure(candidate.estimate), own, champion ? customFigure(champion.estimate) : '-', change]);
  }
  const head = [
    'METRIC',
    versionTitle(models.candidate),
    `${confidence(level)} BOUNDS`,
    other ? versionTitle(other) : 'CONSTANT',
    'DIFFERENCE',
  ];
  return table(head, rows);
}

const versionTitle = ({ version }: ModelFigures): string => (version === null ? 'INCUMBENT' : `VERSION ${version}`);

const bounds = (metric: MetricName, found: Interval | undefined): string =>
  found?.lower == null ? 'none' : `${figure(metric, found.lower)} to ${figure(metric, found.upper)}`;

/** Whether the bounds leave it open who is better is said in words. */
function improvementCell(metric: MetricName, found: Interval | undefined): string {
  const open = found?.lower == null || found.upper == null || (found.lower <= 0 && found.upper >= 0);
  return `${byHow(metric, found?.estimate ?? null)}${open ? ' (open)' : ''}`;
}

function calibrationLines({ models, label_mean: mean }: EvaluationReport): string[] {
  return [models.candidate, models.champion].flatMap((model) => {
    if (!model || model.mean_prediction === null || mean === null) return [];
    const { recalibration } = model;
    const slope = recalibration?.slope.estimate;
    return [
      `${model.version === null ? 'The incumbent' : `Version ${model.version}`} says ${model.mean_prediction.toPrecision(3)} on average, the labels ${mean.toPrecision(3)}` +
        (slope == null ? '.' : `; calibration slope ${slope.toFixed(2)} (1 is perfect).`),
    ];
  });
}

function behaviourLine({ behaviour }: EvaluationReport): string {
  if (!behaviour) return '';
  const flips = behaviour.flips === null ? '' : `, ${percent(behaviour.flips)} of rows are decided differently`;
  const outcomes = behaviour.per_10000 ? `; decided at ${sidesOf(behaviour)}, ${changedOutcomes(behaviour)}` : '';
  return `Scores differ by PSI ${behaviour.score_psi.toFixed(3)}${flips}${outcomes}.`;
}

function sliceTable({ slices, primary, models }: EvaluationReport): string {
  const rows = slices.map(({ column, value, rows: size, not_judged: why, candidate, champion, difference }) => [
    `${column} ${value}`,
    count(size),
    why ?? figure(primary, candidate[primary] ?? null),
    ...(models.champion
      ? why
        ? ['', '']
        : [figure(primary, champion[primary] ?? null), improvementCell(primary, difference[primary])]
      : []),
  ]);
  const head = ['SLICE', 'ROWS', primary, ...(models.champion ? [versionTitle(models.champion), 'DIFFERENCE'] : [])];
  return table(head, rows, primary);
}
