import { expect, test } from 'vitest';
import { alignScores } from '../../src/evaluation/align.ts';
import { baselineRate } from '../../src/evaluation/baseline.ts';
import { evaluationReport } from '../../src/evaluation/contract.ts';
import { evaluate } from '../../src/evaluation/evaluate.ts';
import { metricValue } from '../../src/evaluation/metrics.ts';
import { judge } from '../../src/gate/judge.ts';
import { randomStream } from '../../src/statistics/random.ts';
import { canonicalJson } from '../../src/store/content.ts';
import { flights, town } from './flights.ts';

test('a report has every figure of candidate and champion on the same rows, and is the same to the byte each time', async () => {
  const { rows, scores } = town();
  const input = {
    config: await flights(),
    rows,
    scores: { candidate: scores(0.3), champion: scores(0.8, { seed: 2 }) },
    candidateVersion: 7,
    championVersion: 6,
    baselineRate: 0.27,
    seed: 7,
  };
  const report = evaluate(input);
  expect(evaluationReport.parse(report)).toEqual(report);
  expect(canonicalJson(evaluate(input))).toBe(canonicalJson(report));
  expect(report).toMatchObject({ rows: 4200, unlabelled: 0, too_little: [], blocks: { unit: 'P1D', count: 14 } });
  expect(report.blocks.keys[0]).toBe('2013-04-01T00:00:00.000Z');

  const auc = (who: 'candidate' | 'champion') => metricValue('roc_auc', rows.label, input.scores[who]);
  expect(report.models.candidate.metrics.roc_auc!.estimate).toBeCloseTo(auc('candidate'), 12);
  const improvement = report.improvement.over_champion!.roc_auc!;
  expect(improvement.estimate).toBeCloseTo(auc('candidate') - auc('champion'), 12);
  expect(improvement.lower!).toBeGreaterThan(0);
  // A loss that falls is an improvement too: the sign is adjusted.
  expect(report.improvement.over_champion!.log_loss!.estimate!).toBeGreaterThan(0);
  expect(report.improvement.over_baseline.roc_auc!.estimate).toBeCloseTo(auc('candidate') - 0.5, 12);
  expect(report.improvement.over_anchor).toBeNull();
});

test('the baseline is the constant training label rate, scored on the judged rows', async () => {
  const { rows, scores } = town();
  const rate = baselineRate(Float64Array.from([0, 1, Number.NaN, 0, 0]));
  expect(rate).toBe(0.25);
  const report = evaluate({
    config: await flights(),
    rows,
    scores: { candidate: scores(0.3) },
    baselineRate: rate,
    seed: 1,
  });
  expect(report.baseline.metrics.log_loss).toBeCloseTo(
    metricValue('log_loss', rows.label, new Float64Array(4200).fill(0.25)),
    12,
  );
  expect(report.baseline.metrics.roc_auc).toBe(0.5);
});

test('rows without a label are counted and judge nothing, and twenty days are resampled by bootstrap', async () => {
  const { rows, scores } = town({ days: 20, perDay: 150 });
  const label = rows.label.map((value, i) => (i % 10 === 0 ? Number.NaN : value));
  const report = evaluate({
    config: await flights(),
    rows: { ...rows, label },
    scores: { candidate: scores(0.3) },
    baselineRate: 0.27,
    seed: 1,
  });
  expect(report).toMatchObject({ rows: 2700, unlabelled: 300 });
  expect(report.models.candidate.metrics.roc_auc!.method).toBe('block_bootstrap');
});

test('too few rows, days or positives are named, and an empty holdout is no crash', async () => {
  const config = await flights();
  const small = town({ days: 5, perDay: 60 });
  const report = evaluate({
    config,
    rows: small.rows,
    scores: { candidate: small.scores(0.3) },
    baselineRate: 0.27,
    seed: 1,
  });
  expect(report.too_little.map((reason) => reason.replace(/^\d+/, 'N'))).toEqual([
    'N rows with a label, 2000 needed',
    'N rows of the rarer class, 200 needed',
    'N blocks (P1D), 6 needed',
  ]);
  expect(report.models.candidate.metrics.roc_auc).toMatchObject({ lower: null, method: 'none' });

  const none = town({ days: 0 });
  const empty = evaluate({
    config,
    rows: none.rows,
    scores: { candidate: new Float64Array(0) },
    baselineRate: 0.27,
    seed: 1,
  });
  expect(evaluationReport.parse(empty)).toMatchObject({ rows: 0, window: null, label_mean: null });
});

