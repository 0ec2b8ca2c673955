/** Trainings by content: the same rows, parameters, seed and trainer are one model file, kept between backtests. */
import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ModelConfig } from '../config/model.ts';
import { withDuckDb } from '../data/engine.ts';
import { buildFeatures, buildRefitFeatures } from '../data/features/build.ts';
import { parquetOf } from '../data/sql-text.ts';
import { read } from '../drift/profile.ts';
import { windowGeometry } from '../evaluation/geometry.ts';
import { digest, geometry, instant, type Signature, signature } from '../registry/contract.ts';
import { blobKey, digestOf, fetchBlob, sha256OfFile } from '../store/content.ts';
import { type FittedCalibration, fittedCalibration } from '../training/contract.ts';
import { runTrainer } from '../training/run-trainer.ts';
import { findTrainer } from '../training/trainers.ts';
import type { Past } from './past.ts';
import { inTurns } from './turns.ts';

export interface Recipe {
  readonly config: ModelConfig;
  readonly asOf: string;
  /** `judged` holds validation and holdout out; `full` takes every mature row of the training window. */
  readonly part: 'judged' | 'full';
  /** What a refit takes over from its judged twin; null where there is none. */
  readonly rounds: number | null;
  readonly calibration: FittedCalibration | null;
}

export interface Trained {
  /** Differs where anything differs that the model depends on. */
  readonly key: string;
  readonly model: string;
  readonly signature: Signature;
  /** All that it was trained with: with `training.search` those of the chosen trial. */
  readonly params: ModelConfig['training']['params'];
  readonly rounds: number;
  readonly calibration: FittedCalibration | null;
  /** Of the rows it was fitted on. */
  readonly rows: number;
  readonly labelMean: number;
  readonly from: string;
  readonly to: string;
  /** The end of what it was fitted, stopped or calibrated on. */
  readonly fitEnd: string;
  /** Of the trainer program, when it was trained. */
  readonly cpuSeconds: number;
}

const features = z.strictObject({
  geometry,
  numeric: z.array(z.string()),
  categorical: z.array(z.string()),
  parts: z.array(z.strictObject({ part: z.string(), sha256: digest })),
  fitted: z.strictObject({ rows: z.number(), labelMean: z.number(), from: instant, to: instant }),
});
type Features = z.output<typeof features>;

const result = z.strictObject({
  /** Of the model file: what is damaged is trained again. */
  sha256: digest,
  signature,
  rounds: z.number(),
  calibration: fittedCalibration.nullable(),
  cpuSeconds: z.number(),
});

export interface TrainingsInput {
  readonly past: Past;
  /** Folder that outlives this backtest. */
  readonly cacheDir: string;
  /** How many trainers run at once. */
  readonly trainers: number;
  readonly onTrained?: (done: { readonly trained: number; readonly cached: number }) => void;
}

export interface Trainings {
  train(recipe: Recipe): Promise<Trained>;
}

/** Changes when what is kept changes its meaning. */
const FORMAT = 1;

export function openTrainings({ past, cacheDir, trainers, onTrained }: TrainingsInput): Trainings {
  const known = new Map<string, Promise<Trained>>();
  const building = inTurns(1);
  const training = inTurns(trainers);
  const counts = { trained: 0, cached: 0 };
  const { signal } = past;

  async function make(recipe: Recipe, rowsKey: string, recipeKey: string): Promise<Trained> {
    const { config, part, rounds, calibration } = recipe;
    const trainer = await findTrainer(config.training.trainer, past.base);
    // of this recipe alone: another one may take the same rows at the same time
    const workDir = join(past.workDir, 'trainings', recipeKey.slice(0, 24));
    const folder = join(workDir, 'parts');
    const kept = join(cacheDir, 'rows', `${rowsKey}.json`);
    const build = () => building(() => buildRows(past, recipe, folder));
    const indexed = (await readJson(kept, features)) ?? null;
    const rows = indexed ?? (await build());
    if (indexed === null) await writeAside(kept, rows);

    const { class_weight: classWeight, calibration: kind, params, seed } = config.training;
    const key = digestOf({
      ...{ format: FORMAT, trainer: trainer.digest, task: config.task, part, rounds, calibration, params, seed },
      ...{ classWeight, kind, categories: config.features.categories, numeric: rows.numeric },
      ...{ categorical: rows.categorical, parts: rows.parts.filter((one) => one.part !== 'holdout') },
    });
    const found = join(cacheDir, 'models', key);
    const trainedBefore = await keptModel(found);
    if (trainedBefore === undefined) {
      if (indexed !== null) await build();
      const pathsOf = (name: string) =>
        rows.parts.filter((one) => one.part === name).map(({ sha256 }) => join(folder, sha256.slice(0, 2), sha256));
      const made = await training(() =>
        runTrainer({
          trainer: config.training.trainer,
          run: `backtest-${key.slice(0, 8)}`,
          train: pathsOf(part === 'full' ? 'refit' : 'train'),
          validation: part === 'full' ? null : pathsOf('validation'),
          numeric: rows.numeric,
          categorical: rows.categorical,
          task: config.task,
          params,
          seed,
          categories: config.features.categories,
          classWeight,
          weighted: config.training.window.decay !== undefined,
          calibration: part === 'full' && calibration === null ? 'none' : kind,
          limits: config.training.limits,
          rounds,
          fittedCalibration: calibration,
          threads: 1, // as many trainers as cores; and a model may depend on the number of threads
          workDir,
          base: past.base,
          ...(signal ? { signal } : {}),
        }),
      );
      const { signature, bestIteration, cpuSeconds } = made;
      const about = { signature, rounds: bestIteration, calibration: made.calibration, cpuSeconds };
      await keep(found, made.model, { sha256: await sha256OfFile(made.model), ...about });
    }
    await rm(workDir, { recursive: true, force: true });
    counts[trainedBefore === undefined ? 'trained' : 'cached'] += 1;
    onTrained?.({ ...counts });
    const there = trainedBefore ?? (await keptModel(found));
    if (there === undefined) throw new RangeError(`${found} was removed while the backtest ran`);
    const fitEnd = part === 'full' ? rows.geometry.mature_before : rows.geometry.fit_end;
    const { sha256: _, ...about } = there;
    return { key, model: join(found, 'model.onnx'), params, ...about, ...rows.fitted, fitEnd };
  }

  return {
    async train(recipe) {
      const rowsKey = keyOfRows(past, recipe);
      const key = digestOf({
        rowsKey,
        rounds: recipe.rounds,
        calibration: recipe.calibration,
        t: recipe.config.training,
      });
      const running = known.get(key) ?? make(recipe, rowsKey, key);
      known.set(key, running);
      return running;
    },
  };
}

