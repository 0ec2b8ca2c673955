import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BacktestInput, backtest, replayPolicies } from '../../src/backtest/backtest.ts';
import { type BacktestReport, backtestReport } from '../../src/backtest/contract.ts';
import type { Past } from '../../src/backtest/past.ts';
import type { Replay } from '../../src/backtest/replay.ts';
import { reportOf } from '../../src/backtest/report.ts';
import { openTrainings } from '../../src/backtest/trainings.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { metricValue } from '../../src/evaluation/metrics.ts';
import { FROM, policy, smallPast, TO, TURN } from './small-past.ts';

let dir: string;
let config: ModelConfig;
let report: BacktestReport;
let replays: Replay[];
let past: Past;
const told: string[] = [];

function order(change: Partial<BacktestInput> = {}): BacktestInput {
  const policies = [
    policy(config, 'never'),
    policy(config, 'every-28-days', { name: 'ungated', every: 'P14D', gate: false }),
    policy(config, 'performance-only'),
  ];
  const folders = { base: dir, workDir: join(dir, 'work'), cacheDir: join(dir, 'cache') };
  return { config, policies, from: FROM, to: TO, shift: TURN, ...folders, ...change };
}

/** How many models the last run trained itself. */
const trainedOf = (sentences: readonly string[]) =>
  Number(/(\d+) trained/.exec(sentences.filter((one) => one.includes('trained')).at(-1) ?? '')?.[1] ?? 0);

