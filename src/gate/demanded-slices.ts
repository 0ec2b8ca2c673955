/** Rows that a reason of the run named: they are judged, or the gate stays undecided; and a person approves. */
import type { MetricName, ModelConfig } from '../config/model.ts';
import type { EvaluationReport, SliceFigures } from '../evaluation/contract.ts';
import { count } from '../numbers.ts';
import { atLevel } from '../statistics/intervals.ts';
import { marginOf, outcomeOf } from './comparison.ts';
import type { RuleResult } from './contract.ts';
import { byHow, confidence, figure } from './wording.ts';

/** Why the run was started, in the words of whoever named the rows. */
export interface DemandedBy {
  readonly by: string;
  readonly reason: string;
}

const PREFIX = 'demanded/';

export const isDemanded = ({ rule }: Pick<RuleResult, 'rule'>): boolean => rule.startsWith(PREFIX);

/** `origin LGA since 2013-04-01`. */
export function sliceName({ column, value, demanded }: SliceFigures): string {
  const since = demanded?.since ? ` since ${demanded.since.slice(0, 10)}` : '';
  return `${value === '' ? column : `${column} ${value}`}${since}`;
}

/**
 * Held against the champion by the margins of slices, or else by that of the primary metric. Too few rows leave the
 * verdict open, however good the rest is; enough rows that do not decide are for the person, who has to look anyway.
 */
export function demandedRules(report: EvaluationReport, config: ModelConfig, level: number): RuleResult[] {
  return report.slices
    .filter(({ demanded }) => demanded !== undefined)
    .flatMap((slice) => {
      if (slice.not_judged !== null) return [tooFew(slice)];
      const metrics = Object.keys(config.gate.slices.margin) as MetricName[];
      const judged = (metrics.length > 0 ? metrics : [report.primary]).flatMap((metric) =>
        against(slice, metric, config, level),
      );
      return judged.length > 0 ? judged : [alone(slice, report.primary)];
    });
}

export function demandReasons(demands: readonly DemandedBy[]): string[] {
  return demands.map(({ by, reason }) => `Asked for by ${by}, which a person has to approve: ${reason}.`);
}

function against(slice: SliceFigures, metric: MetricName, config: ModelConfig, level: number): RuleResult[] {
  const found = slice.difference[metric];
  if (!found) return [];
  const { slices, champion } = config.gate;
  const margin = marginOf(slices.margin[metric] ?? champion.margin[metric], slice.champion[metric] ?? null);
  const improvement = atLevel(found, level);
  const { estimate, lower, upper } = improvement;
  const outcome = outcomeOf(improvement, margin, 'non_inferior');
  const bounds =
    lower === null
      ? `no bounds: ${improvement.reason}`
      : `${confidence(level)} bounds: ${byHow(metric, lower)} to ${byHow(metric, upper)}`;
  return [
    {
      rule: ruleName(slice, metric),
      kind: 'slice',
      effect: outcome === 'inconclusive' ? 'needs_person' : 'blocks',
      outcome,
      metric,
      value: estimate,
      limit: -margin,
      lower,
      upper,
      ...{ rows: slice.rows, blocks: found.blocks },
      sentence:
        `${sliceName(slice)}: ${metric} ${figure(metric, slice.candidate[metric] ?? null)} against ` +
        `${figure(metric, slice.champion[metric] ?? null)}, ${byHow(metric, estimate)} on ${count(slice.rows)} rows ` +
        `(${bounds}; allowed: ${byHow(metric, -margin)})`,
    },
  ];
}

/** Without a champion there is nothing to hold it against; the figure is shown. */
function alone(slice: SliceFigures, metric: MetricName): RuleResult {
  const value = slice.candidate[metric] ?? null;
  const sentence = `${sliceName(slice)}: ${metric} ${figure(metric, value)} on ${count(slice.rows)} rows, and no champion to compare with`;
  return {
    ...bare(ruleName(slice, metric), sentence),
    effect: 'needs_person',
    outcome: 'pass',
    metric,
    value,
    rows: slice.rows,
  };
}

function tooFew(slice: SliceFigures): RuleResult {
  const sentence = `${sliceName(slice)} has to be judged and was not: ${slice.not_judged}`;
  return {
    ...bare(ruleName(slice), sentence),
    effect: 'blocks',
    outcome: 'inconclusive',
    value: slice.rows,
    rows: slice.rows,
  };
}

function ruleName({ column, value }: SliceFigures, metric?: MetricName): string {
  return [`${PREFIX}${value === '' ? column : `${column}=${value}`}`, ...(metric ? [metric] : [])].join('/');
}

function bare(rule: string, sentence: string) {
  return { rule, kind: 'slice' as const, metric: null, value: null, limit: null, lower: null, upper: null, sentence };
}