/** What the rows depend on, known without reading any: raw data, definition, time and windows. */
function keyOfRows(past: Past, { config, asOf, part }: Recipe): string {
  const { label, event_time, id, entity } = config.data;
  return digestOf({
    ...{ format: FORMAT, raw: past.raw, definition: past.definition.digest, asOf, part },
    ...{ label, event_time, id, entity, window: config.training.window, slices: config.gate.slices.columns },
    geometry: windowGeometry(config, asOf, past.earliest),
  });
}

/** The production stage's own rows, as files of this training alone; nothing of them stays in the store. */
async function buildRows(past: Past, { config, asOf, part }: Recipe, folder: string): Promise<Features> {
  const { store, cacheDir, raw, workDir, signal } = past;
  const windows = windowGeometry(config, asOf, past.earliest);
  const input = { store, cacheDir, raw, config, asOf, geometry: windows, workDir: join(workDir, 'features') };
  const build = part === 'full' ? buildRefitFeatures : buildFeatures;
  const { manifest } = await build({ ...input, ...(signal ? { signal } : {}) });
  const parts = manifest.parts.map((one) => ({ part: one.part, sha256: one.file.sha256 }));
  const paths = new Map<string, string>();
  for (const { part: name, sha256 } of parts) {
    paths.set(name, await fetchBlob(store, sha256, folder));
    await store.remove(blobKey(sha256));
  }
  const fitted = await withDuckDb({ tempDir: input.workDir, threads: 1 }, async (db) => {
    const table = parquetOf([paths.get(part === 'full' ? 'refit' : 'train') ?? '']);
    const [rows, mean, from, to] = await read(
      db,
      `SELECT count(*)::DOUBLE, avg(_label), min(_event_time)::DOUBLE, max(_event_time)::DOUBLE FROM ${table}`,
    );
    const iso = (ms: unknown) => new Date(Number(ms)).toISOString();
    return { rows: Number(rows?.[0]), labelMean: Number(mean?.[0]), from: iso(from?.[0]), to: iso(to?.[0]) };
  });
  const { numeric, categorical } = manifest;
  return { geometry: manifest.geometry, numeric, categorical, parts, fitted };
}

/** Undefined where there is none that is whole; what is left of a damaged one is removed. */
async function keptModel(folder: string): Promise<z.output<typeof result> | undefined> {
  const about = await readJson(join(folder, 'training.json'), result);
  const found = await sha256OfFile(join(folder, 'model.onnx')).catch(() => undefined);
  if (about !== undefined && about.sha256 === found) return about;
  await rm(folder, { recursive: true, force: true });
  return undefined;
}

async function keep(folder: string, model: string, about: z.output<typeof result>): Promise<void> {
  const aside = `${folder}.${randomUUID()}`;
  await mkdir(aside, { recursive: true });
  await copyFile(model, join(aside, 'model.onnx'));
  await writeFile(join(aside, 'training.json'), JSON.stringify(about));
  await rename(aside, folder).catch(async (error: NodeJS.ErrnoException) => {
    await rm(aside, { recursive: true, force: true });
    // another backtest was first: its model is the same
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
}

async function writeAside(path: string, value: unknown): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(aside, JSON.stringify(value));
  await rename(aside, path);
}

/** Undefined where there is none, or where another release wrote it. */
async function readJson<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S> | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
