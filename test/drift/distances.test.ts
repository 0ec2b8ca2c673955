import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { chiSquared, jsDistance, ksStatistic, psi, wassersteinDistance } from '../../src/drift/distances.ts';
import { benjaminiHochberg } from '../../src/drift/noise.ts';
import { permutationNoise } from '../../src/drift/permutation.ts';
import { pointsOf } from '../../src/drift/points.ts';
import { profileOfValues } from '../../src/drift/values.ts';

interface Fixture {
  bins: (Record<'psi' | 'js_distance' | 'chi_squared' | 'degrees_of_freedom', number> & {
    name: string;
    reference: number[];
    current: number[];
  })[];
  values: {
    name: string;
    reference: number[];
    current: number[];
    ks_statistic: number;
    wasserstein_distance: number;
  }[];
  false_discovery: { p: number[]; adjusted: number[] };
}
const fixture: Fixture = JSON.parse(readFileSync(new URL('fixtures/distances.json', import.meta.url), 'utf8'));
const permutation: { cases: { name: string; reference: number[]; current: number[]; p_value: number }[] } = JSON.parse(
  readFileSync(new URL('fixtures/permutation.json', import.meta.url), 'utf8'),
);
const points = (values: number[]) => pointsOf(profileOfValues(Float64Array.from(values)));

test.each(fixture.bins)('distances over bins equal scipy: $name', (one) => {
  expect(psi(one.reference, one.current)).toBeCloseTo(one.psi, 12);
  expect(jsDistance(one.reference, one.current)).toBeCloseTo(one.js_distance, 12);
  const { statistic, degreesOfFreedom } = chiSquared(one.reference, one.current);
  expect(statistic).toBeCloseTo(one.chi_squared, 9);
  expect(degreesOfFreedom).toBe(one.degrees_of_freedom);
});

test.each(fixture.values)('distances over values equal scipy: $name', (one) => {
  expect(ksStatistic(points(one.reference), points(one.current))).toBeCloseTo(one.ks_statistic, 12);
  expect(wassersteinDistance(points(one.reference), points(one.current))).toBeCloseTo(one.wasserstein_distance, 12);
});

test('Benjamini–Hochberg rejects what scipy adjusts to at most q', () => {
  const { p, adjusted } = fixture.false_discovery;
  for (const q of [0.01, 0.05, 0.2]) expect(benjaminiHochberg(p, q)).toEqual(adjusted.map((value) => value <= q));
});

test('equal windows of different size have no distance, and a bin that nobody uses weighs nothing', () => {
  expect(psi([1000, 1000], [1000, 1000])).toBe(0);
  expect(psi([1000, 1000, 0], [10, 10, 0])).toBe(psi([1000, 1000], [10, 10]));
  expect(psi([0, 0], [5, 5])).toBeNaN();
});

test.each(permutation.cases)('few rows are dealt out again, and p is the exact one within chance: $name', (one) => {
  const { pValue, ceiling } = permutationNoise(one.reference, one.current);
  const spread = Math.sqrt((one.p_value * (1 - one.p_value)) / 5000);
  expect(Math.abs(pValue - one.p_value)).toBeLessThan(4 * spread + 1 / 5000);
  expect(permutationNoise(one.reference, one.current)).toEqual({ pValue, ceiling });
});
