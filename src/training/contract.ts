/** The trainer contract, version 1: what a program is given and what it leaves behind. Any language can obey it. */
import { z } from 'zod';

const params = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]));

/** A fitted calibration, as numbers that the graph carries: a refit takes over that of its judged twin. */
export const fittedCalibration = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sigmoid'), a: z.number(), b: z.number() }),
  z.strictObject({ kind: z.literal('isotonic'), x: z.array(z.number()).min(2), y: z.array(z.number()).min(2) }),
]);
export type FittedCalibration = z.output<typeof fittedCalibration>;

/** `job.json`, named by the environment variable `TRAINER_JOB`. Unknown keys may come with later releases. */
export const trainerJob = z.object({
  contract: z.literal(1),
  run_id: z.string(),
  attempt: z.number().int().positive(),
  task: z.enum(['binary', 'multiclass', 'regression']),
  seed: z.number().int().nonnegative(),
  /** The program uses no more than this many threads. */
  threads: z.number().int().positive(),
  memory_mb: z.number().int().positive(),
  /** Wall-clock time (ISO 8601) after which the program is stopped. */
  deadline: z.string(),
  /** Parquet files with the columns of a feature snapshot; `validation` is null in a refit. */
  data: z.object({ train: z.array(z.string()).min(1), validation: z.array(z.string()).min(1).nullable() }),
  /** Feature columns in signature order: float32 (null is NaN), and strings (null is ''). */
  schema: z.object({
    label: z.literal('_label'),
    /** What a training row counts, class weights not included; all 1 unless the model file asks for decay. */
    weight: z.literal('_weight'),
    numeric: z.array(z.string()),
    categorical: z.array(z.string()),
  }),
  /** Levels are fitted on training rows only: those with `min_count` rows, at most `max_levels`; the rest is unseen. */
  categories: z.object({ min_count: z.number().int().positive(), max_levels: z.number().int().positive() }),
  class_weight: z.enum(['none', 'balanced']),
  calibration: z.enum(['none', 'sigmoid', 'isotonic']),
  fitted_calibration: fittedCalibration.nullable(),
  /** A refit trains exactly this many rounds: the judged twin's best iteration. */
  rounds: z.number().int().positive().nullable(),
  params,
  output_dir: z.string(),
  /** Survives a retry of the same job; null where nothing can be kept. */
  checkpoint_dir: z.string().nullable(),
});
export type TrainerJob = z.output<typeof trainerJob>;

/** `<program>.trainer.json` beside a trainer, without the program's ending: what it can do that not every trainer can. */
export const trainerDeclaration = z.object({
  contract: z.literal(1),
  /** It fits by the column `_weight`. Rows that do not all weigh 1 are given to no other trainer. */
  weights: z.boolean(),
});

/** One JSON object a line on standard output; other lines are kept as log, never an error. */
export const trainerLine = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    step: z.number().int().nonnegative(),
    of: z.number().int().nonnegative(),
    metrics: z.record(z.string(), z.number()).optional(),
  }),
  z.object({ type: z.literal('log'), level: z.string().default('info'), message: z.string() }),
  z.object({ type: z.literal('error'), code: z.string().default('failed'), message: z.string() }),
]);
export type TrainerLine = z.output<typeof trainerLine>;
export type TrainerProgress = Extract<TrainerLine, { type: 'progress' }>;

/** `metrics.json`: the trainer's own figures on validation rows (empty in a refit). */
export const trainerMetrics = z.object({
  metrics: z.record(z.string(), z.number()),
  best_iteration: z.number().int().nonnegative(),
  rows: z.object({ train: z.number().int(), validation: z.number().int() }),
});

/**
 * `parity.json`: the trainer's own predictions, row-major rows × width, for all validation rows in file order; in a
 * refit for the training rows from `offset` to the end.
 */
export const trainerParity = z.object({
  part: z.enum(['validation', 'train']),
  offset: z.number().int().nonnegative(),
  rows: z.number().int().positive(),
  width: z.number().int().positive(),
  predictions: z.array(z.number()),
});
export type TrainerParity = z.output<typeof trainerParity>;

/** `environment.json`: interpreter, platform, threads and packages, all that the result depends on. */
export const trainerEnvironment = z.record(z.string(), z.string());

/** `importance.json` (optional): share of the whole by feature, summing to 1. */
export const trainerImportance = z.record(z.string(), z.number());

/** Exit codes that mean something; every other code is a failure that may be tried again. */
export const exitCodes = { done: 0, badJob: 64, badData: 65, failed: 70, stopped: 75, outOfMemory: 137 } as const;
