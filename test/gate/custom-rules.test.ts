import { expect, test } from 'vitest';
import type { CustomFigures, Interval } from '../../src/evaluation/contract.ts';
import { judge } from '../../src/gate/judge.ts';
import { town } from '../evaluation/flights.ts';
import { gate } from './judged.ts';

const home = town();
const around = (estimate: number, half: number): Interval => ({
  ...{ estimate, lower: estimate - half, upper: estimate + half, level: 0.05, se: half / 1.8, df: 13 },
  ...{ method: 'block_jackknife', blocks: 14, reason: null },
});

/** A cost of 100 for the champion; the candidate is `better` than it by so much, give or take 2. */
async function judgedWith(better: number, { measured = true } = {}) {
  const metrics = {
    cost: { sql: 'SELECT 1', better: 'lower', floor: 120, margin: { kind: 'relative', value: 0.05 } },
  } as const;
  const scores = home.scores(0.3);
  const { config, report } = await gate({
    on: home,
    candidate: scores,
    champion: scores,
    changes: { gate: { metrics } },
  });
  const cost: CustomFigures = {
    ...{ name: 'cost', better: 'lower', sql: 'SELECT 1' },
    ...{ candidate: around(100 - better, 3), champion: around(100, 3), improvement: around(better, 2) },
  };
  const judged = judge(measured ? { ...report, custom: [cost] } : report, config, {
    first: false,
    trigger: 'schedule',
  });
  return { judged, rule: (name: string) => judged.rules.find((one) => one.rule === `metric/cost/${name}`) };
}

test('a metric of the model file blocks by its margin and its floor, lower being better where it says so', async () => {
  expect((await judgedWith(1)).judged.verdict).toBe('pass');

  const worse = await judgedWith(-12);
  expect(worse.judged.verdict).toBe('fail');
  expect(worse.rule('champion')).toMatchObject({ outcome: 'fail', effect: 'blocks', limit: -5, metric: null });
  expect(worse.rule('floor')).toMatchObject({ outcome: 'pass' });
  expect(worse.judged.sentence).toContain('cost 112 against 100 for the champion: worse by 12');

  expect((await judgedWith(-4)).judged.verdict).toBe('inconclusive');
  expect((await judgedWith(-30)).rule('floor')).toMatchObject({ outcome: 'fail', value: 130, limit: 120 });
});

test('a metric that was not measured never passes', async () => {
  const { judged, rule } = await judgedWith(1, { measured: false });
  expect(judged.verdict).toBe('inconclusive');
  expect(rule('champion')!.sentence).toContain('was not measured');
});
