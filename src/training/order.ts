/** What one training is asked to do. */
import type { ModelConfig, Task } from '../config/model.ts';
import type { FittedCalibration, TrainerProgress } from './contract.ts';
import type { TrainerOwner } from './orphans.ts';

export interface TrainingOrder {
  /** As in the model file: `lightgbm`, or a program's path relative to `base`. */
  readonly trainer: string;
  readonly base?: string;
  readonly run?: string;
  readonly attempt?: number;
  /** Parquet files with the columns of a feature snapshot; `validation` null is a refit. */
  readonly train: readonly string[];
  readonly validation: readonly string[] | null;
  /** The training rows do not all weigh 1: a trainer that does not declare that it uses weights is refused. */
  readonly weighted?: boolean;
  readonly numeric: readonly string[];
  readonly categorical: readonly string[];
  readonly task: Task;
  readonly params: ModelConfig['training']['params'];
  readonly seed: number;
  readonly categories: { readonly min_count: number; readonly max_levels: number };
  readonly classWeight: ModelConfig['training']['class_weight'];
  readonly calibration: ModelConfig['training']['calibration'];
  /** A refit has no rows to calibrate on: it takes over what was fitted for its judged twin. */
  readonly fittedCalibration?: FittedCalibration | null;
  /** A refit trains exactly this many: the judged twin's `bestIteration`. */
  readonly rounds?: number | null;
  readonly limits: ModelConfig['training']['limits'];
  readonly threads?: number;
  /** Emptied of earlier results; `job.json`, `trainer.log` and `out/` stay behind for a person. */
  readonly workDir: string;
  /** Shared by the attempts of one training, so that a retry goes on. */
  readonly checkpointDir?: string | null;
  /** Interpreter to use instead of the environment that the trainer's requirements ask for. */
  readonly python?: string;
  /** Where the program is written down while it runs, so that one whose worker dies is found. */
  readonly writtenDown?: TrainerOwner;
  readonly graceMs?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: TrainerProgress) => void;
}