const resultOf = (name: string) => {
  const found = report.policies.find((one) => one.name === name);
  if (!found) throw new Error(`no result of ${name}`);
  return found;
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-backtest-'));
  config = await smallPast(dir);
  ({ past, replays } = await replayPolicies(order({ onProgress: (sentence) => told.push(sentence) })));
  report = await reportOf(past, replays, TURN);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('a past whose rule turns around', () => {
  test('never retraining is worst, and a skill trigger answers within days of labels', () => {
    const [never, skill] = [resultOf('never'), resultOf('performance-only')];
    expect(never.trainings).toBe(0);
    expect(never.models_trained).toBe(2);
    expect(skill.runs[0]).toMatchObject({ trigger: 'performance', reason: expect.stringMatching(/^Skill fell/) });
    expect(skill.after_shift?.triggered_after_days).toBeGreaterThan(0);
    expect(skill.after_shift?.triggered_after_days).toBeLessThanOrEqual(7);
    expect(skill.promotions).toBeGreaterThan(0);
    const gain = report.comparisons.find(
      ({ against, metric }) => against === 'performance-only' && metric === 'roc_auc',
    );
    expect(gain?.policy).toBe('never');
    expect(gain?.improvement.estimate).toBeLessThan(-0.05);
    expect(skill.false_triggers.triggered).toBe(skill.trainings);
    expect(skill.runs[0]?.shown_better).not.toBeNull();
    expect(never.worst_month.roc_auc).toMatchObject({ month: '2021-03' });
  });

  test('a row is scored by the version that was live at its time', async () => {
    const [, ungated] = replays;
    if (!ungated) throw new Error('no replays');
    const row = past.rows.eventTime.findIndex((time) => time >= Date.parse(FROM));
    const times = past.rows.eventTime.subarray(row);
    const [first, second] = ungated.runs;
    if (!first?.liveFrom || !second?.liveFrom) throw new Error('nothing went live');
    expect(first.liveFrom).toBe(Date.parse('2021-02-15T01:00:00Z'));
    const at = times.findIndex((time) => time >= (first.liveFrom ?? 0));
    const until = times.findIndex((time) => time >= (second.liveFrom ?? 0));
    expect(ungated.scores.subarray(at, until)).toEqual(await first.candidate.scored.scores(row + at, row + until));
    expect(ungated.scores.subarray(0, at)).toEqual(await first.before.scored.scores(row, row + at));
    expect(ungated.scores.subarray(at, until)).not.toEqual(await first.before.scored.scores(row + at, row + until));
  });

  test('pooled figures and months are those of the rows with a label', () => {
    const begin = past.rows.eventTime.findIndex((time) => time >= Date.parse(FROM));
    const labels = past.rows.label.slice(begin, begin + report.rows);
    const [never] = replays;
    const pooled = resultOf('never').pooled.roc_auc?.estimate;
    expect(pooled).toBe(metricValue('roc_auc', labels, never?.scores ?? new Float64Array()));
    const months = resultOf('never').months.map(({ metrics }) => metrics.roc_auc?.estimate ?? Number.NaN);
    const mean = months.reduce((sum, value) => sum + value, 0) / months.length;
    expect(resultOf('never').mean_month.roc_auc?.estimate).toBeCloseTo(mean, 12);
    expect(report.labelled).toBe(report.rows);
  });

  test('the report says what it does not know, and fits its schema', () => {
    expect(backtestReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(report.limits[0]).toMatch(/feedback of decisions on data is not simulated/);
    expect(report.limits.join(' ')).toMatch(/ungated has no gate/);
    expect(report.recommendation.sentence).toContain('which had no part in the choice');
  });
});

test('the same input gives the same report to the byte, and trains nothing again', async () => {
  const sentences: string[] = [];
  const again = await backtest(order({ onProgress: (one) => sentences.push(one), workDir: join(dir, 'again') }));
  expect(JSON.stringify(again)).toBe(JSON.stringify(report));
  expect(trainedOf(told)).toBeGreaterThan(4);
  expect(trainedOf(sentences)).toBe(0);
});

test('what comes later changes nothing before it: a shorter backtest has the same runs, from the same models', async () => {
  const to = '2021-03-06T00:00:00.000Z';
  const sentences: string[] = [];
  const earlier = await backtest(order({ to, onProgress: (one) => sentences.push(one) }));
  const before = (runs: BacktestReport['policies'][number]['runs']) =>
    runs
      .filter(({ as_of, live_from }) => as_of < '2021-02-27' && (live_from === null || live_from < to))
      .map(({ run, as_of, outcome, live_from, sentence }) => ({ run, as_of, outcome, live_from, sentence }));
  for (const { name, runs } of earlier.policies) {
    expect(before(runs), name).toEqual(before(resultOf(name).runs));
  }
  expect(before(resultOf('performance-only').runs).length).toBeGreaterThan(0);
  expect(trainedOf(sentences)).toBe(0);
});

test('a backtest that was stopped goes on where it was, with the same report as one that was not', async () => {
  const cacheDir = join(dir, 'stopped');
  const only = { policies: [policy(config, 'never')], cacheDir };
  const stopped = new AbortController();
  const halfway = backtest(
    order({
      ...only,
      signal: stopped.signal,
      onProgress: (sentence) => {
        if (sentence.includes('1 trained')) stopped.abort();
      },
    }),
  );
  await expect(halfway).rejects.toThrow();
  expect(await readdir(join(cacheDir, 'models'))).toHaveLength(1);

  const sentences: string[] = [];
  const resumed = await backtest(order({ ...only, onProgress: (one) => sentences.push(one) }));
  expect(sentences.at(-2)).toMatch(/1 trained, 1 from the cache/);
  const whole = await backtest(order({ policies: only.policies }));
  // Processor time is measured anew where a model is made anew; everything else is the same.
  const without = (one: BacktestReport) =>
    JSON.stringify({ ...one, policies: one.policies.map((each) => ({ ...each, trainer_cpu_seconds: 0 })) });
  expect(without(resumed)).toBe(without(whole));
});

test("two recipes for the same rows at the same time do not get in each other's way", async () => {
  const trainings = openTrainings({ past, cacheDir: join(dir, 'two'), trainers: 2 });
  const full = { config, asOf: FROM, part: 'full' as const, calibration: null };
  const [two, three] = await Promise.all([
    trainings.train({ ...full, rounds: 2 }),
    trainings.train({ ...full, rounds: 3 }),
  ]);
  expect([two.rounds, three.rounds]).toEqual([2, 3]);
  expect(two).toMatchObject({ rows: three.rows, fitEnd: three.fitEnd });
  expect(two.key).not.toBe(three.key);
});

test('time that cannot be replayed is refused by name', async () => {
  await expect(backtest(order({ to: FROM }))).rejects.toMatchObject({ code: 'HONE_NOTHING_TO_REPLAY', exitCode: 2 });
  await expect(backtest(order({ from: '2022-01-01T00:00:00.000Z', to: '2022-02-01T00:00:00.000Z' }))).rejects.toThrow(
    /the source has no row then/,
  );
  await expect(backtest(order({ from: '2021-01-08T00:00:00.000Z' }))).rejects.toMatchObject({
    code: 'HONE_TOO_LITTLE_HISTORY',
  });
});

test('policies that cannot be told apart, or cannot be judged, are refused before anything is trained', async () => {
  const twice = [policy(config, 'never'), policy(config, 'never')];
  await expect(backtest(order({ policies: twice }))).rejects.toMatchObject({ code: 'HONE_POLICY_NAMED_TWICE' });
  const blind = [policy(config, 'performance-only', { gate: false })];
  await expect(backtest(order({ policies: blind }))).rejects.toMatchObject({ code: 'HONE_TRIGGER_NEEDS_GATE' });
});
