/** Figures of decisions: alerts by a daily capacity, and money. Threshold metrics are held against scikit-learn's. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { behaviour } from '../../src/evaluation/behaviour.ts';
import { evaluate } from '../../src/evaluation/evaluate.ts';
import { type Decision, METRICS } from '../../src/evaluation/metrics.ts';
import { flights, town } from './flights.ts';

function figure(metric: 'recall_at' | 'business_value', labels: number[], scores: number[], decision: Decision) {
  const rows = { labels: Float64Array.from(labels), scores: Float64Array.from(scores), decision };
  return METRICS[metric].prepare({ ...rows, block: new Int32Array(labels.length), blocks: 1 })(Float64Array.of(1));
}

test('recall at a capacity counts the positives among the highest scores of each day', () => {
  const day = Int32Array.of(1, 1, 1, 2, 2, 2);
  const decision = { threshold: 0.5, alerts: { perDay: 1, day } };
  expect(figure('recall_at', [1, 1, 0, 0, 1, 0], [0.9, 0.8, 0.1, 0.7, 0.6, 0.5], decision)).toBe(1 / 3);
});

test('equal scores at the edge of the capacity share what is left of it', () => {
  const decision = { threshold: 0.5, alerts: { perDay: 2, day: new Int32Array(4) } };
  expect(figure('recall_at', [0, 1, 1, 0], [0.9, 0.5, 0.5, 0.5], decision)).toBeCloseTo(1 / 3, 12);
});

test('the mean over all orders of ties is what recall at a capacity says', () => {
  const row = fc.record({
    label: fc.constantFrom(0, 1),
    score: fc.constantFrom(0.1, 0.2, 0.3),
    day: fc.constantFrom(0, 1),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 3 }), (rows, perDay) => {
      fc.pre(rows.some(({ label }) => label === 1));
      const orders = permutations(rows);
      const caught = orders.map((order) =>
        [0, 1].reduce((sum, day) => {
          const sorted = order.filter((one) => one.day === day).sort((a, b) => b.score - a.score);
          return sum + sorted.slice(0, perDay).filter(({ label }) => label === 1).length;
        }, 0),
      );
      const positives = rows.filter(({ label }) => label === 1).length;
      const expected = caught.reduce((sum, each) => sum + each, 0) / orders.length / positives;
      const decision = { threshold: 0.5, alerts: { perDay, day: Int32Array.from(rows, ({ day }) => day) } };
      const found = figure(
        'recall_at',
        rows.map(({ label }) => label),
        rows.map(({ score }) => score),
        decision,
      );
      expect(found).toBeCloseTo(expected, 10);
    }),
    { numRuns: 60 },
  );
});

test('value is the mean worth of a decision, for ten thousand of them', () => {
  const value = { true_positive: 40, false_positive: -5, false_negative: -20, true_negative: 0 };
  const decision = { threshold: 0.3, value };
  expect(figure('business_value', [1, 0, 1, 0], [0.3, 0.9, 0.2, 0.1], decision)).toBe((10_000 * (40 - 5 - 20)) / 4);
});

test('without a capacity or values the figures are undefined', () => {
  expect(figure('recall_at', [1, 0], [0.9, 0.1], { threshold: 0.5 })).toBeNaN();
  expect(figure('business_value', [1, 0], [0.9, 0.1], { threshold: 0.5 })).toBeNaN();
});

test('what changes for people is counted at the threshold, in rows of ten thousand', () => {
  const [labels, candidate, champion] = [
    [1, 1, 0, 0, 0],
    [0.4, 0.4, 0.4, 0.1, 0.1],
    [0.4, 0.1, 0.1, 0.1, 0.4],
  ].map((values) => Float64Array.from(values));
  const found = behaviour('binary', candidate!, champion!, { labels: labels!, threshold: 0.3 });
  expect(found).toMatchObject({ flips: 3 / 5, threshold: 0.3, per_10000: { caught: 2000, false_alarms: 0 } });
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => permutations(items.filter((_, j) => j !== i)).map((rest) => [item, ...rest]));
}

test('the table of thresholds agrees with the metrics at each of them, weighed as they are', async () => {
  const { rows, scores } = town({ days: 6, perDay: 100 });
  const value = { true_positive: 40, false_positive: -5, false_negative: -20, true_negative: 1 };
  const slices = { ...rows.slices, amount: Array.from(rows.label, (_, i) => String(1 + (i % 3))) };
  const report = async (threshold: number) => {
    const gate = {
      decision: { threshold, value },
      weights: { business: 'amount' },
      slices: { columns: [], critical: [] },
    };
    const input = { rows: { ...rows, slices }, scores: { candidate: scores(0.5) }, baselineRate: 0.27, seed: 1 };
    return evaluate({ config: await flights({ gate }), ...input });
  };
  const { thresholds = [] } = await report(0.35);
  expect(thresholds.map(({ threshold }) => threshold)).toEqual([0.1, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
  for (const at of [0.1, 0.35, 0.6]) {
    const { metrics } = (await report(at)).models.candidate;
    const point = thresholds.find(({ threshold }) => threshold === at);
    expect(point?.precision).toBeCloseTo(metrics.precision_score?.estimate ?? Number.NaN, 12);
    expect(point?.recall).toBeCloseTo(metrics.recall_score?.estimate ?? Number.NaN, 12);
    expect(point?.value).toBeCloseTo(metrics.business_value?.estimate ?? Number.NaN, 8);
  }
});
