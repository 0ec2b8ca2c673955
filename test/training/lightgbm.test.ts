import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Task } from '../../src/config/model.ts';
import { readFeatureColumns } from '../../src/data/columns.ts';
import { ensurePython } from '../../src/local/python.ts';
import { checkGolden, ModelRuntime } from '../../src/serving/model-runtime.ts';
import { sha256OfFile } from '../../src/store/content.ts';
import type { TrainerProgress } from '../../src/training/contract.ts';
import { TrainerRefused, TrainerStopped } from '../../src/training/errors.ts';
import { runTrainer, type TrainingOrder } from '../../src/training/run-trainer.ts';
import { trainersFolder } from '../../src/training/trainers.ts';
import { categorical, type FlightRows, flightRows, numeric } from './flight-rows.ts';

let rows: Record<Task, FlightRows>;
let folder: string;
let python: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-lightgbm-'));
  rows = {
    binary: await flightRows('binary'),
    multiclass: await flightRows('multiclass'),
    regression: await flightRows('regression'),
  };
  ({ python } = await ensurePython({ requirements: join(trainersFolder, 'requirements.txt') }));
});

afterAll(async () => {
  await Promise.all([...Object.values(rows).map((one) => one.remove()), rm(folder, { recursive: true, force: true })]);
});

let jobs = 0;
function order(task: Task = 'binary', changes: Partial<TrainingOrder> = {}): TrainingOrder {
  jobs += 1;
  return {
    trainer: 'lightgbm',
    train: [rows[task].train],
    validation: [rows[task].validation],
    numeric,
    categorical,
    task,
    params: { n_estimators: 30, learning_rate: 0.1, num_leaves: 31, min_child_samples: 50 },
    seed: 7,
    categories: { min_count: 50, max_levels: 30 },
    classWeight: 'none',
    calibration: 'none',
    limits: { wall_clock: 'PT2M', memory_mb: 2048 },
    threads: 1,
    workDir: join(folder, `job-${jobs}`),
    python,
    ...changes,
  };
}

test.each(['binary', 'multiclass', 'regression'] as const)(
  'a %s model predicts through the serving runtime what LightGBM predicted, on every validation row',
  async (task) => {
    const progress: TrainerProgress[] = [];
    const result = await runTrainer(order(task, { onProgress: (line) => progress.push(line) }));

    expect(result.signature).toMatchObject({ task, numeric, categorical, output: 'prediction' });
    expect(result.signature.classes).toEqual({ binary: [0, 1], multiclass: [0, 1, 3, 7], regression: null }[task]);
    expect(result.bestIteration).toBe(30);
    expect(progress.at(-1)).toMatchObject({ step: 30, of: 30 });
    expect(Object.values(result.importance).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(result.environment).toMatchObject({ threads: '1', lightgbm: expect.stringMatching(/^4\./) });

    const runtime = await ModelRuntime.load(result.model, result.signature);
    await checkGolden(runtime, result.golden);
    expect(result.golden).toHaveLength(17);
    expect(result.golden.at(-1)?.numeric.every((value) => value === null)).toBe(true);
    await runtime.release();
  },
);

test('the same seed and threads give the same model, byte for byte, whatever is sampled', async () => {
  const params = { n_estimators: 20, bagging_fraction: 0.7, bagging_freq: 1, feature_fraction: 0.6 };
  const first = await runTrainer(order('binary', { params, threads: 2 }));
  const second = await runTrainer(order('binary', { params, threads: 2 }));
  const other = await runTrainer(order('binary', { params, threads: 2, seed: 8 }));
  expect(await sha256OfFile(second.model)).toBe(await sha256OfFile(first.model));
  expect(await sha256OfFile(other.model)).not.toBe(await sha256OfFile(first.model));
});

test('stopped by its caller it leaves a checkpoint, and the retry ends at the same model as an undisturbed training', async () => {
  const params = { n_estimators: 400, learning_rate: 0.02, num_leaves: 15 };
  const checkpointDir = join(folder, 'checkpoint');
  const stop = new AbortController();
  const stopped = runTrainer(
    order('binary', {
      params,
      checkpointDir,
      signal: stop.signal,
      onProgress: ({ step }) => step >= 20 && stop.abort(),
    }),
  );
  await expect(stopped).rejects.toThrow(TrainerStopped);
  await expect(stopped).rejects.toMatchObject({
    retryable: true,
    message: expect.stringContaining('with a checkpoint'),
  });

  const seen: number[] = [];
  const resumed = await runTrainer(
    order('binary', { params, checkpointDir, onProgress: ({ step }) => seen.push(step) }),
  );
  const undisturbed = await runTrainer(order('binary', { params }));
  expect(seen[0]).toBeGreaterThan(20);
  expect(await sha256OfFile(resumed.model)).toBe(await sha256OfFile(undisturbed.model));
});

test('a trainer whose worker was killed stops by itself, and leaves a checkpoint for the next attempt', async () => {
  const checkpointDir = join(folder, 'orphan-checkpoint');
  const params = { n_estimators: 5000, learning_rate: 0.01, num_leaves: 15 };
  const runner = fileURLToPath(new URL('../../src/training/run-trainer.ts', import.meta.url));
  const program = `const { runTrainer } = await import(${JSON.stringify(runner)});
    await runTrainer({ ...${JSON.stringify(order('binary', { params, checkpointDir }))}, onProgress: ({ step }) => console.log(step) });`;
  const worker = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(worker.stdout, 'data');
  worker.kill('SIGKILL');
  await expect
    .poll(() => existsSync(join(checkpointDir, 'lightgbm.json')), { timeout: 30_000, interval: 100 })
    .toBe(true);
});

test('early stopping only where the parameters ask for it; a refit trains the rounds that were judged', async () => {
  const params = { n_estimators: 300, learning_rate: 0.3, early_stopping_rounds: 5 };
  const judged = await runTrainer(order('binary', { params }));
  expect(judged.bestIteration).toBeLessThan(100);
  expect(judged.metrics['best_iteration']).toBe(judged.bestIteration);

  const both = [rows.binary.train, rows.binary.validation];
  const refit = await runTrainer(
    order('binary', { params, train: both, validation: null, rounds: judged.bestIteration }),
  );
  expect(refit.bestIteration).toBe(judged.bestIteration);
  expect(Object.keys(refit.metrics)).toEqual(['best_iteration']);
});

/** Three trainings each; in the quick suite every kind of calibration and the weights once. */
const calibrations = [
  { calibration: 'sigmoid', classWeight: 'none' },
  { calibration: 'isotonic', classWeight: 'balanced' },
  ...(process.env['HONE_TEST_FULL'] === '1'
    ? ([
        { calibration: 'isotonic', classWeight: 'none' },
        { calibration: 'none', classWeight: 'balanced' },
      ] as const)
    : []),
] as const;

test.each(calibrations)(
  'calibration $calibration with class weight $classWeight lies inside the graph and is right on average',
  async (asked) => {
    const result = await runTrainer(order('binary', asked));
    const valid = await readFeatureColumns([rows.binary.validation], { numeric, categorical });
    const runtime = await ModelRuntime.load(result.model, result.signature);
    const scores = await runtime.predict(valid);
    await runtime.release();
    const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(scores)).toBeCloseTo(mean(valid.label), 2);

    const both = [rows.binary.train, rows.binary.validation];
    const refit = { ...asked, train: both, validation: null, rounds: result.bestIteration };
    await expect(runTrainer(order('binary', refit))).rejects.toThrow(/fitted_calibration/);
    const taken = await runTrainer(order('binary', { ...refit, fittedCalibration: result.calibration }));
    expect(taken.calibration).toEqual(result.calibration);
  },
);

