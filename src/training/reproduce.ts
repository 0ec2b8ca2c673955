/** Trains a version again from its lineage alone, and says whether the same model came out. */
import { z } from 'zod';
import { configSnapshotSchema } from '../config/snapshot.ts';
import { localFiles, readSnapshot } from '../data/snapshots.ts';
import type { VersionManifest } from '../registry/contract.ts';
import { readVersion } from '../registry/versions.ts';
import { MODEL_FILE } from '../serving/contract.ts';
import { ModelRuntime } from '../serving/model-runtime.ts';
import { getByDigest, parseDocument, sha256OfFile } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type FittedCalibration, fittedCalibration, type TrainerProgress } from './contract.ts';
import { NotReproducible } from './errors.ts';
import { runTrainer, type TrainerResult } from './run-trainer.ts';

export interface Reproduction {
  readonly model: string;
  readonly version: number;
  /** Every metric and every golden prediction within the tolerance. */
  readonly equal: boolean;
  /** The ONNX file has the same bytes. */
  readonly identical: boolean;
  readonly metrics: readonly MetricDifference[];
  readonly golden: { readonly rows: number; readonly worst: number };
  readonly tolerance: number;
  /** What differs around the training: trainer program, packages, platform. */
  readonly surroundings: readonly { readonly what: string; readonly recorded: string; readonly now: string }[];
}

interface MetricDifference {
  readonly metric: string;
  readonly recorded: number;
  readonly now: number | null;
  /** |now − recorded| / (1 + |recorded|); null where it is missing now. */
  readonly difference: number | null;
}

/** Relative to 1 + |value|, as golden rows are checked: the same recipe on the same machine gives 0. */
const TOLERANCE = 1e-6;

export interface ReproduceOptions {
  readonly store: ObjectStore;
  readonly cacheDir: string;
  readonly workDir: string;
  /** Folder that a trainer's path starts at. */
  readonly base: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: TrainerProgress) => void;
}

/** @throws NotReproducible for an import; VersionMissing, ObjectMissing, ObjectCorrupt; all that `runTrainer` throws */
export async function reproduce(model: string, version: number, options: ReproduceOptions): Promise<Reproduction> {
  const manifest = await readVersion(options.store, model, version);
  const now = await trainAgain(manifest, options);
  const recorded = manifest.files.find(({ name }) => name === MODEL_FILE);
  const metrics = Object.keys(now.metrics)
    .filter((name) => name in manifest.metrics)
    .map((metric) => differenceOf(metric, manifest.metrics[metric] as number, now.metrics[metric]));
  const golden = { rows: manifest.golden.length, worst: await worstGolden(manifest, now) };
  const near = metrics.every(({ difference }) => difference !== null && difference <= TOLERANCE);
  return {
    model,
    version,
    equal: near && golden.worst <= TOLERANCE,
    identical: (await sha256OfFile(now.model)) === recorded?.sha256,
    metrics,
    golden,
    tolerance: TOLERANCE,
    surroundings: surroundings(manifest, now),
  };
}

async function trainAgain(manifest: VersionManifest, options: ReproduceOptions): Promise<TrainerResult> {
  const { store, cacheDir, signal, onProgress } = options;
  const { model, version, data } = manifest;
  if (manifest.run === null || data === null) throw new NotReproducible(model, version);
  const { model: config } = await getByDigest(store, 'configs', manifest.config, configSnapshotSchema);
  const features = await readSnapshot(store, data.features, 'features');
  const refit = manifest.refit === 'full';
  const twin = manifest.twin === null ? null : await readVersion(store, model, manifest.twin);
  const threads = Number(manifest.environment['threads']);
  return await runTrainer({
    trainer: manifest.trainer.name,
    run: manifest.run,
    train: await localFiles(store, features, cacheDir, refit ? 'refit' : 'train'),
    validation: refit ? null : await localFiles(store, features, cacheDir, 'validation'),
    weighted: features.decay !== undefined,
    numeric: features.numeric,
    categorical: features.categorical,
    task: config.task,
    params: manifest.params,
    seed: manifest.seed,
    categories: config.features.categories,
    classWeight: config.training.class_weight,
    calibration: config.training.calibration,
    fittedCalibration: refit && twin ? await calibrationOf(store, twin) : null,
    rounds: refit ? (manifest.metrics['best_iteration'] ?? null) : null,
    limits: config.training.limits,
    ...(Number.isInteger(threads) && threads > 0 ? { threads } : {}),
    workDir: options.workDir,
    base: options.base,
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  });
}

const trained = z.object({
  files: z.array(z.object({ sha256: z.string() })),
  calibration: fittedCalibration.nullable(),
});

/** What the judged twin was calibrated with: its run keeps it beside the files that training left. */
async function calibrationOf(store: ObjectStore, twin: VersionManifest): Promise<FittedCalibration | null> {
  const file = twin.files.find(({ name }) => name === MODEL_FILE);
  for await (const key of store.list(`models/${twin.model}/runs/${twin.run}/`)) {
    if (!key.includes('/trained-')) continue;
    const found = parseDocument(store, key, await store.get(key), trained);
    if (found.files.some(({ sha256 }) => sha256 === file?.sha256)) return found.calibration;
  }
  return null;
}

async function worstGolden({ golden, signature }: VersionManifest, now: TrainerResult): Promise<number> {
  const runtime = await ModelRuntime.load(now.model, now.signature);
  try {
    const found = await runtime.predict({
      rows: golden.length,
      numeric: Float32Array.from(golden.flatMap((row) => row.numeric.map((value) => value ?? Number.NaN))),
      categorical: signature.categorical.map((_, i) => golden.map((row) => row.categorical[i] ?? '')),
    });
    const expected = golden.flatMap((row) => row.prediction);
    return expected.reduce((worst, value, i) => Math.max(worst, relative(value, found[i] as number)), 0);
  } finally {
    await runtime.release();
  }
}

function differenceOf(metric: string, recorded: number, now: number | undefined): MetricDifference {
  return { metric, recorded, now: now ?? null, difference: now === undefined ? null : relative(recorded, now) };
}

/** Infinite where it is no number any more. */
function relative(recorded: number, now: number): number {
  const distance = Math.abs(now - recorded) / (1 + Math.abs(recorded));
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
}

function surroundings(manifest: VersionManifest, now: TrainerResult): Reproduction['surroundings'] {
  const before = { ...manifest.environment, trainer: manifest.trainer.digest ?? 'unknown' };
  const after: Record<string, string> = { ...now.environment, trainer: now.trainer.digest };
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((what) => ({ what, recorded: (before as Record<string, string>)[what] ?? '-', now: after[what] ?? '-' }))
    .filter(({ recorded, now: current }) => recorded !== current);
}
