import { expect, test } from 'vitest';
import { compareByWeek, improvementByDay, type ScoredPast } from '../../src/backtest/figures.ts';
import { recommend } from '../../src/backtest/recommend.ts';
import { metricValue } from '../../src/evaluation/metrics.ts';
import type { Interval } from '../../src/statistics/contract.ts';
import { randomStream } from '../../src/statistics/random.ts';
import { flightsConfig } from '../data/surroundings.ts';

const DAY = 86_400_000;
const FROM = Date.parse('2021-01-04T00:00:00Z');
const DAYS = 210;
const A_DAY = 40;
const span = { from: FROM, to: FROM + DAYS * DAY };

/** Scores that know the label with the given share of noise, from a day on another one. */
function past(noises: readonly ((day: number) => number)[]): ScoredPast {
  const random = randomStream(3);
  const uniform = () => random.uniform();
  const rows = DAYS * A_DAY;
  const label = Float64Array.from({ length: rows }, () => (uniform() < 0.3 ? 1 : 0));
  const eventTime = Float64Array.from({ length: rows }, (_, i) => FROM + (i * DAY) / A_DAY);
  const shared = Float64Array.from({ length: rows }, uniform);
  const scores = noises.map((noise) =>
    label.map((y, i) => {
      const share = noise(Math.floor(i / A_DAY));
      return 0.02 + 0.96 * (share * (0.5 * (shared[i] ?? 0) + 0.5 * uniform()) + (1 - share) * y);
    }),
  );
  return { label, eventTime, scores };
}

/** A third policy that does as the second. */
const withTwin = (of: ScoredPast): ScoredPast => ({ ...of, scores: [...of.scores, ...of.scores.slice(1, 2)] });

const always = (noise: number) => () => noise;
const config = await flightsConfig((changed) => {
  changed.gate.uncertainty.resamples = 300;
  changed.gate.champion.margin.roc_auc = { kind: 'absolute', value: 0.01 };
});
const trainedAt = (count: number) => Array.from({ length: count }, (_, i) => FROM + (i * DAYS * DAY) / count);

test('figures are those of all rows and of months, and a policy is no better than itself', () => {
  const twice = past([always(0.7), always(0.75)]);
  const scored = { ...twice, scores: [...twice.scores, ...twice.scores.slice(0, 1)] };
  const { policies, pairs } = compareByWeek(config, scored, 'roc_auc');
  const [first = new Float64Array(0), second = new Float64Array(0)] = scored.scores;
  expect(policies[0]?.pooled.estimate).toBe(metricValue('roc_auc', scored.label, first));
  expect(policies[0]?.pooled.blocks).toBe(30);
  const difference = metricValue('roc_auc', scored.label, first) - metricValue('roc_auc', scored.label, second);
  expect(pairs.map(({ pair }) => pair)).toEqual([
    [0, 1],
    [0, 2],
    [1, 2],
  ]);
  expect(pairs[0]?.improvement.estimate).toBeCloseTo(difference, 12);
  expect(pairs[1]?.improvement).toMatchObject({ estimate: 0, lower: 0, upper: 0 });
  const losses = compareByWeek(config, scored, 'log_loss');
  const [a, b] = losses.policies.map(({ pooled }) => pooled.estimate ?? 0);
  expect(losses.pairs[0]?.improvement.estimate).toBeCloseTo((b ?? 0) - (a ?? 0), 12);
});

test('paired intervals are narrower than those of each policy: they share their rows', () => {
  const { scores, ...rows } = past([always(0.85)]);
  const [own = new Float64Array(0)] = scores;
  const nearly = own.map((score, i) => score + (i % 7) / 300);
  const { policies, pairs } = compareByWeek(config, { ...rows, scores: [own, nearly] }, 'roc_auc');
  const width = (of: Interval | undefined) => (of?.upper ?? Number.NaN) - (of?.lower ?? Number.NaN);
  expect(width(pairs[0]?.improvement)).toBeLessThan(0.3 * width(policies[0]?.pooled));
});

test('of policies that do as well, the one with the fewest trainings is taken', () => {
  const found = recommend(
    config,
    [
      { name: 'never', trainedAt: [], gate: true },
      { name: 'weekly', trainedAt: trainedAt(30), gate: true },
      { name: 'monthly', trainedAt: trainedAt(7), gate: true },
    ],
    withTwin(past([always(0.95), always(0.7)])),
    span,
  );
  expect(found.policy).toBe('monthly');
  expect(found.over_first?.improvement.lower).toBeGreaterThan(0);
  expect(found.sentence).toMatch(/^Take monthly: on 2021-01-04 to 2021-05-10 /);
  expect(found.sentence).toMatch(/which had no part in the choice, it reached roc_auc 0\.\d{4} \(95 % each way from/);
});

test('a policy that is better by more than the margin is worth its trainings', () => {
  const contenders = [
    { name: 'never', trainedAt: [], gate: true },
    { name: 'weekly', trainedAt: trainedAt(30), gate: true },
  ];
  expect(recommend(config, contenders, past([always(0.95), always(0.7)]), span)).toMatchObject({
    policy: 'weekly',
    best: 'weekly',
    over_best: null,
  });
});

test('a policy without a gate is a reference: it is compared, and not recommended', () => {
  const contenders = [
    { name: 'never', trainedAt: [], gate: true },
    { name: 'ungated', trainedAt: trainedAt(30), gate: false },
  ];
  const scored = past([always(0.95), always(0.7)]);
  expect(recommend(config, contenders, scored, span)).toMatchObject({ policy: 'never', best: 'never' });
  const none = contenders.map((one) => ({ ...one, gate: false }));
  expect(recommend(config, none, scored, span).policy).toBe('ungated');
});

test('what happens in the last two fifths of the time is reported, and has no part in the choice', () => {
  const contenders = [
    { name: 'never', trainedAt: [], gate: true },
    { name: 'weekly', trainedAt: trainedAt(30), gate: true },
  ];
  const later = Math.floor(0.6 * DAYS);
  const found = recommend(config, contenders, past([(day) => (day < later ? 0.95 : 0.1), always(0.7)]), span);
  expect(found.policy).toBe('weekly');
  expect(found.reported_on.from).toBe(found.chosen_on.to);
  expect(found.over_first?.improvement.upper).toBeLessThan(0);
});

test('a candidate is held against the version before it by days', () => {
  const rows = past([always(0.6), always(0.9)]);
  const [own = new Float64Array(0), other = new Float64Array(0)] = rows.scores;
  expect(improvementByDay(config, rows, { own, other }).lower).toBeGreaterThan(0);
  expect(improvementByDay(config, rows, { own: other, other: own }).upper).toBeLessThan(0);
});
