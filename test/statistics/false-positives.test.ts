/**
 * How often equal models are called different, and worse ones not worse, when whole days move together. The seed is
 * fixed, so these counts are facts of the code, not luck.
 */
import { expect, test } from 'vitest';
import { METRICS } from '../../src/evaluation/metrics.ts';
import { blockIntervals } from '../../src/statistics/intervals.ts';
import { type RandomStream, randomStream } from '../../src/statistics/random.ts';

const ROWS_A_DAY = 120;
const SIMULATIONS = 300;

interface Holdout {
  readonly labels: Float64Array;
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly day: Int32Array;
  readonly days: number;
}

/**
 * Twins: both see the signal through noise of their own, and each suits some days better than others. Model a is made
 * worse by adding `worse` to the size of its noise.
 */
function clusteredDays(random: RandomStream, days: number, worse = 0): Holdout {
  const rows = days * ROWS_A_DAY;
  const [labels, a, b] = [new Float64Array(rows), new Float64Array(rows), new Float64Array(rows)];
  const day = new Int32Array(rows);
  for (let d = 0; d < days; d++) {
    const level = -1.2 + 0.5 * random.normal();
    const suits = [0.35 * random.normal(), 0.35 * random.normal()];
    for (let i = d * ROWS_A_DAY; i < (d + 1) * ROWS_A_DAY; i++) {
      const signal = random.normal();
      const twist = random.normal();
      labels[i] = random.uniform() < sigmoid(level + 1.2 * signal + 0.4 * twist) ? 1 : 0;
      a[i] = sigmoid(-1.2 + signal + suits[0]! * twist + (0.3 + worse) * random.normal());
      b[i] = sigmoid(-1.2 + signal + suits[1]! * twist + 0.3 * random.normal());
      day[i] = d;
    }
  }
  return { labels, a, b, day, days };
}

/** Lower and upper bound of the improvement of a over b in AUC. */
function bounds({ labels, a, b, day, days }: Holdout, seed: number, iid = false) {
  const [block, blocks] = iid ? [Int32Array.from(labels.keys()), labels.length] : [day, days];
  const [ours, theirs] = [a, b].map((scores) => METRICS.roc_auc.prepare({ labels, scores, block, blocks }));
  const [interval] = blockIntervals((weights) => [ours!(weights) - theirs!(weights)], blocks, {
    resamples: 400,
    seed,
    level: 0.05,
    minBlocks: 6,
  });
  return { lower: interval!.lower!, upper: interval!.upper!, estimate: interval!.estimate! };
}

function share(
  simulations: number,
  days: number,
  worse: number,
  found: (bound: ReturnType<typeof bounds>) => boolean,
  iid = false,
) {
  const random = randomStream(1_000 * days + 7);
  let count = 0;
  for (let s = 0; s < simulations; s++) if (found(bounds(clusteredDays(random, days, worse), s, iid))) count += 1;
  return count / simulations;
}

test.each([6, 14, 30])('twins are called better in at most 10 % of holdouts of %i clustered days', (days) => {
  expect(share(SIMULATIONS, days, 0, ({ lower }) => lower > 0)).toBeLessThanOrEqual(0.1);
  expect(share(SIMULATIONS, days, 0, ({ upper }) => upper < 0)).toBeLessThanOrEqual(0.1);
});

test('rows resampled as if independent call twins better far too often, which is why days are the default', () => {
  expect(share(60, 14, 0, ({ lower }) => lower > 0, true)).toBeGreaterThan(0.15);
});

test('a candidate that is truly worse by the margin is found non-inferior in about 5 % of holdouts at most', () => {
  const worse = 0.3;
  // The true loss of this recipe, from many days at once.
  const truth = bounds(clusteredDays(randomStream(99), 600, worse), 1).estimate;
  expect(truth).toBeLessThan(-0.01);
  const promoted = share(SIMULATIONS, 14, worse, ({ lower }) => lower > truth);
  expect(promoted).toBeLessThanOrEqual(0.08);
});

test('the same seed gives the same bounds to the byte, another seed does not', () => {
  const holdout = clusteredDays(randomStream(5), 25);
  expect(bounds(holdout, 3)).toEqual(bounds(holdout, 3));
  expect(bounds(holdout, 3)).not.toEqual(bounds(holdout, 4));
});

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
