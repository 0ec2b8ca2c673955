/** Runs one training by the contract: job file, program, limits, results, parity through the serving runtime. */

import { durationMs } from '../config/values.ts';
import { readFeatureColumns } from '../data/columns.ts';
import { ensurePython } from '../local/python.ts';
import type { GoldenRow, Signature } from '../registry/contract.ts';
import { ModelRuntime } from '../serving/model-runtime.ts';
import { exitCodes, type FittedCalibration, type TrainerJob } from './contract.ts';
import { TrainerFailed, TrainerOutOfMemory, TrainerRefused, TrainerStopped, TrainerTimedOut } from './errors.ts';
import type { TrainingOrder } from './order.ts';
import { noteTrainer } from './orphans.ts';
import { readOutputs, type TrainerOutputs } from './outputs.ts';
import { pickGolden, replayParity } from './parity.ts';
import { type PreparedJob, prepareJob, trainerEnvironmentVariables } from './prepare-job.ts';
import { runProcess, type TrainerCommand, type TrainerEnd } from './trainer-process.ts';
import { findTrainer, type Trainer } from './trainers.ts';
import { requireUseOfWeights } from './weighted-rows.ts';

export type { TrainingOrder } from './order.ts';

export interface TrainerResult {
  readonly dir: string;
  /** Path of the checked `model.onnx`. */
  readonly model: string;
  readonly signature: Signature;
  /** The trainer's own figures on the validation rows, and `best_iteration`. */
  readonly metrics: Record<string, number>;
  readonly environment: Record<string, string>;
  readonly importance: Record<string, number>;
  readonly bestIteration: number;
  readonly calibration: FittedCalibration | null;
  readonly golden: GoldenRow[];
  readonly trainer: { readonly name: string; readonly digest: string };
  readonly peakMb: number;
  /** Processor time of the program, to a fifth of a second. */
  readonly cpuSeconds: number;
}

/**
 * @throws TrainerUnknown, TrainerIgnoresWeights, TrainerRefused, TrainerBrokeContract, ParityFailed, ModelRefused, SignatureMismatch (final);
 * TrainerStopped, TrainerTimedOut, TrainerFailed (may be tried again); TrainerOutOfMemory (final over its own limit)
 */
export async function runTrainer(order: TrainingOrder): Promise<TrainerResult> {
  const trainer = await findTrainer(order.trainer, order.base);
  if (order.weighted) await requireUseOfWeights(trainer);
  const prepared = await prepareJob(order);
  const end = await execute(trainer, order, prepared);
  refuseBadEnd(trainer, order, end);
  const outputs = await readOutputs(trainer.name, prepared.job);
  const golden = await proveParity(trainer, outputs, prepared.job);
  return {
    dir: prepared.job.output_dir,
    model: outputs.model,
    signature: outputs.signature,
    metrics: { ...outputs.metrics.metrics, best_iteration: outputs.metrics.best_iteration },
    environment: outputs.environment,
    importance: outputs.importance,
    bestIteration: outputs.metrics.best_iteration,
    calibration: outputs.calibration,
    golden,
    trainer: { name: trainer.name, digest: trainer.digest },
    peakMb: end.peakMb,
    cpuSeconds: end.cpuSeconds,
  };
}

async function execute(trainer: Trainer, order: TrainingOrder, prepared: PreparedJob): Promise<TrainerEnd> {
  const command: TrainerCommand['command'] = trainer.requirements
    ? [order.python ?? (await ensurePython({ requirements: trainer.requirements })).python, trainer.program]
    : [trainer.program];
  const { writtenDown } = order;
  const noted = writtenDown && ((pid: number) => noteTrainer(writtenDown, pid, command, prepared.logFile));
  try {
    return await runProcess(
      {
        command,
        cwd: order.workDir,
        env: trainerEnvironmentVariables(prepared),
        logFile: prepared.logFile,
        ...(noted ? { noted } : {}),
      },
      {
        wallClockMs: durationMs(order.limits.wall_clock),
        memoryMb: order.limits.memory_mb,
        ...(order.graceMs === undefined ? {} : { graceMs: order.graceMs }),
      },
      order.onProgress ?? (() => undefined),
      order.signal,
    );
  } catch (error) {
    throw new TrainerFailed(trainer.name, `could not be started (${(error as Error).message})`, { log: [] }, false);
  }
}

/** Our own reason for ending it comes before its exit code: a program killed for its memory also ends by SIGKILL. */
function refuseBadEnd({ name }: Trainer, order: TrainingOrder, end: TrainerEnd): void {
  const { words } = end;
  if (end.stopped === 'memory')
    throw new TrainerOutOfMemory(name, { limitMb: order.limits.memory_mb, usedMb: end.peakMb }, words);
  if (end.code === exitCodes.done) return; // done all the same, though it may have been told to stop
  if (end.stopped === 'wall_clock')
    throw new TrainerTimedOut(name, durationMs(order.limits.wall_clock), end.killed, words);
  if (end.stopped === 'cancelled') throw new TrainerStopped(name, words);
  if (end.code === exitCodes.badJob) throw new TrainerRefused(name, 'parameters', words);
  if (end.code === exitCodes.badData) throw new TrainerRefused(name, 'data', words);
  if (end.code === exitCodes.stopped) throw new TrainerStopped(name, words);
  if (end.code === exitCodes.outOfMemory || end.signal === 'SIGKILL') throw new TrainerOutOfMemory(name, null, words);
  throw new TrainerFailed(name, end.signal ? `crashed by ${end.signal}` : `failed with exit code ${end.code}`, words);
}

async function proveParity(trainer: Trainer, outputs: TrainerOutputs, job: TrainerJob): Promise<GoldenRow[]> {
  const { numeric, categorical } = outputs.signature;
  const runtime = await ModelRuntime.load(outputs.model, outputs.signature);
  try {
    const rows = await readFeatureColumns(job.data.validation ?? job.data.train, { numeric, categorical });
    await replayParity(trainer.name, runtime, rows, outputs.parity);
    return await pickGolden(runtime, rows, outputs.parity.offset);
  } finally {
    await runtime.release();
  }
}