test('slices are judged where they are large enough, and named where not', async () => {
  const { rows, scores } = town();
  const report = evaluate({
    config: await flights(),
    rows,
    scores: { candidate: scores(2.5, { only: 'LGA' }), champion: scores(0) },
    baselineRate: 0.27,
    seed: 1,
  });
  const slice = (value: string) => report.slices.find((one) => one.value === value)!;
  expect(slice('LGA').difference.roc_auc!.upper!).toBeLessThan(-0.03);
  expect(slice('JFK').difference.roc_auc!.estimate).toBe(0);
  expect(slice('LGA').critical).toBe(true);
  expect(slice('HA')).toMatchObject({ column: 'carrier', critical: false, not_judged: '84 rows, fewer than 500' });
});

test('entities that repeat more than days become the blocks', async () => {
  const { rows, scores } = town({ days: 30, perDay: 100 });
  const entity = rows.entity.map((_, i) => `shop-${i % 8}`);
  const report = evaluate({
    config: await flights(),
    rows: { ...rows, entity },
    scores: { candidate: scores(0.3) },
    baselineRate: 0.27,
    seed: 1,
  });
  expect(report.blocks).toEqual({ unit: 'entity', count: 8, keys: [] });
});

test('regression is judged by its own metrics', async () => {
  const { rows, scores } = town();
  const label = rows.label.map((value, i) => 10 * value + (i % 7));
  const guess = (noise: number) => scores(noise).map((score) => 10 * score + 3);
  const config = await flights({
    task: 'regression',
    gate: {
      primary: 'root_mean_squared_error',
      floors: { r2_score: 'above_baseline' },
      champion: { margin: {} },
      slices: { margin: {} },
    },
  });
  const report = evaluate({
    config,
    rows: { ...rows, label },
    scores: { candidate: guess(0.1), champion: guess(1) },
    baselineRate: 5,
    seed: 1,
  });
  expect(Object.keys(report.models.candidate.metrics)).toEqual([
    'root_mean_squared_error',
    'mean_absolute_error',
    'mean_absolute_percentage_error',
    'r2_score',
  ]);
  expect(report.improvement.over_champion!.root_mean_squared_error!.lower!).toBeGreaterThan(0);
  expect(report.models.candidate.recalibration?.slope.estimate).toBeGreaterThan(0);
  expect(report.rarer_class).toBeNull();
});

test('what cannot be judged honestly is refused by name', async () => {
  const { rows, scores } = town();
  const config = await flights();
  const run = (changes: object) => () =>
    evaluate({ config, rows, scores: { candidate: scores(0.3) }, baselineRate: 0.27, seed: 1, ...changes });
  const code = (text: string) => expect.objectContaining({ code: text, retryable: false });
  expect(run({ config: { ...config, task: 'regression' } })).toThrow(code('HONE_METRIC_DOES_NOT_FIT_TASK'));
  expect(run({ rows: { ...rows, label: rows.label.map((value) => value * 2) } })).toThrow(
    code('HONE_LABEL_NOT_BINARY'),
  );
  expect(run({ rows: { ...rows, slices: {} } })).toThrow(code('HONE_SLICE_COLUMN_MISSING'));
  expect(run({ scores: { candidate: scores(0.3).with(5, Number.NaN) } })).toThrow('first: row 5, id flight-5');
  expect(run({ scores: { candidate: new Float64Array(3) } })).toThrow('3 scores for 4200 rows');
});

test('scores of another reading meet their rows by id', () => {
  const other = { id: ['b', 'a'], scores: Float64Array.from([2, 1]) };
  expect([...alignScores('champion', ['a', 'b'], other)]).toEqual([1, 2]);
  expect(() => alignScores('champion', ['a', 'c'], other)).toThrow('1 of 2 rows have no score (first: id c)');
});

