/** Reads what a trainer left in its output folder and holds it against the job: nothing is taken on trust. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Signature, signature } from '../registry/contract.ts';
import {
  type FittedCalibration,
  fittedCalibration,
  type TrainerJob,
  type TrainerParity,
  trainerEnvironment,
  trainerImportance,
  trainerMetrics,
  trainerParity,
} from './contract.ts';
import { TrainerBrokeContract } from './errors.ts';

export interface TrainerOutputs {
  /** Path of `model.onnx`. */
  readonly model: string;
  readonly signature: Signature;
  readonly metrics: z.output<typeof trainerMetrics>;
  readonly parity: TrainerParity;
  readonly environment: Record<string, string>;
  readonly importance: Record<string, number>;
  readonly calibration: FittedCalibration | null;
}

/** A prediction a row as text is about 20 bytes; past this the file is no parity of a tabular model. */
const largestJson = 512 * 1_048_576;

/** @throws TrainerBrokeContract naming the file and what is wrong with it */
export async function readOutputs(trainer: string, job: TrainerJob): Promise<TrainerOutputs> {
  const folder = job.output_dir;
  const broke = (problem: string) => new TrainerBrokeContract(trainer, problem);
  const read = async <T>(name: string, schema: z.ZodType<T>, absent?: T): Promise<T> => {
    const path = join(folder, name);
    const size = await stat(path).then(
      (found) => found.size,
      () => undefined,
    );
    if (size === undefined) {
      if (absent !== undefined) return absent;
      throw broke(`it wrote no ${name}`);
    }
    if (size > largestJson) throw broke(`${name} has ${size} bytes, more than ${largestJson}`);
    let value: unknown;
    try {
      value = JSON.parse(await readFile(path, 'utf8'));
    } catch (error) {
      throw broke(`${name} is not JSON (${(error as Error).message})`);
    }
    const parsed = schema.safeParse(value);
    if (!parsed.success)
      throw broke(`${name} does not have the contract's form: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`);
    return parsed.data;
  };

  const model = join(folder, 'model.onnx');
  if (
    !(await stat(model).then(
      (found) => found.isFile(),
      () => false,
    ))
  )
    throw broke('it wrote no model.onnx');
  const found = {
    model,
    signature: await read('signature.json', signature),
    metrics: await read('metrics.json', trainerMetrics),
    parity: await read('parity.json', trainerParity),
    environment: await read('environment.json', trainerEnvironment),
    importance: await read('importance.json', trainerImportance, {}),
    calibration: await read('calibration.json', fittedCalibration.nullable(), null),
  };
  const problem = contradiction(found, job);
  if (problem) throw broke(problem);
  return found;
}

function contradiction({ signature: made, parity }: TrainerOutputs, job: TrainerJob): string | undefined {
  if (made.task !== job.task) return `signature.json says task ${made.task}, the job says ${job.task}`;
  if (!same(made.numeric, job.schema.numeric) || !same(made.categorical, job.schema.categorical)) {
    return "signature.json does not list the job's columns in the job's order";
  }
  if (parity.predictions.length !== parity.rows * parity.width) {
    return `parity.json holds ${parity.predictions.length} predictions for ${parity.rows} rows of ${parity.width}`;
  }
  const part = job.data.validation ? 'validation' : 'train';
  if (parity.part !== part) return `parity.json is of the ${parity.part} rows where the job asks for the ${part} rows`;
  return undefined;
}

function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, i) => name === right[i]);
}
