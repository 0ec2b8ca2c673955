import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensurePython } from '../../src/local/python.ts';
import { checkGolden, ModelRuntime } from '../../src/serving/model-runtime.ts';
import { runTrainer, type TrainerResult } from '../../src/training/run-trainer.ts';
import { trainersFolder } from '../../src/training/trainers.ts';
import { categorical, type FlightRows, flightRows, type labels, numeric } from './flight-rows.ts';

const trainer = fileURLToPath(new URL('./fixtures/estimator_trainer.py', import.meta.url));
let rows: Record<keyof typeof labels, FlightRows>;
let folder: string;
let python: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-exports-'));
  rows = {
    binary: await flightRows('binary'),
    multiclass: await flightRows('multiclass'),
    regression: await flightRows('regression'),
    count: await flightRows('count'),
  };
  ({ python } = await ensurePython({ requirements: join(trainersFolder, 'requirements-extra.txt') }));
});

afterAll(async () => {
  await Promise.all([...Object.values(rows).map((one) => one.remove()), rm(folder, { recursive: true, force: true })]);
});

let jobs = 0;
async function train(
  estimator: string,
  label: keyof typeof labels,
  calibration: 'none' | 'sigmoid' = 'none',
): Promise<TrainerResult> {
  jobs += 1;
  return await runTrainer({
    trainer,
    train: [rows[label].train],
    validation: [rows[label].validation],
    numeric,
    categorical,
    task: label === 'count' ? 'regression' : label,
    params: { estimator },
    seed: 7,
    categories: { min_count: 50, max_levels: 100 },
    classWeight: 'none',
    calibration,
    limits: { wall_clock: 'PT2M', memory_mb: 2048 },
    threads: 1,
    workDir: join(folder, `job-${jobs}`),
    python,
  });
}

test.each([
  ['xgboost', 'binary'],
  ['xgboost', 'multiclass'],
  ['xgboost_poisson', 'count'],
  ['xgboost_dart', 'binary'],
  ['lightgbm', 'binary'],
  ['linear', 'binary'],
  ['forest', 'binary'],
  ['forest', 'multiclass'],
  ['boosting', 'regression'],
] as const)(
  '%s on a %s label predicts through the serving runtime what Python predicted, on every validation row',
  async (estimator, label) => {
    const result = await train(estimator, label);
    const runtime = await ModelRuntime.load(result.model, result.signature);
    await checkGolden(runtime, result.golden);
    await runtime.release();
  },
);

test('early stopping of XGBoost ends up in the graph: only the rounds up to the best one', async () => {
  expect((await train('xgboost_early', 'binary')).bestIteration).toBeLessThan(30);
});

test('calibration works where the graph holds probabilities and no margins', async () => {
  expect((await train('linear', 'binary', 'sigmoid')).calibration).toMatchObject({ kind: 'sigmoid' });
});

test.each([
  ['xgboost_linear', /gblinear cannot be exported; use booster: gbtree or dart/],
  ['xgboost_hinge', /objective 'binary:hinge' cannot be exported; supported: binary:logistic/],
  ['margin_only', /LinearSVC.*has no predict_proba/],
  ['function', /FunctionTransformer.*cannot be exported/],
  [
    'mean',
    /fit returned __main__.Mean, which cannot be exported; return an estimator of LightGBM, XGBoost or scikit-learn/,
  ],
])('%s cannot be exported, and the message names what and why', async (estimator, message) => {
  await expect(train(estimator, 'binary')).rejects.toThrow(message);
});

test('trees behind a scaler flip branches in float32, and parity refuses the model rather than serve it', async () => {
  const refused = train('scaled_forest', 'binary');
  await expect(refused).rejects.toMatchObject({ code: 'HONE_PARITY_FAILED', retryable: false });
  await expect(refused).rejects.toThrow(/of 4936 rows differ.*leave scalers out in front of trees/);
});
