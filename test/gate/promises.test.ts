/**
 * The promises of the gate on made-up holdouts, with fewer draws than docs/gate-promises.md. Seeds are fixed, so these
 * counts are facts of the code, not luck.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type KeptPromises, withTables } from '../../bench/setup/gate-promises-page.ts';
import { descend, intervals, outcomes, strictGate, verdicts } from '../../bench/setup/gate-simulations.ts';

const DELTA = 0.01;
const SMALL = { days: 14, rowsADay: 60, clustered: true };
/** `noiseForLoss(k · 0.005, true)` of bench/setup/simulated-holdouts.ts, for k = 0, 1, … */
const NOISES = [0.3, 0.372, 0.438, 0.497, 0.555, 0.611, 0.665, 0.719, 0.773];

test('a candidate that is truly worse by the margin is rarely promoted, though days move together', () => {
  const draws = 150;
  const worse = { noise: NOISES[2]! };
  const byDay = outcomes(intervals(draws, SMALL, worse), DELTA).pass;
  // 5 % and three standard errors of 150 draws.
  expect(byDay).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / draws));
  // It can fail: rows taken as independent break the promise on the same holdouts.
  const larger = { ...SMALL, rowsADay: 120 };
  expect(outcomes(intervals(40, larger, worse, true), DELTA).pass).toBeGreaterThan(0.1);
});

test('many candidates each worse by half the margin lose no more than the anchor allows', () => {
  const run = { candidates: 50, margin: DELTA, step: DELTA / 2, seed: 9000 };
  const noiseOf = (steps: number) => NOISES[Math.min(steps, NOISES.length - 1)]!;
  const setting = { days: 20, rowsADay: 100, clustered: true };
  const held = descend(run, setting, noiseOf, true);
  expect(held.lost).toBeLessThanOrEqual(3 * DELTA);
  expect(descend(run, setting, noiseOf, false).lost).toBeGreaterThanOrEqual(held.lost);
});

test.each([
  ['the whole model', { noise: 1.2 }, 'primary'],
  ['calibration alone', { bias: 0.6 }, 'guard/log_loss'],
  ['one critical slice', { noise: 3, only: 'LGA' }, 'slice/origin=LGA'],
  ['one protected group', { bias: -1, only: 'north' }, 'fairness/region=north'],
])('a planted regression of %s is caught', async (_, flaw, rule) => {
  const draws = 3;
  const found = verdicts(draws, await strictGate(), { days: 14, rowsADay: 400, clustered: true }, flaw, rule);
  expect(found).toEqual({ failed: 1, passed: 0, named: 1 });
});

test('the tables of the page are what the benchmark counted, and no number of them is typed', () => {
  const read = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
  const [page, kept] = [read('gate-promises.md'), JSON.parse(read('gate-promises.json')) as KeptPromises];
  expect(withTables(page, kept)).toBe(page);
  const { counted } = kept;
  const promoted = counted.worse.map((cell) => cell.promoted);
  // The promise of 5 %, within three standard errors over all cells.
  const [mean, draws] = [promoted.reduce((a, b) => a + b, 0) / promoted.length, counted.draws.worse * promoted.length];
  expect(mean).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / draws));
  const [first] = counted.worse;
  const other = { ...kept, counted: { ...counted, worse: [{ ...first!, promoted: 0.5 }, ...counted.worse.slice(1)] } };
  expect(withTables(page, other)).not.toBe(page);
});