test.each([
  [
    'an unknown parameter, naming the nearest',
    { params: { num_leafs: 31 } },
    /no parameter 'num_leafs'; did you mean 'num_leaves'/,
  ],
  ['a parameter that the job sets', { params: { num_threads: 8 } }, /'num_threads' is set by the job/],
  [
    'an objective of another task',
    { params: { objective: 'regression' } },
    /'regression' is not supported for a binary model/,
  ],
  ['what cannot be exported', { params: { linear_tree: true } }, /'linear_tree' cannot be exported/],
  ['a column that the rows do not have', { numeric: ['no_such_column'] }, /no_such_column/],
] as const)('refuses %s', async (_, changes, message) => {
  const refused = runTrainer(order('binary', changes));
  await expect(refused).rejects.toThrow(TrainerRefused);
  await expect(refused).rejects.toThrow(message);
});

test('refuses calibration and balanced weights where the graph cannot carry them, saying what is supported', async () => {
  await expect(runTrainer(order('regression', { classWeight: 'balanced' }))).rejects.toThrow(
    /supported for binary models only/,
  );
  await expect(runTrainer(order('multiclass', { calibration: 'isotonic' }))).rejects.toThrow(
    /supported for binary models only/,
  );
});

test('category levels come from training rows only: rare, missing and unseen values score alike, frequent ones do not', async () => {
  const result = await runTrainer(order('binary', { categories: { min_count: 400, max_levels: 2 } }));
  const runtime = await ModelRuntime.load(result.model, result.signature);
  const valid = await readFeatureColumns([rows.binary.validation], { numeric, categorical });
  const score = async (carrier: string) => {
    const texts = [valid.categorical[0]!.map(() => carrier), ...valid.categorical.slice(1)];
    return (await runtime.predict({ ...valid, categorical: texts })).join(' ');
  };
  const unseen = await score('not an airline');
  for (const rare of ['HA', 'AA', '']) expect(await score(rare)).toBe(unseen);
  expect(new Set([unseen, await score('UA'), await score('B6')]).size).toBe(3); // the two most frequent
  await runtime.release();
});
