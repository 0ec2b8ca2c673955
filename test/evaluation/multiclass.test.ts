/** Several classes: metrics against scikit-learn (`fixtures/multiclass.py`). */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import type { MetricName } from '../../src/config/model.ts';
import { classesOf, classRates, positioned, widened } from '../../src/evaluation/classes.ts';
import { evaluationReport } from '../../src/evaluation/contract.ts';
import { evaluate } from '../../src/evaluation/evaluate.ts';
import { evaluateVersions } from '../../src/evaluation/evaluate-versions.ts';
import { METRICS } from '../../src/evaluation/metrics.ts';
import { judge } from '../../src/gate/judge.ts';
import { randomStream } from '../../src/statistics/random.ts';
import { manifest } from '../gate/judged.ts';
import { flights, town } from './flights.ts';

interface Case {
  name: string;
  classes: number;
  labels: number[];
  scores: number[];
  weights: number[] | null;
  values: Partial<Record<MetricName, number | null>>;
}
const { cases } = JSON.parse(readFileSync(new URL('./fixtures/multiclass.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};

test.each(cases)('metrics of several classes equal scikit-learn: $name', ({ classes, labels, scores, ...rest }) => {
  for (const [name, expected] of Object.entries(rest.values) as [MetricName, number | null][]) {
    const value = METRICS[name].prepare({
      labels: Float64Array.from(labels),
      scores: Float64Array.from(scores),
      block: Int32Array.from(labels.keys()),
      ...{ blocks: labels.length, classes },
    })(Float64Array.from(rest.weights ?? labels.map(() => 1)));
    if (expected === null) expect(value, `${name} is undefined here`).toBeNaN();
    else expect(Math.abs(value - expected), `${name}: ${value} for ${expected}`).toBeLessThan(1e-9);
  }
});

/** Three kinds of rows; `noise` blurs a model's logits, `only` blurs rows of one origin alone. */
async function threeClasses() {
  const { rows } = town();
  const random = randomStream(7);
  const truth = Float64Array.from(
    { length: rows.label.length * 3 },
    (_, i) => random.normal() + [0.6, 0, -0.6][i % 3]!,
  );
  const softmax = (logits: Float64Array): Float64Array => {
    const raised = logits.map(Math.exp);
    return raised.map((value, i) => {
      const start = i - (i % 3);
      return value / (raised[start]! + raised[start + 1]! + raised[start + 2]!);
    });
  };
  const fair = softmax(truth);
  const label = rows.label.map((_, i) => {
    const u = random.uniform();
    return u < fair[3 * i]! ? 0 : u < fair[3 * i]! + fair[3 * i + 1]! ? 1 : 2;
  });
  const scores = (noise: number, { only = '', tilt = 0, seed = 1 } = {}) => {
    const own = randomStream(seed);
    const blurred = truth.map((value, i) => {
      const hit = only === '' || rows.slices['origin']![Math.floor(i / 3)] === only;
      return value + own.normal() * (hit ? noise : 0) + (i % 3 === 2 ? tilt : 0);
    });
    return softmax(blurred);
  };
  const config = await flights({
    task: 'multiclass',
    gate: {
      primary: 'log_loss',
      champion: {
        margin: { log_loss: { kind: 'absolute', value: 0.02 }, f1_macro: { kind: 'absolute', value: 0.03 } },
      },
      floors: { log_loss: 'below_baseline', accuracy_score: 0.4 },
      slices: { margin: { log_loss: { kind: 'absolute', value: 0.05 } } },
    },
  });
  const judgeThem = (candidate: Float64Array, champion: Float64Array) => {
    const report = evaluate({
      ...{ config, rows: { ...rows, label }, scores: { candidate, champion } },
      ...{ baselineRate: 0, classes: { values: [10, 20, 30], rates: [0.5, 0.3, 0.2] } },
      ...{ candidateVersion: 7, championVersion: 6, seed: 7 },
    });
    return { report, judged: judge(report, config, { first: false, trigger: 'schedule' }) };
  };
  return { scores, label, config, judgeThem };
}

test('several classes are judged by floors, champion, slices and calibration of each class', async () => {
  const { scores, label, judgeThem } = await threeClasses();
  const { report, judged } = judgeThem(scores(0.1), scores(0.4, { seed: 2 }));
  expect(evaluationReport.parse(report)).toEqual(report);
  expect(judged).toMatchObject({ verdict: 'pass', as: 'better' });
  expect(report.classes!.map(({ rows }) => rows)).toEqual(
    [0, 1, 2].map((k) => label.filter((one) => one === k).length),
  );
  expect(report.label_mean).toBeNull();
  // The constant answer is the class rates of training: its log loss is their cross entropy with the labels.
  const share = [...label].reduce((sum, k) => sum - Math.log([0.5, 0.3, 0.2][k]!), 0) / label.length;
  expect(report.baseline.metrics.log_loss).toBeCloseTo(share, 12);
  expect(judged.rules.map(({ rule }) => rule)).toEqual(
    expect.arrayContaining([
      'primary',
      'guard/f1_macro',
      'baseline/log_loss',
      'floor/accuracy_score',
      'slice/origin=JFK/log_loss',
      'calibration/class=30',
    ]),
  );
  expect(judged.rules.find(({ rule }) => rule === 'baseline/log_loss')!.sentence).toContain(
    'the class rates of training',
  );
});

test('a candidate of several classes that is worse, in one slice, or wrong about one class is caught', async () => {
  const { scores, judgeThem } = await threeClasses();
  const champion = scores(0.1);
  const worse = judgeThem(scores(1.2, { seed: 3 }), champion).judged;
  expect(worse).toMatchObject({ verdict: 'fail' });
  const slice = judgeThem(scores(1.5, { only: 'LGA', seed: 3 }), champion).judged;
  expect(slice.rules.find(({ rule }) => rule === 'slice/origin=LGA/log_loss')).toMatchObject({ outcome: 'fail' });
  const tilted = judgeThem(scores(0.1, { tilt: 1 }), champion).judged;
  expect(tilted.rules.find(({ rule }) => rule === 'calibration/class=30')).toMatchObject({
    outcome: 'fail',
    effect: 'needs_person',
  });
  const same = judgeThem(champion, champion).judged;
  expect(same.rules.filter(({ kind }) => kind === 'calibration').map(({ outcome }) => outcome)).toEqual([
    'pass',
    'pass',
    'pass',
  ]);
});

test('versions that know different classes are judged over all of them', () => {
  const rows = { ...town({ days: 1, perDay: 3 }).rows, label: Float64Array.from([30, 10, Number.NaN]) };
  const known = [10, 20].map((value) => value);
  expect(classesOf([manifest(1, { signature: { ...manifest(1).signature, classes: known } })], rows.label)).toEqual([
    10, 20, 30,
  ]);
  expect(positioned(rows, [10, 20, 30]).label).toEqual(Float64Array.from([2, 0, Number.NaN]));
  expect(widened(Float64Array.from([0.7, 0.3]), known, [10, 20, 30])).toEqual(Float64Array.from([0.7, 0.3, 0]));
  const trained = manifest(1, { metrics: { train_class_rate_10: 0.8, train_class_rate_20: 0.2 } });
  expect(classRates(trained, [10, 20, 30], rows.label)).toEqual([0.8, 0.2, 0]);
});

test('a champion that never saw a class is compared on the same rows, and pays for it', async () => {
  const { scores, label, config } = await threeClasses();
  const on = town();
  const values = [10, 20, 30];
  const rows = {
    ...{ ...on.rows, id: [...on.rows.id], entity: [...on.rows.entity], rows: label.length },
    ...{ slices: on.rows.slices as Record<string, string[]>, weight: new Float64Array(label.length).fill(1) },
    ...{ numeric: new Float32Array(0), categorical: [], label: label.map((k) => values[k]!) },
  };
  const all = scores(0.1);
  // What is left of the first two classes, as probabilities.
  const two = Float64Array.from({ length: label.length * 2 }, (_, i) => {
    const row = Math.floor(i / 2);
    return all[3 * row + (i % 2)]! / (all[3 * row]! + all[3 * row + 1]!);
  });
  const version = (number: number, classes: number[]) =>
    manifest(number, {
      signature: { ...manifest(number).signature, task: 'multiclass', classes, numeric: [], categorical: [] },
    });
  const footprint = { bytes: 1, latency_ms: null, threshold: null, importance: null };
  const { report } = await evaluateVersions({
    ...{ config, candidate: version(7, values), champion: version(6, [10, 20]), anchor: null, workDir: tmpdir() },
    score: async ({ version: number }) => ({ rows, path: '', footprint, scores: number === 7 ? all : two }),
  });
  expect(report.classes!.map(({ class: value }) => value)).toEqual(values);
  expect(report.models.champion!.by_class![2]!.mean_prediction).toBe(0);
  expect(report.improvement.over_champion!.log_loss!.lower!).toBeGreaterThan(1);
  expect(report.flip_examples!.every(({ candidate, champion }) => candidate.decision !== champion.decision)).toBe(true);
  expect(report.baseline.rates!.reduce((sum, rate) => sum + rate, 0)).toBeCloseTo(1, 12);
});
