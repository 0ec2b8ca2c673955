/** Slices that lose: a critical one blocks when it is shown worse, the others do what `gate.effects.slices` says. */
import type { MetricName, ModelConfig } from '../config/model.ts';
import type { EvaluationReport, SliceFigures } from '../evaluation/contract.ts';
import { count } from '../numbers.ts';
import { atLevel, pBelow } from '../statistics/intervals.ts';
import { holm } from '../statistics/multiple-testing.ts';
import { marginOf } from './comparison.ts';
import type { RuleResult } from './contract.ts';
import { EFFECTS } from './effects.ts';
import { notJudged } from './not-judged.ts';
import { byHow, confidence, figure } from './wording.ts';

/**
 * One rule a judged slice and metric with a slice margin. A slice fails when "it is not worse by its margin" is
 * rejected, over all slices together by Holm; so many slices do not make false alarms. Undecided or too small critical
 * slices do not block, because small groups would then stop every promotion: a person decides.
 */
export function sliceRules(report: EvaluationReport, config: ModelConfig, level: number): RuleResult[] {
  const margins = config.gate.slices.margin;
  const slices = report.slices.filter(({ demanded }) => demanded === undefined);
  const tests = slices.flatMap((slice) =>
    (Object.keys(margins) as MetricName[]).flatMap((metric) => {
      const improvement = slice.difference[metric];
      if (!improvement) return [];
      const margin = marginOf(margins[metric], slice.champion[metric] ?? null);
      return [{ slice, metric, margin, improvement: atLevel(improvement, level), p: pBelow(improvement, -margin) }];
    }),
  );
  const adjusted = holm(tests.map(({ p }) => p ?? 1));
  const judged = tests.map(({ slice, metric, margin, improvement }, i): RuleResult => {
    const { estimate, lower, upper } = improvement;
    const failed = adjusted[i]! < level;
    const bounds =
      lower === null
        ? `no bounds: ${improvement.reason}`
        : `${confidence(level)} bounds: ${byHow(metric, lower)} to ${byHow(metric, upper)}`;
    return {
      rule: `slice/${slice.column}=${slice.value}/${metric}`,
      kind: 'slice',
      effect: slice.critical ? (failed ? 'blocks' : 'needs_person') : EFFECTS[config.gate.effects.slices],
      outcome: failed ? 'fail' : lower !== null && lower > -margin ? 'pass' : 'inconclusive',
      metric,
      value: estimate,
      limit: -margin,
      lower,
      upper,
      ...{ rows: slice.rows, blocks: improvement.blocks },
      sentence:
        `${slice.column} ${slice.value}: ${metric} ${figure(metric, slice.candidate[metric] ?? null)} against ` +
        `${figure(metric, slice.champion[metric] ?? null)}, ${byHow(metric, estimate)} on ${count(slice.rows)} rows ` +
        `(${bounds}; allowed: ${byHow(metric, -margin)})`,
    };
  });
  const critical = slices.filter((slice) => slice.critical && slice.not_judged !== null);
  return [...judged, ...critical.map(tooSmall)];
}

const tooSmall = ({ column, value, rows, not_judged: why }: SliceFigures): RuleResult => ({
  ...notJudged({ kind: 'slice', rule: `slice/${column}=${value}`, sentence: `${column} ${value}: not judged, ${why}` }),
  rows,
});
