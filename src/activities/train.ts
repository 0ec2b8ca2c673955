/** Stage train: runs the trainer program by its contract and publishes what it made. */
import { join } from 'node:path';
import { z } from 'zod';
import type { SnapshotRef } from '../data/contract.ts';
import { readSnapshot } from '../data/snapshots.ts';
import { figureOnFile, validationFigure } from '../evaluation/validation-metric.ts';
import { digest, goldenRow, signature, storedFile, versionManifest } from '../registry/contract.ts';
import { digestOf, fetchBlob, findDocument, getDocument, putBlob, putDocument } from '../store/content.ts';
import { type FittedCalibration, fittedCalibration } from '../training/contract.ts';
import type { TrainingOrder } from '../training/order.ts';
import { trainersRecordFolder } from '../training/orphans.ts';
import { searchMetric } from '../training/search/trials.ts';
import { trainWithinMemory } from '../training/within-memory.ts';
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
  /** Of a trial, of what ran out of memory at first, and of the refit of one: all that it was trained with. Elsewhere they are the file's. */
  params: versionManifest.shape.params.optional(),
  /** What became of the first try, where it ran out of memory and `params` are smaller. */
  out_of_memory: z.string().optional(),
  /** Of a trial: what it is chosen by. */
  validation: validationFigure.optional(),
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
    const { rounds, calibration, params } = judged;
    return await trainOnce(deps, work, run, order.rows, { rounds, calibration, ...(params ? { params } : {}) });
  }),
});

/** What a refit takes over from the version that was judged: it has no rows left to choose these on. */
interface TakenOver {
  readonly rounds: number | null;
  readonly calibration: FittedCalibration | null;
  /** The file's own where there are none: a trial and its refit have others. */
  readonly params?: TrainedModel['params'];
}

/** @param trial name of a trial: it is also measured on the validation rows */
export async function trainOnce(
  deps: Deps,
  work: Work,
  run: RunRef,
  rows: SnapshotRef,
  taken: TakenOver,
  trial?: string,
): Promise<Trained> {
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
  const folder = join(deps.scratchDir, run.run, trial === undefined ? (refit ? 'refit' : 'train') : `trial-${trial}`);
  const validation = await pathOf('validation');
  // A refit keeps the recipe that was judged, and a trial is what it says: neither may become something smaller.
  const onOutOfMemory = refit || trial !== undefined ? 'fail' : model.training.on_out_of_memory;
  const order: TrainingOrder = {
    trainer: model.training.trainer,
    run: run.run,
    attempt: work.attempt,
    train: await pathOf(refit ? 'refit' : 'train'),
    validation: refit ? null : validation,
    weighted: features.decay !== undefined,
    numeric: features.numeric,
    categorical: features.categorical,
    task: model.task,
    params: taken.params ?? model.training.params,
    seed: model.training.seed,
    categories: model.features.categories,
    classWeight: model.training.class_weight,
    calibration: model.training.calibration,
    limits: model.training.limits,
    rounds: taken.rounds,
    fittedCalibration: taken.calibration,
    workDir: join(folder, `attempt-${work.attempt}`),
    checkpointDir: join(folder, 'checkpoint'),
    writtenDown: {
      folder: trainersRecordFolder(deps.scratchDir),
      model: run.model,
      run: run.run,
      attempt: work.attempt,
    },
    base: deps.workspace,
    signal: work.signal,
    onProgress: work.report,
  };
  const { result, instead } = await trainWithinMemory(order, onOutOfMemory);
  if (instead) work.log.warn({ params: instead.params }, `trained with smaller settings: ${instead.because}`);
  const params = instead?.params ?? taken.params;
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
    ...(params ? { params } : {}),
    ...(instead ? { out_of_memory: instead.because } : {}),
    ...(trial === undefined ? {} : { validation: await figureOnFile(model, searchMetric(model), validation, result) }),
  };
  await putDocument(deps.store, key, trained);
  work.log.info({ metrics: result.metrics }, 'trained');
  return { key, metrics: trained.metrics };
}
