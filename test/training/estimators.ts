/** Models of scikit-learn and XGBoost on flights: trained through the contract, as the tests of their exports need them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePython } from '../../src/local/python.ts';
import { checkGolden, ModelRuntime } from '../../src/serving/model-runtime.ts';
import { runTrainer, type TrainerResult } from '../../src/training/run-trainer.ts';
import { trainersFolder } from '../../src/training/trainers.ts';
import { categorical, type FlightRows, flightRows, type labels, numeric } from './flight-rows.ts';

const trainer = fileURLToPath(new URL('./fixtures/estimator_trainer.py', import.meta.url));

type Label = keyof typeof labels;

export interface Estimators {
  /** @param estimator a name in `fixtures/estimator_trainer.py` */
  train(estimator: string, label: Label, calibration?: 'none' | 'sigmoid'): Promise<TrainerResult>;
  close(): Promise<void>;
}

export async function openEstimators(): Promise<Estimators> {
  const folder = await mkdtemp(join(tmpdir(), 'hone-exports-'));
  const { python } = await ensurePython({ requirements: join(trainersFolder, 'requirements-extra.txt') });
  const rows = new Map<Label, Promise<FlightRows>>();
  const rowsOf = async (label: Label): Promise<FlightRows> => {
    const made = rows.get(label) ?? flightRows(label);
    rows.set(label, made);
    return await made;
  };
  let jobs = 0;
  return {
    async train(estimator, label, calibration = 'none') {
      jobs += 1;
      const { train, validation } = await rowsOf(label);
      return await runTrainer({
        trainer,
        train: [train],
        validation: [validation],
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
    },
    async close() {
      await Promise.all([...rows.values()].map(async (one) => (await one).remove()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The serving runtime predicts what Python predicted: on the golden rows here, on every validation row in `runTrainer`. */
export async function expectSameInServing({ model, signature, golden }: TrainerResult): Promise<void> {
  const runtime = await ModelRuntime.load(model, signature);
  await checkGolden(runtime, golden);
  await runtime.release();
}
