import { expect, test } from 'vitest';
import { atLevel, blockIntervals, pBelow } from '../../src/statistics/intervals.ts';
import { blockJackknife } from '../../src/statistics/jackknife.ts';
import { randomStream } from '../../src/statistics/random.ts';

const OPTIONS = { resamples: 400, seed: 1, level: 0.05, minBlocks: 6 };

function meanOf(blocks: number) {
  const random = randomStream(blocks);
  const values = Float64Array.from({ length: blocks }, () => random.normal());
  return (weights: Float64Array) => [
    values.reduce((sum, value, b) => sum + value * weights[b]!, 0) / weights.reduce((sum, weight) => sum + weight, 0),
  ];
}

test('bounds of few resampled blocks are as wide as those of Student, as a plain percentile is not', () => {
  const widths = Array.from({ length: 12 }, (_, k) => {
    const [bootstrap] = blockIntervals(meanOf(20 + k), 20 + k, { ...OPTIONS, resamples: 4000 });
    // The jackknife of a mean is the interval of Student's t.
    const [student] = blockJackknife(meanOf(20 + k), 20 + k, 0.05);
    return (bootstrap!.upper! - bootstrap!.lower!) / (student!.upper! - student!.lower!);
  });
  const mean = widths.reduce((sum, width) => sum + width, 0) / widths.length;
  // Without the expansion it would be about z / t · √((G − 1) / G) = 0.94.
  expect(mean).toBeGreaterThan(0.97);
  expect(mean).toBeLessThan(1.03);
});

test('few blocks get the jackknife, many the bootstrap, too few nothing but the reason', () => {
  const methods = [5, 6, 19, 20].map((blocks) => blockIntervals(meanOf(blocks), blocks, OPTIONS)[0]!);
  expect(methods.map(({ method }) => method)).toEqual([
    'none',
    'block_jackknife',
    'block_jackknife',
    'block_bootstrap',
  ]);
  expect(methods[0]).toMatchObject({ lower: null, upper: null, reason: '5 blocks are fewer than the 6 needed' });
  expect(methods[1]!.df).toBe(5);
  for (const { lower, estimate, upper } of methods.slice(1)) {
    expect(lower!).toBeLessThan(estimate!);
    expect(upper!).toBeGreaterThan(estimate!);
  }
});

test('a figure that is undefined in many resamples has no bounds, and says why', () => {
  // Only block 0 holds the rarer class: it is missing in about a third of the resamples.
  const figure = (weights: Float64Array) => [weights[0]! > 0 ? 0.7 : Number.NaN];
  expect(blockIntervals(figure, 30, OPTIONS)[0]).toMatchObject({
    method: 'none',
    estimate: 0.7,
    reason: expect.stringContaining('undefined in'),
  });
  expect(blockIntervals(figure, 10, OPTIONS)[0]).toMatchObject({
    method: 'none',
    reason: 'one block holds all of a class',
  });
  expect(blockIntervals(() => [Number.NaN], 30, OPTIONS)[0]).toMatchObject({ estimate: null, lower: null });
});

test('a stricter level moves both bounds outwards, and the jackknife exactly', () => {
  const wide = blockIntervals(meanOf(10), 10, { ...OPTIONS, level: 0.01 })[0]!;
  const narrow = blockIntervals(meanOf(10), 10, OPTIONS)[0]!;
  expect(atLevel(narrow, 0.01).lower).toBeCloseTo(wide.lower!, 12);
  expect(atLevel(narrow, 0.01).upper).toBeCloseTo(wide.upper!, 12);
  const resampled = blockIntervals(meanOf(40), 40, OPTIONS)[0]!;
  expect(atLevel(resampled, 0.001).lower!).toBeLessThan(resampled.lower!);
});

test('a p-value agrees with its bound', () => {
  const interval = blockIntervals(meanOf(12), 12, OPTIONS)[0]!;
  expect(pBelow(interval, interval.upper!)).toBeCloseTo(0.05, 9);
  expect(pBelow({ ...interval, se: null }, 0)).toBeNull();
});

test('Poisson weights have mean and variance 1, normals mean 0 and variance 1', () => {
  const random = randomStream(11);
  const n = 200_000;
  for (const [draw, mean] of [
    [() => random.poisson(), 1],
    [() => random.normal(), 0],
  ] as const) {
    const values = Float64Array.from({ length: n }, draw);
    const average = values.reduce((sum, value) => sum + value, 0) / n;
    const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / n;
    expect(Math.abs(average - mean)).toBeLessThan(0.01);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
  }
});
