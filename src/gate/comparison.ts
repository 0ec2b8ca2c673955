/** The comparison with the champion: the primary metric, guarded metrics, and the anchor against creeping downhill. */
import type { MetricName, ModelConfig } from '../config/model.ts';
import type { Margin } from '../config/values.ts';
import type { EvaluationReport, Interval, ModelFigures } from '../evaluation/contract.ts';
import { referenceCdf, referenceQuantile } from '../statistics/distributions.ts';
import { atLevel } from '../statistics/intervals.ts';
import type { GateReport, RuleResult } from './contract.ts';
import { EFFECTS } from './effects.ts';
import { byHow, confidence, figure, versionName } from './wording.ts';

/** What a comparison must show: not worse by the margin, or better than 0. */
export type Demand = 'non_inferior' | 'better';

/** A margin in the metric's unit; a relative one is a share of the other model's value. No margin means 0. */
export const marginOf = (margin: Margin | undefined, other: number | null): number =>
  !margin ? 0 : margin.kind === 'absolute' ? margin.value : margin.value * Math.abs(other ?? 0);

/**
 * Three-valued outcome of an improvement with bounds L and U and margin δ.
 * Non-inferior: pass L > −δ, fail U < −δ. Better: pass L > 0, fail U < 0. Otherwise, or without bounds, inconclusive.
 */
export function outcomeOf({ lower, upper }: Pick<Interval, 'lower' | 'upper'>, margin: number, demand: Demand) {
  if (lower === null || upper === null) return 'inconclusive';
  const line = demand === 'better' ? 0 : -margin;
  return lower > line ? 'pass' : upper < line ? 'fail' : 'inconclusive';
}

/** The primary rule, which blocks, and a guard for every other metric that has a margin. */
export function championRules(report: EvaluationReport, config: ModelConfig, level: number): RuleResult[] {
  const { champion: policy, primary } = config.gate;
  const others = (Object.keys(policy.margin) as MetricName[]).filter((name) => name !== primary);
  const champion = report.models.champion;
  const differences = report.improvement.over_champion;
  if (!champion || !differences) {
    return [
      missingRule(
        'primary',
        'primary',
        primary,
        'the champion was not scored on these rows, so nothing can be compared',
      ),
    ];
  }
  const rule = (kind: 'primary' | 'guard', metric: MetricName, demand: Demand): RuleResult =>
    compareRule({
      rule: kind === 'primary' ? 'primary' : `guard/${metric}`,
      kind,
      metric,
      improvement: differences[metric],
      candidate: report.models.candidate,
      other: champion,
      otherRole: champion.version === null ? 'incumbent' : 'champion',
      margin: marginOf(policy.margin[metric], champion.metrics[metric]?.estimate ?? null),
      demand,
      level,
    });
  return [
    rule('primary', primary, policy.promote_when),
    ...others.map((metric) => ({
      ...rule('guard', metric, 'non_inferior'),
      effect: EFFECTS[config.gate.effects.guards],
    })),
  ];
}

/**
 * A promotion that is not `better` must also stay within a multiple of the margin of the anchor, the last version that
 * was promoted as better: many small steps down are one large one.
 *
 * @param anchor the anchor's version where one is known; null skips the rule, as does an anchor that is the champion
 */
export function anchorRules(
  report: EvaluationReport,
  config: ModelConfig,
  level: number,
  anchor: number | null,
): RuleResult[] {
  const { champion: policy, primary } = config.gate;
  const figures = report.models.anchor;
  const improvement = report.improvement.over_anchor?.[primary];
  if (!figures || !improvement) {
    if (anchor === null || anchor === report.models.champion?.version) return [];
    return [missingRule('anchor', 'anchor', primary, `version ${anchor}, the anchor, was not scored on these rows`)];
  }
  const margin = policy.margin_to_anchor * marginOf(policy.margin[primary], figures.metrics[primary]?.estimate ?? null);
  return [
    compareRule({
      rule: 'anchor',
      kind: 'anchor',
      metric: primary,
      improvement,
      candidate: report.models.candidate,
      other: figures,
      otherRole: 'anchor',
      margin,
      demand: 'non_inferior',
      level,
    }),
  ];
}

interface Compared {
  readonly rule: string;
  readonly kind: 'primary' | 'guard' | 'anchor';
  readonly metric: MetricName;
  readonly improvement: Interval | undefined;
  readonly candidate: ModelFigures;
  readonly other: ModelFigures;
  readonly otherRole: string;
  readonly margin: number;
  readonly demand: Demand;
  readonly level: number;
}

function compareRule(compared: Compared): RuleResult {
  const { rule, kind, metric, candidate, other, otherRole, margin, demand, level } = compared;
  if (!compared.improvement) return missingRule(rule, kind, metric, `${metric} was not evaluated`);
  const improvement = atLevel(compared.improvement, level);
  const { estimate, lower, upper } = improvement;
  const limit = demand === 'better' ? 0 : -margin;
  const needed = demand === 'better' ? 'needed: better' : `allowed: ${byHow(metric, limit)}`;
  const bounds =
    lower === null
      ? `no bounds: ${improvement.reason}`
      : `one-sided ${confidence(level)} bounds: ${byHow(metric, lower)} to ${byHow(metric, upper)}`;
  const shown = (figures: ModelFigures) => figure(metric, figures.metrics[metric]?.estimate ?? null);
  return {
    rule,
    kind,
    effect: 'blocks',
    outcome: outcomeOf(improvement, margin, demand),
    metric,
    value: estimate,
    limit,
    lower,
    upper,
    sentence:
      `${metric} ${shown(candidate)} for ${versionName(candidate.version, 'candidate')} against ${shown(other)} ` +
      `for ${versionName(other.version, otherRole)}: ${byHow(metric, estimate)} (${bounds}; ${needed})`,
  };
}

const missingRule = (rule: string, kind: RuleResult['kind'], metric: MetricName, sentence: string): RuleResult => ({
  rule,
  kind,
  effect: 'blocks',
  outcome: 'inconclusive',
  metric,
  value: null,
  limit: null,
  lower: null,
  upper: null,
  sentence,
});

/** What so many blocks could tell apart, after a comparison on others: errors fall with the root of their number. */
export const detectableOn = (
  blocks: number,
  earlier: { readonly detectable: number; readonly blocks: number },
): number => earlier.detectable * Math.sqrt(earlier.blocks / blocks);

/** What these rows can tell apart on the primary metric, by the reference distribution of its interval. */
export function powerOf(report: EvaluationReport, config: ModelConfig, level: number): GateReport['power'] {
  const { primary, champion: policy } = config.gate;
  const improvement = report.improvement.over_champion?.[primary];
  if (!improvement || improvement.se === null || improvement.se === 0) return null;
  const { se, df } = improvement;
  const margin = marginOf(policy.margin[primary], report.models.champion?.metrics[primary]?.estimate ?? null);
  const quantile = referenceQuantile(1 - level, df);
  const line = policy.promote_when === 'better' ? 0 : margin;
  return {
    margin,
    equal_passes: referenceCdf(line / se - quantile, df),
    detectable: (quantile + referenceQuantile(0.8, df)) * se,
  };
}
