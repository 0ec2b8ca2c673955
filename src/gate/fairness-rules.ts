/** Declared limits on how decisions may differ between groups. Worded as differences, never as fairness. */
import type { ModelConfig } from '../config/model.ts';
import type { EvaluationReport, GroupFigures, Interval } from '../evaluation/contract.ts';
import { MEASURES } from '../evaluation/fairness.ts';
import { count, percent } from '../numbers.ts';
import { atLevel, pBelow } from '../statistics/intervals.ts';
import { holm } from '../statistics/multiple-testing.ts';
import type { RuleResult } from './contract.ts';
import { EFFECTS } from './effects.ts';
import { notJudged } from './not-judged.ts';
import { confidence } from './wording.ts';

type Measure = (typeof MEASURES)[number];

/**
 * One rule a judged group and limit. A group fails when "it lies within the limit" is rejected, over all groups and
 * limits together by Holm. A failed rule does what `on_breach` says; about groups that are undecided or too small a
 * person decides.
 */
export function fairnessRules(report: EvaluationReport, config: ModelConfig, level: number): RuleResult[] {
  const { fairness } = config.gate;
  if (fairness === 'none') return [];
  const groups = report.groups ?? [];
  const tests = groups.flatMap((group) =>
    MEASURES.flatMap((measure) => {
      const limit = fairness.limits[measure];
      const found = group.measures?.[measure];
      if (limit === undefined || !found) return [];
      const allowed = measure === 'selection_rate_ratio' ? -Math.log(limit) : limit;
      return [{ group, measure, limit, allowed, found: atLevel(found, level), p: pBeyond(found, allowed) }];
    }),
  );
  const adjusted = holm(tests.map(({ p }) => p ?? 1));
  const judged = tests.map(({ group, measure, limit, allowed, found }, i): RuleResult => {
    const failed = adjusted[i]! < level;
    const within = found.lower !== null && found.lower > -allowed && (found.upper ?? allowed) < allowed;
    const shown = (value: number | null) =>
      value === null || measure !== 'selection_rate_ratio' ? value : Math.exp(value);
    return {
      rule: `fairness/${group.column}=${group.value}/${measure}`,
      kind: 'fairness',
      effect: failed ? EFFECTS[fairness.on_breach] : 'needs_person',
      outcome: failed ? 'fail' : within ? 'pass' : 'inconclusive',
      metric: null,
      value: shown(found.estimate),
      limit,
      lower: shown(found.lower),
      upper: shown(found.upper),
      ...{ rows: group.rows, blocks: found.blocks },
      sentence: sentenceOf(group, measure, limit, found, level),
    };
  });
  return [...judged, ...groups.filter((group) => group.not_judged !== null).map(tooSmall)];
}

/** p-value of "the truth lies within ±allowed", against the side on which the estimate lies. */
function pBeyond(found: Interval, allowed: number): number | null {
  const { estimate } = found;
  if (estimate === null) return null;
  return pBelow({ ...found, estimate: -Math.abs(estimate) }, -allowed);
}

function sentenceOf(group: GroupFigures, measure: Measure, limit: number, found: Interval, level: number): string {
  const name = `${group.column} ${group.value}`;
  const rows = `${count(group.rows)} rows`;
  const bounds = (say: (value: number) => string) =>
    found.lower === null || found.upper === null
      ? `no bounds: ${found.reason}`
      : `${confidence(level)} bounds ${say(found.lower)} to ${say(found.upper)}`;
  if (found.estimate === null) return `${name}: ${measure} is undefined on its ${rows}`;
  if (measure === 'selection_rate_ratio') {
    const ratio = (value: number) => Math.exp(value).toFixed(2);
    return (
      `${name}: decided as positive ${ratio(found.estimate)} times as often as the others on ${rows} ` +
      `(${bounds(ratio)}; allowed: ${limit} to ${(1 / limit).toFixed(2)})`
    );
  }
  const points = (value: number) => `${value > 0 ? '+' : ''}${percent(value)}`;
  return `${name}: ${WORDS[measure]} ${points(found.estimate)} against the others on ${rows} (${bounds(points)}; allowed: ±${percent(limit)})`;
}

const WORDS: Record<Exclude<Measure, 'selection_rate_ratio'>, string> = {
  true_positive_rate_gap: 'share of positives caught',
  false_positive_rate_gap: 'share of negatives decided as positive',
  calibration_gap: 'mean score minus label rate',
};

const tooSmall = ({ column, value, rows, not_judged: why }: GroupFigures): RuleResult => ({
  ...notJudged({
    kind: 'fairness',
    rule: `fairness/${column}=${value}`,
    sentence: `${column} ${value}: not judged, ${why}`,
  }),
  rows,
});
