import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadWorkspace } from '../../../src/config/load.ts';
import { judgeClasses } from '../../../src/monitoring/checks/class-performance.ts';
import type { MaturedRows } from '../../../src/monitoring/checks/matured-rows.ts';
import { calibrationOff, judgeWindow, skillFell } from '../../../src/monitoring/checks/performance.ts';
import { lastWindows, matureBefore, windowName } from '../../../src/monitoring/windows.ts';
import { randomStream } from '../../../src/statistics/random.ts';

const { models } = await loadWorkspace(fileURLToPath(new URL('../../../', import.meta.url)));
const { config } = models.get('flights-delay')!;
const window = { from: '2013-02-01T00:00:00.000Z', to: '2013-02-08T00:00:00.000Z' };

/** `perDay` rows on each of seven days: two kinds with late rates 0.1 and 0.5, which the model knows up to `bias`. */
function rows(perDay: number, bias = 0, labelled = 1): MaturedRows {
  const random = randomStream(7);
  const n = perDay * 7;
  const kinds = Array.from({ length: n }, () => (random.uniform() < 0.5 ? 0.1 : 0.5));
  return {
    rows: n,
    eventTime: Float64Array.from(kinds, (_, i) => Date.parse(window.from) + Math.floor(i / perDay) * 86_400_000),
    prediction: Float64Array.from(kinds, (rate) => rate + bias),
    label: Float64Array.from(kinds, (rate, i) => (i < labelled * n ? (random.uniform() < rate ? 1 : 0) : Number.NaN)),
    id: kinds.map((_, i) => `r${i}`),
  };
}

test('skill is one minus log loss over the log loss of the training label rate', () => {
  const all = rows(1000);
  const judged = judgeWindow(all, window, config, 0.3);
  const loss = (p: (i: number) => number) =>
    all.label.reduce((sum, y, i) => sum - (y === 1 ? Math.log(p(i)) : Math.log(1 - p(i))), 0);
  expect(judged.skill?.estimate).toBeCloseTo(1 - loss((i) => all.prediction[i]!) / loss(() => 0.3), 10);
  expect(judged.skill).toMatchObject({ method: 'block_jackknife', blocks: 7, df: 6 });
  expect(judged.not_judged).toBeNull();
  const same = { skill: 0.15, log_loss: 0.5, roc_auc: 0.7, baselineRate: 0.3 };
  expect(skillFell(judged, same, 0.1)).toBe(false);
  expect(calibrationOff(judged, 0.05)).toBe(false);
});

test('a biased model is off in calibration and has lost skill', () => {
  const judged = judgeWindow(rows(1000, 0.3), window, config, 0.3);
  expect(judged.calibration?.estimate).toBeCloseTo(0.3, 1);
  expect(calibrationOff(judged, 0.05)).toBe(true);
  expect(skillFell(judged, { skill: 0.15, log_loss: 0.5, roc_auc: 0.7, baselineRate: 0.3 }, 0.1)).toBe(true);
});

test('few rows, few labels and no rows at all are not judged, with the reason', () => {
  expect(judgeWindow(rows(100), window, config, 0.3).not_judged).toContain('too few rows: 700 of 2,000 needed');
  expect(judgeWindow(rows(1000, 0, 0.5), window, config, 0.3).not_judged).toContain(
    'labels for 50 % of 7,000 predictions',
  );
  const none = {
    rows: 0,
    eventTime: new Float64Array(),
    prediction: new Float64Array(),
    label: new Float64Array(),
    id: [],
  };
  expect(judgeWindow(none, window, config, 0.3)).toMatchObject({ skill: null, calibration: null, coverage: null });
  expect(judgeWindow(rows(1000), window, config, null)).toMatchObject({ skill: null, not_judged: null });
});

test('windows are whole days that end where labels have had their time', () => {
  const end = matureBefore('2013-03-10T17:30:00Z', 'PT24H');
  expect(new Date(end).toISOString()).toBe('2013-03-09T00:00:00.000Z');
  const windows = lastWindows(end, 'P7D', 2);
  expect(windows.map(({ from }) => from.slice(0, 10))).toEqual(['2013-03-02', '2013-02-23']);
  expect(windows.map(windowName)).toEqual(['2 to 8 March 2013', '23 February to 1 March 2013']);
});

/** The same rows as of a model of two classes. */
function asClasses(all: MaturedRows): MaturedRows {
  const ofLabel = all.label.map((label, i) => (label === 1 ? all.prediction[i]! : 1 - all.prediction[i]!));
  const told = all.prediction.map((p) => Math.max(p, 1 - p));
  const right = all.label.map((label, i) => Number((all.prediction[i]! > 0.5 ? 1 : 0) === label));
  return { ...all, prediction: told, classes: { ofLabel, right } };
}

test('a model of two classes has the skill of the same binary model, bounds included', () => {
  const all = rows(1000, 0.1);
  const several = judgeClasses(asClasses(all), window, config, [0.7, 0.3]);
  const binary = judgeWindow(all, window, config, 0.3);
  for (const bound of ['estimate', 'lower', 'upper'] as const)
    expect(several.skill?.[bound]).toBeCloseTo(binary.skill?.[bound] ?? Number.NaN, 9);
  expect(several.log_loss).toBeCloseTo(binary.log_loss ?? Number.NaN, 12);
  const { classes, prediction } = asClasses(all);
  const mean = (values: Float64Array | undefined) => (values?.reduce((sum, one) => sum + one, 0) ?? 0) / all.rows;
  expect(several.calibration?.estimate).toBeCloseTo(mean(prediction) - mean(classes?.right), 10);
});

test('several classes are not judged with too few rows of the rarest, or without their rates in training', () => {
  const all = asClasses(rows(1000));
  expect(judgeClasses(all, window, config, [0.5, 0.3, 0.2]).not_judged).toContain(
    'too few of the rarer class: 0 of 200',
  );
  expect(judgeClasses(all, window, config, null)).toMatchObject({
    ...{ skill: null, calibration: null },
    not_judged: expect.stringContaining('how often each class was in its training rows'),
  });
});
