/** Stage train: runs the trainer program by its contract and publishes what it made. */
import { join } from 'node:path';
import { z } from 'zod';
import type { SnapshotRef } from '../data/contract.ts';
import { readSnapshot } from '../data/snapshots.ts';
import { digest, goldenRow, signature, storedFile } from '../registry/contract.ts';
import { digestOf, fetchBlob, findDocument, getDocument, putBlob, putDocument } from '../store/content.ts';
import { type FittedCalibration, fittedCalibration } from '../training/contract.ts';
import { runTrainer } from '../training/run-trainer.ts';
import { trainersRecordFolder } from '../training/orphans.ts';
import type { RunRef } from '../workflows/contract.ts';
import { activity, type Work } from './boundary.ts';
import { configOf, type Deps } from './deps.ts';

/** What a training left in the store; found again by a retry whose answer was lost. */
export const trainedModel = z.strictObject({
  files: z.array(storedFile),
  signature,
  metrics: z.record(z.string(), z.number()),
  environment: z.record(z.string(), z.string()),
  golden: z.array(goldenRow),
  trainer: z.strictObject({ name: z.string(), digest: digest.nullable() }),
  rounds: z.number().int().nullable(),
  calibration: fittedCalibration.nullable(),
  importance: z.record(z.string(), z.number()),
  refit: z.enum(['judged', 'full']),
});
export type TrainedModel = z.output<typeof trainedModel>;

export interface Trained {
  /** Key of the document with the trained model's files. */
  readonly key: string;
  readonly metrics: Record<string, number>;
}

export const trainActivities = (deps: Deps) => ({
  train: activity(deps, (work, run: RunRef, rows: SnapshotRef) =>
    trainOnce(deps, work, run, rows, { rounds: null, calibration: null }),
  ),

  /** The recipe of the judged version, with its number of rounds, on all mature rows; no validation rows are left. */
  refit: activity(deps, async (work, run: RunRef, order: { rows: SnapshotRef; judged: Trained }) => {
    const judged = await getDocument(deps.store, order.judged.key, trainedModel);
    return await trainOnce(deps, work, run, order.rows, { rounds: judged.rounds, calibration: judged.calibration });
  }),
});

/** What a refit takes over from the version that was judged: it has no rows left to choose these on. */
interface TakenOver {
  readonly rounds: number | null;
  readonly calibration: FittedCalibration | null;
}

async function trainOnce(deps: Deps, work: Work, run: RunRef, rows: SnapshotRef, taken: TakenOver): Promise<Trained> {
  const key = `models/${run.model}/runs/${run.run}/trained-${digestOf({ rows: rows.digest, ...taken }).slice(0, 16)}.json`;
  const earlier = await findDocument(deps.store, key, trainedModel);
  if (earlier) return { key, metrics: earlier.metrics };

  const { model } = await configOf(deps, run.config);
  const features = await readSnapshot(deps.store, rows.digest, 'features');
  const pathOf = async (part: string) => {
    const found = features.parts.find((one) => one.part === part);
    return found ? [await fetchBlob(deps.store, found.file.sha256, deps.cacheDir)] : [];
  };
  const refit = features.parts.some((one) => one.part === 'refit');
  const folder = join(deps.scratchDir, run.run, refit ? 'refit' : 'train');
  const result = await runTrainer({
    trainer: model.training.trainer,
    run: run.run,
    attempt: work.attempt,
    train: await pathOf(refit ? 'refit' : 'train'),
    validation: refit ? null : await pathOf('validation'),
    weighted: features.decay !== undefined,
    numeric: features.numeric,
    categorical: features.categorical,
    task: model.task,
    params: model.training.params,
    seed: model.training.seed,
    categories: model.features.categories,
    classWeight: model.training.class_weight,
    calibration: model.training.calibration,
    limits: model.training.limits,
    rounds: taken.rounds,
    fittedCalibration: taken.calibration,
    workDir: join(folder, `attempt-${work.attempt}`),
    checkpointDir: join(folder, 'checkpoint'),
    base: deps.workspace,
    signal: work.signal,
    onProgress: work.report,
  });
  const files = [await putBlob(deps.store, { path: result.model }, 'model.onnx')];
  const trained: TrainedModel = {
    files,
    signature: result.signature,
    metrics: result.metrics,
    environment: result.environment,
    golden: result.golden,
    trainer: result.trainer,
    rounds: result.bestIteration,
    calibration: result.calibration,
    importance: result.importance,
    refit: refit ? 'full' : 'judged',
  };
  await putDocument(deps.store, key, trained);
    writtenDown: {
      folder: trainersRecordFolder(deps.scratchDir),
      model: run.model,
      run: run.run,
      attempt: work.attempt,
    },
  work.log.info({ metrics: result.metrics }, 'trained');
  return { key, metrics: trained.metrics };
}
