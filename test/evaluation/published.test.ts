/** Metrics, recalibration and rank correlation against scikit-learn, statsmodels and scipy (`fixtures/generate.py`). */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { MetricName } from '../../src/config/model.ts';
import { behaviour } from '../../src/evaluation/behaviour.ts';
import { METRICS } from '../../src/evaluation/metrics.ts';
import { recalibration } from '../../src/evaluation/recalibration.ts';

interface Case {
  name: string;
  labels: number[];
  scores: number[];
  weights: number[] | null;
  values: Partial<Record<MetricName, number | null>>;
}
interface Fit {
  labels: number[];
  scores: number[];
  block: number[];
  blocks: number;
  intercept: [number, number];
  slope: [number, number];
}
const published = JSON.parse(readFileSync(new URL('./fixtures/published.json', import.meta.url), 'utf8')) as {
  binary: Case[];
  regression: Case[];
  recalibration: Fit;
  spearman: { a: number[]; b: number[]; rho: number };
};

/** Every row its own block, so that block weights are row weights. `spread` blocks force the kernel for many blocks. */
function metricOf(metric: MetricName, { labels, scores, weights }: Case, spread: number): number {
  const statistic = METRICS[metric].prepare({
    labels: Float64Array.from(labels),
    scores: Float64Array.from(scores),
    block: Int32Array.from(labels.keys()),
    blocks: labels.length + spread,
  });
  const padded = new Float64Array(labels.length + spread).fill(1);
  if (weights) padded.set(weights);
  return statistic(padded);
}

test.each([...published.binary, ...published.regression])('metrics equal scikit-learn: $name', (example) => {
  for (const [name, expected] of Object.entries(example.values) as [MetricName, number | null][]) {
    for (const spread of [0, 600]) {
      const value = metricOf(name, example, spread);
      if (expected === null) expect(value, `${name} is undefined here`).toBeNaN();
      else
        expect(Math.abs(value - expected), `${name}: ${value} for ${expected}`).toBeLessThan(
          1e-9 * Math.max(1, Math.abs(expected)),
        );
    }
  }
});

test('calibration intercept and slope, with errors clustered by block, equal statsmodels', () => {
  const { labels, scores, block, blocks, intercept, slope } = published.recalibration;
  const found = recalibration(
    { labels: Float64Array.from(labels), scores: Float64Array.from(scores), block: Int32Array.from(block), blocks },
    0.05,
  )!;
  expect(found.intercept.estimate).toBeCloseTo(intercept[0], 8);
  expect(found.intercept.se).toBeCloseTo(intercept[1], 6);
  expect(found.slope.estimate).toBeCloseTo(slope[0], 8);
  expect(found.slope.se).toBeCloseTo(slope[1], 6);
});

test('calibration has no figures where the fit has no finite answer', () => {
  const block = Int32Array.from([0, 0, 1, 1]);
  const figures = (labels: number[], scores: number[]) =>
    recalibration({ labels: Float64Array.from(labels), scores: Float64Array.from(scores), block, blocks: 2 }, 0.05);
  expect(figures([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])).toBeNull();
  expect(figures([0, 1, 0, 1], [0.4, 0.4, 0.4, 0.4])).toBeNull();
});

test('the rank correlation of two models equals scipy, ties included', () => {
  const { a, b, rho } = published.spearman;
  const found = behaviour('binary', Float64Array.from(a), Float64Array.from(b));
  expect(found.rank_correlation).toBeCloseTo(rho, 10);
  expect(behaviour('binary', Float64Array.from(a), Float64Array.from(a))).toEqual({
    score_psi: 0,
    flips: 0,
    mean_shift: 0,
    rank_correlation: expect.closeTo(1, 12),
  });
});
