import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFeatureColumns } from '../../src/data/columns.ts';
import { withDuckDb } from '../../src/data/engine.ts';
import { ensurePython } from '../../src/local/python.ts';
import { ModelRuntime } from '../../src/serving/model-runtime.ts';
import { runTrainer, type TrainingOrder } from '../../src/training/run-trainer.ts';
import { trainersFolder } from '../../src/training/trainers.ts';
import { type FlightRows, flightRows, numeric } from './flight-rows.ts';

const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));
const newest = Date.parse('2013-02-02T00:00:00Z');
const halfLifeMs = 3 * 86_400_000;
let rows: FlightRows;
let weighted: string;
let folder: string;
let python: string;
/** Predictions of the validation rows by estimators that Python fitted without hone. */
let direct: Record<'lightgbm' | 'lightgbm_balanced' | 'lightgbm_unweighted' | 'xgboost' | 'linear', number[]>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-weights-'));
  rows = await flightRows('binary');
  weighted = join(folder, 'weighted.parquet');
  const weight = `pow(0.5::DOUBLE, (${newest} - _event_time)::DOUBLE / ${halfLifeMs}) AS _weight`;
  await withDuckDb({ tempDir: folder }, (db) =>
    db.run(`COPY (SELECT * REPLACE (${weight}) FROM '${rows.train}') TO '${weighted}' (FORMAT parquet)`),
  );
  ({ python } = await ensurePython({ requirements: join(trainersFolder, 'requirements-extra.txt') }));
  const options = { columns: numeric, newest, half_life_ms: halfLifeMs };
  const program = [join(fixtures, 'fit_directly.py'), weighted, rows.validation, JSON.stringify(options)];
  const { stdout } = await promisify(execFile)(python, program, { maxBuffer: 64 * 1_048_576 });
  direct = JSON.parse(stdout) as typeof direct;
});

afterAll(async () => {
  await Promise.all([rows.remove(), rm(folder, { recursive: true, force: true })]);
});

let jobs = 0;
function order(trainer: string, changes: Partial<TrainingOrder> = {}): TrainingOrder {
  jobs += 1;
  return {
    ...{ trainer, numeric, categorical: [], task: 'binary', seed: 7, threads: 1, python },
    train: [weighted],
    weighted: true,
    validation: [rows.validation],
    params: {},
    categories: { min_count: 50, max_levels: 100 },
    classWeight: 'none',
    calibration: 'none',
    limits: { wall_clock: 'PT2M', memory_mb: 2048 },
    workDir: join(folder, `job-${jobs}`),
    ...changes,
  };
}

async function predictions(wanted: TrainingOrder) {
  const result = await runTrainer(wanted);
  const runtime = await ModelRuntime.load(result.model, result.signature);
  const found = await runtime.predict(await readFeatureColumns([rows.validation], result.signature));
  await runtime.release();
  return { found: [...found], calibration: result.calibration };
}

function farthest(left: readonly number[], right: readonly number[]): number {
  expect(left).toHaveLength(right.length);
  return left.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (right[i] as number))), 0);
}

const lightgbm = { params: { n_estimators: 30, min_child_samples: 50 } };
const estimator = (name: string) => order(join(fixtures, 'estimator_trainer.py'), { params: { estimator: name } });

test('rows that fade with age train what LightGBM, XGBoost and scikit-learn fit directly with sample_weight', async () => {
  const shipped = await predictions(order('lightgbm', lightgbm));
  expect(farthest(shipped.found, direct.lightgbm)).toBeLessThan(1e-5);
  expect(farthest(shipped.found, direct.lightgbm_unweighted)).toBeGreaterThan(0.05);
  for (const name of ['xgboost', 'linear'] as const) {
    const { found } = await predictions(estimator(name));
    expect(farthest(found, direct[name]), name).toBeLessThan(1e-5);
  }
});

test('class weights are multiplied with those of age, and recalibrated on unweighted validation rows', async () => {
  const { found, calibration } = await predictions(order('lightgbm', { ...lightgbm, classWeight: 'balanced' }));
  if (calibration?.kind !== 'sigmoid') throw new Error('a balanced model is recalibrated');
  const { a, b } = calibration;
  const expected = direct.lightgbm_balanced.map((p) => 1 / (1 + Math.exp(-(a * Math.log(p / (1 - p)) + b))));
  expect(farthest(found, expected)).toBeLessThan(1e-5);
});

test('a trainer that does not declare that it uses weights is refused before it starts', async () => {
  const trainer = join(folder, 'mine.py');
  await copyFile(join(fixtures, 'estimator_trainer.py'), trainer);
  const wanted = { params: { estimator: 'linear' } };
  const refused = runTrainer(order(trainer, wanted));
  await expect(refused).rejects.toMatchObject({ code: 'HONE_TRAINER_IGNORES_WEIGHTS', retryable: false, exitCode: 2 });
  await expect(refused).rejects.toThrow(/mine\.trainer\.json, it does not exist\. Nothing was trained\./);
  const declaration = join(folder, 'mine.trainer.json');
  await writeFile(declaration, '{"contract": 1, "weights": false}');
  await expect(runTrainer(order(trainer, wanted))).rejects.toThrow(/it says weights: false/);
  await writeFile(declaration, '{"weights": "yes"}');
  await expect(runTrainer(order(trainer, wanted))).rejects.toThrow(/it is no declaration \(.*contract/);
});