test('each version decides by the threshold that it serves with', async () => {
  const { rows, scores } = town({ days: 7 });
  const [candidate, champion] = [scores(0.3), scores(0.3)];
  const input = { config: await flights(), rows, scores: { candidate, champion }, baselineRate: 0.27, seed: 1 };
  const same = evaluate(input);
  expect(same.behaviour).toMatchObject({ flips: 0, per_10000: { caught: 0, false_alarms: 0 } });
  const moved = evaluate({ ...input, thresholds: { candidate: 0.3, champion: 0.5 } });
  expect(moved.behaviour).toMatchObject({ threshold: 0.3, champion_threshold: 0.5 });
  const { per_10000: per, per_10000_bounds: bounds } = moved.behaviour!;
  const change = candidate.reduce((sum, score, i) => sum + (score >= 0.3 && score < 0.5 ? rows.label[i]! : 0), 0);
  expect(per?.caught).toBeCloseTo((10_000 * change) / 2100, 8);
  expect(bounds?.caught).toMatchObject({ estimate: expect.closeTo(per?.caught ?? 0, 8), method: 'block_jackknife' });
  expect(bounds?.caught.lower).toBeGreaterThan(0);
  expect(moved.models.candidate.metrics.recall_score!.estimate).toBeGreaterThan(
    moved.models.champion!.metrics.recall_score!.estimate!,
  );
});

test('of a regression the gate judges bias and slope as well as the errors', async () => {
  const { rows, scores } = town();
  const signal = scores(0).map((score) => Math.log(score / (1 - score)));
  const random = randomStream(8);
  const label = signal.map((value) => 100 + 20 * value + 10 * random.normal());
  const config = await flights({
    task: 'regression',
    gate: {
      ...{ primary: 'root_mean_squared_error', floors: { root_mean_squared_error: 'below_baseline' } },
      champion: { margin: { root_mean_squared_error: { kind: 'relative', value: 0.05 } } },
      slices: {
        columns: ['origin'],
        critical: ['origin'],
        margin: { root_mean_squared_error: { kind: 'relative', value: 0.1 } },
      },
    },
  });
  const honest = signal.map((value) => 100 + 20 * value);
  const judged = (candidate: Float64Array) => {
    const report = evaluate({
      config,
      rows: { ...rows, label },
      scores: { candidate, champion: honest },
      baselineRate: 78,
      seed: 1,
    });
    const { verdict, rules } = judge(report, config, { first: false, trigger: 'schedule' });
    const outcome = (name: string) => rules.find(({ rule }) => rule === name)?.outcome;
    return {
      report,
      verdict,
      bias: outcome('calibration/in_the_large'),
      slope: outcome('calibration/slope'),
      slice: outcome('slice/origin=JFK/root_mean_squared_error'),
    };
  };
  expect(judged(honest)).toMatchObject({ verdict: 'pass', bias: 'pass', slope: 'pass', slice: 'pass' });
  // Least squares by hand on the same rows.
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const tilted = signal.map((value) => 100 + 28 * value);
  const [x, y] = [mean(tilted), mean(label)];
  const slope =
    mean(tilted.map((value, i) => (value - x) * (label[i]! - y))) / mean(tilted.map((value) => (value - x) ** 2));
  const wrong = judged(tilted);
  expect(wrong.report.models.candidate.recalibration?.slope.estimate).toBeCloseTo(slope, 10);
  expect(wrong.report.models.candidate.recalibration?.intercept.estimate).toBeCloseTo(y - slope * x, 8);
  expect(wrong).toMatchObject({ verdict: 'fail', slope: 'fail', slice: 'fail' });
  expect(judged(honest.map((value) => value + 12))).toMatchObject({ verdict: 'fail', bias: 'fail', slope: 'pass' });
  const constant = judged(new Float64Array(label.length).fill(80));
  expect(constant).toMatchObject({ verdict: 'fail', slope: undefined });
  expect(constant.report.models.candidate.recalibration).toBeNull();
});
