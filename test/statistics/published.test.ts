/** Quantiles, tail areas and corrections against scipy and statsmodels (`fixtures/generate.py`). */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METRICS } from '../../src/evaluation/metrics.ts';
import { blockBootstrap, quantileOfSorted } from '../../src/statistics/bootstrap.ts';
import { normalQuantile, referenceCdf, referenceQuantile } from '../../src/statistics/distributions.ts';
import { levelOfLook } from '../../src/statistics/intervals.ts';
import { blockJackknife } from '../../src/statistics/jackknife.ts';
import { holm } from '../../src/statistics/multiple-testing.ts';
import { wilson } from '../../src/statistics/wilson.ts';

const read = (name: string) => JSON.parse(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8'));
const published = read('published.json') as {
  normal_quantile: [number, number][];
  t_quantile: [number, number, number][];
  t_cdf: [number, number, number][];
  holm: [number[], number[]][];
  wilson: [number, number, number, number][];
  quantile: [number, number][];
  quantile_values: number[];
  mean_sem: [number[], number, number];
};

test('normal and Student quantiles and tail areas equal those of scipy', () => {
  for (const [p, value] of published.normal_quantile) expect(normalQuantile(p)).toBeCloseTo(value, 9);
  for (const [p, df, value] of published.t_quantile) {
    expect(Math.abs(referenceQuantile(p, df) - value)).toBeLessThan(1e-8 * Math.max(1, Math.abs(value)));
  }
  for (const [x, df, value] of published.t_cdf) expect(referenceCdf(x, df)).toBeCloseTo(value, 9);
  expect(referenceCdf(1.96, null)).toBeCloseTo(0.9750021, 5);
});

test('adjusted p-values equal those of statsmodels by Holm', () => {
  for (const [p, adjusted] of published.holm) {
    holm(p).forEach((value, i) => {
      expect(value).toBeCloseTo(adjusted[i]!, 12);
    });
  }
  expect(holm([])).toEqual([]);
});

test('bounds of a rate equal those of statsmodels by Wilson, and no trials say nothing', () => {
  for (const [k, n, lower, upper] of published.wilson) {
    expect(wilson(k, n).lower).toBeCloseTo(lower, 10);
    expect(wilson(k, n).upper).toBeCloseTo(upper, 10);
  }
  expect(wilson(0, 0)).toEqual({ lower: 0, upper: 1 });
});

test('quantiles of resamples equal those of numpy', () => {
  const sorted = Float64Array.from(published.quantile_values).sort();
  for (const [p, value] of published.quantile) expect(quantileOfSorted(sorted, p)).toBeCloseTo(value, 12);
});

test('the jackknife error of a mean is its standard error, with Student bounds', () => {
  const [values, mean, sem] = published.mean_sem;
  const meanOf = (weights: Float64Array) => [
    values.reduce((sum, value, i) => sum + value * weights[i]!, 0) / weights.reduce((sum, weight) => sum + weight, 0),
  ];
  const [interval] = blockJackknife(meanOf, values.length, 0.05);
  expect(interval!.estimate).toBeCloseTo(mean, 12);
  expect(interval!.se).toBeCloseTo(sem, 12);
  expect(interval!.upper).toBeCloseTo(mean + sem * referenceQuantile(0.95, values.length - 1), 12);
});

test('all looks at the same rows together spend no more than the level', () => {
  const spent = Array.from({ length: 10_000 }, (_, i) => (i === 0 ? 6 / Math.PI ** 2 : 1) * levelOfLook(i + 1));
  expect(levelOfLook(1)).toBe(0.05);
  expect(levelOfLook(2)).toBeCloseTo((0.05 * 6) / (Math.PI ** 2 * 4), 12);
  expect(spent.reduce((sum, level) => sum + level, 0)).toBeLessThanOrEqual(0.05);
});

test('under independent rows the error of a difference of AUCs is that of DeLong, by either method', () => {
  const {
    labels,
    scores,
    auc,
    difference_se: se,
  } = read('delong.json') as {
    readonly labels: number[];
    readonly scores: [number[], number[]];
    readonly auc: [number, number];
    readonly difference_se: number;
  };
  const rows = { labels: Float64Array.from(labels), block: Int32Array.from(labels.keys()), blocks: labels.length };
  const [one, other] = scores.map((each) => METRICS.roc_auc.prepare({ ...rows, scores: Float64Array.from(each) }));
  const difference = (weights: Float64Array) => [one!(weights) - other!(weights)];
  const [jackknife] = blockJackknife(difference, labels.length, 0.05);
  expect(jackknife!.estimate).toBeCloseTo(auc[0] - auc[1], 12);
  expect(Math.abs(jackknife!.se! / se - 1)).toBeLessThan(0.02);
  const [bootstrap] = blockBootstrap(difference, labels.length, { resamples: 2000, seed: 1, level: 0.05 });
  // 2,000 resamples know a standard error to 1.6 %.
  expect(Math.abs(bootstrap!.se! / se - 1)).toBeLessThan(0.05);
  expect(bootstrap!.lower!).toBeCloseTo(auc[0] - auc[1] - 1.645 * se, 2);
});
