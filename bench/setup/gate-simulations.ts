/** The gate on made-up holdouts: its bounds and verdicts, counted over many draws. */
import { fileURLToPath } from 'node:url';
import { loadWorkspace, modelOf } from '../../src/config/load.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { evaluate } from '../../src/evaluation/evaluate.ts';
import { METRICS } from '../../src/evaluation/metrics.ts';
import { outcomeOf } from '../../src/gate/comparison.ts';
import type { Verdict } from '../../src/gate/contract.ts';
import { judge } from '../../src/gate/judge.ts';
import type { Interval } from '../../src/statistics/contract.ts';
import { blockIntervals } from '../../src/statistics/intervals.ts';
import { randomStream } from '../../src/statistics/random.ts';
import { drawHoldout, type Flaw, type Holdout, type Setting } from './simulated-holdouts.ts';

const RESAMPLES = 400;

/** Improvement in AUC with the gate's bounds: by day, or with rows taken as independent. */
export function improvement(
  { rows, day, days }: Holdout,
  candidate: Float64Array,
  other: Float64Array,
  seed: number,
  asIndependent = false,
): Interval {
  const [block, blocks] = asIndependent ? [Int32Array.from(day.keys()), day.length] : [day, days];
  const statistic = (scores: Float64Array) => METRICS.roc_auc.prepare({ labels: rows.label, scores, block, blocks });
  const [own, theirs] = [statistic(candidate), statistic(other)];
  const options = { resamples: RESAMPLES, seed, level: 0.05, minBlocks: 6 };
  return blockIntervals((weights) => [own(weights) - theirs(weights)], blocks, options)[0]!;
}

/** Intervals of a candidate with a flaw against a usual champion, one a draw. */
export function intervals(draws: number, setting: Setting, flaw: Flaw, asIndependent = false): Interval[] {
  return Array.from({ length: draws }, (_, draw) => {
    const holdout = drawHoldout(randomStream(1000 * setting.days + draw), setting);
    return improvement(holdout, holdout.scores(flaw), holdout.scores(), draw, asIndependent);
  });
}

/** Shares of the three outcomes at a margin. */
export function outcomes(found: readonly Interval[], margin: number): Record<Verdict, number> {
  const share = (verdict: Verdict) =>
    found.filter((interval) => outcomeOf(interval, margin, 'non_inferior') === verdict).length / found.length;
  return { pass: share('pass'), inconclusive: share('inconclusive'), fail: share('fail') };
}

export interface Descent {
  readonly promoted: number;
  /** True AUC that was lost from the first champion to the last. */
  readonly lost: number;
}

/**
 * Candidates that are each truly worse than the champion of their time by the same step, on a fresh holdout each.
 *
 * @param noiseOf the noise of a model that is so many steps worse than the first
 * @param anchored whether a promotion that is not better must also stay within twice the margin of the anchor
 */
export function descend(
  run: { readonly candidates: number; readonly margin: number; readonly step: number; readonly seed: number },
  setting: Setting,
  noiseOf: (steps: number) => number,
  anchored: boolean,
): Descent {
  const random = randomStream(run.seed);
  let [champion, anchor, promoted] = [0, 0, 0];
  for (let attempt = 0; attempt < run.candidates; attempt++) {
    const holdout = drawHoldout(random, setting);
    const score = (steps: number) => holdout.scores({ noise: noiseOf(steps) });
    const candidate = score(champion + 1);
    const over = improvement(holdout, candidate, score(champion), attempt);
    if (outcomeOf(over, run.margin, 'non_inferior') !== 'pass') continue;
    const better = (over.lower ?? 0) > 0;
    if (!better && anchored && anchor !== champion) {
      const overAnchor = improvement(holdout, candidate, score(anchor), attempt);
      if (outcomeOf(overAnchor, 2 * run.margin, 'non_inferior') !== 'pass') continue;
    }
    champion += 1;
    promoted += 1;
    if (better) anchor = champion;
  }
  return { promoted, lost: champion * run.step };
}

/** The shipped flights gate, with a guard on probabilities, a critical slice and limits between two regions. */
export async function strictGate(): Promise<ModelConfig> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const { config } = modelOf(await loadWorkspace(root), 'flights-delay');
  const absolute = (value: number) => ({ kind: 'absolute', value }) as const;
  return {
    ...config,
    gate: {
      ...config.gate,
      decision: { ...config.gate.decision, threshold: 0.3 },
      uncertainty: { ...config.gate.uncertainty, resamples: RESAMPLES },
      champion: {
        ...config.gate.champion,
        margin: { roc_auc: absolute(0.01), log_loss: { kind: 'relative', value: 0.01 } },
      },
      floors: {},
      slices: { ...config.gate.slices, columns: ['origin'], critical: ['origin'], margin: { roc_auc: absolute(0.03) } },
      fairness: { protected: ['region'], limits: { selection_rate_ratio: 0.8 }, on_breach: 'block' },
    },
  };
}

/** Verdicts of the whole gate on a candidate with a flaw, and how often a rule whose name begins so failed. */
export function verdicts(draws: number, config: ModelConfig, setting: Setting, flaw: Flaw, rule: string) {
  let [failed, passed, named] = [0, 0, 0];
  for (let draw = 0; draw < draws; draw++) {
    const { rows, scores } = drawHoldout(randomStream(5000 + draw), setting);
    const versions = { candidateVersion: 7, championVersion: 6 };
    const models = { candidate: scores(flaw), champion: scores() };
    const report = evaluate({ config, rows, scores: models, ...versions, baselineRate: 0.27, seed: draw });
    const { verdict, rules } = judge(report, config, { first: false, trigger: 'schedule' });
    if (verdict === 'fail') failed++;
    if (verdict === 'pass') passed++;
    if (rules.some((one) => one.rule.startsWith(rule) && one.outcome === 'fail')) named++;
  }
  return { failed: failed / draws, passed: passed / draws, named: named / draws };
}
