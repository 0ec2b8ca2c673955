import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eValue, type RateTest, startRateTest, updateRateTest } from '../../src/statistics/e-process.ts';
import { randomStream } from '../../src/statistics/random.ts';

/** Looks after every poll of 200 requests, 5 % of them to the canary, and says whether it ever alarmed. */
function everAlarms(
  seed: number,
  canaryRate: number,
  championRate: number,
  polls: number,
  alpha = 0.01,
): number | null {
  const random = randomStream(seed);
  const draw = (trials: number, rate: number) => {
    let events = 0;
    for (let i = 0; i < trials; i++) if (random.uniform() < rate) events += 1;
    return { trials, events };
  };
  let state: RateTest = startRateTest();
  for (let poll = 1; poll <= polls; poll++) {
    state = updateRateTest(state, draw(10, canaryRate), draw(190, championRate));
    if (eValue(state) >= 1 / alpha) return poll;
  }
  return null;
}

test('an equally good canary is stopped by chance in at most 1 % of rollouts, however often one looks', () => {
  const alarms = Array.from({ length: 400 }, (_, seed) => everAlarms(seed, 0.02, 0.02, 300)).filter(
    (poll) => poll !== null,
  );
  expect(alarms.length / 400).toBeLessThanOrEqual(0.01);
});

test('a better canary is never stopped here', () => {
  const alarms = Array.from({ length: 100 }, (_, seed) => everAlarms(seed, 0.005, 0.02, 300)).filter(
    (poll) => poll !== null,
  );
  expect(alarms).toEqual([]);
});

test('a canary that fails five times as often is stopped within 2,000 of its requests', () => {
  const polls = Array.from({ length: 50 }, (_, seed) => everAlarms(seed, 0.1, 0.02, 200));
  expect(polls.filter((poll) => poll === null)).toEqual([]);
});

test('the expected factor of one increment is at most 1 when the canary is no worse, by exact enumeration', () => {
  const binomial = (n: number, k: number, p: number) => {
    let ways = 1;
    for (let i = 0; i < k; i++) ways = (ways * (n - i)) / (i + 1);
    return ways * p ** k * (1 - p) ** (n - k);
  };
  const past = updateRateTest(startRateTest(), { trials: 20, events: 3 }, { trials: 30, events: 2 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 6 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (n1, n0, first, second) => {
        const [p1, p0] = [Math.min(first, second), Math.max(first, second)];
        let expected = 0;
        for (let k1 = 0; k1 <= n1; k1++) {
          for (let k0 = 0; k0 <= n0; k0++) {
            const next = updateRateTest(past, { trials: n1, events: k1 }, { trials: n0, events: k0 });
            expected += binomial(n1, k1, p1) * binomial(n0, k0, p0) * eValue(next);
          }
        }
        return expected <= eValue(past) * (1 + 1e-9);
      },
    ),
  );
});

test('impossible counts are refused', () => {
  expect(() => updateRateTest(startRateTest(), { trials: 1, events: 2 }, { trials: 1, events: 0 })).toThrow(RangeError);
});
