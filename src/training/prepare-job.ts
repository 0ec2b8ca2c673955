/** Lays out the working folder of one training: `job.json`, an empty `out/`, a temporary folder; and the environment. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { durationMs } from '../config/values.ts';
import { type TrainerJob, trainerJob } from './contract.ts';
import type { TrainingOrder } from './order.ts';
import { trainersFolder } from './trainers.ts';

export interface PreparedJob {
  readonly job: TrainerJob;
  readonly jobFile: string;
  readonly logFile: string;
  readonly temporary: string;
}

/** Results of an earlier attempt in the same folder are removed: exit 0 without a model must not find an old one. */
export async function prepareJob(order: TrainingOrder): Promise<PreparedJob> {
  const output = join(order.workDir, 'out');
  const temporary = join(order.workDir, 'tmp');
  for (const folder of [output, temporary]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
  }
  if (order.checkpointDir) await mkdir(order.checkpointDir, { recursive: true });
  const job: TrainerJob = trainerJob.parse({
    contract: 1,
    run_id: order.run ?? 'by-hand',
    attempt: order.attempt ?? 1,
    task: order.task,
    seed: order.seed,
    threads: order.threads ?? freeThreads(),
    memory_mb: order.limits.memory_mb,
    deadline: new Date(Date.now() + durationMs(order.limits.wall_clock)).toISOString(),
    data: { train: order.train, validation: order.validation },
    schema: { label: '_label', weight: '_weight', numeric: order.numeric, categorical: order.categorical },
    categories: { min_count: order.categories.min_count, max_levels: order.categories.max_levels },
    class_weight: order.classWeight,
    calibration: order.calibration,
    fitted_calibration: order.fittedCalibration ?? null,
    rounds: order.rounds ?? null,
    params: order.params,
    output_dir: output,
    checkpoint_dir: order.checkpointDir ?? null,
  });
  const jobFile = join(order.workDir, 'job.json');
  await writeFile(jobFile, `${JSON.stringify(job, null, 2)}\n`);
  return { job, jobFile, logFile: join(order.workDir, 'trainer.log'), temporary };
}

/**
 * What a trainer sees of our environment: where programs and libraries are, and nothing that may be secret. It never
 * needs the store: its files are local copies.
 */
export function trainerEnvironmentVariables({ job, jobFile, temporary }: PreparedJob): NodeJS.ProcessEnv {
  const passed = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];
  const threads = String(job.threads);
  return {
    ...Object.fromEntries(passed.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
    TRAINER_JOB: jobFile,
    TMPDIR: temporary,
    PYTHONPATH: trainersFolder,
    PYTHONHASHSEED: '0',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUNBUFFERED: '1',
    PYTHONIOENCODING: 'utf-8',
    OMP_NUM_THREADS: threads,
    OPENBLAS_NUM_THREADS: threads,
    MKL_NUM_THREADS: threads,
  };
}

/** Cores that are idle now, at least one: many threads on a busy machine are slower than few (measured, 3 to 30 times). */
function freeThreads(): number {
  const cores = availableParallelism();
  return Math.max(1, Math.min(16, Math.round(cores - (loadavg()[0] ?? 0))));
}
