/** How a training can end badly, and whether the same job may be tried again. */
import { type ExitCode, HoneError } from '../errors.ts';

/** What the program last said about its own failure, and the end of its log: already sanitised. */
export interface LastWords {
  readonly error?: string | undefined;
  readonly log: readonly string[];
}

const unchanged = 'No version was registered and the champion stays live.';

function saying({ error, log }: LastWords): string {
  if (error) return ` It said: ${error}`;
  const tail = log.slice(-3).join(' | ');
  return tail ? ` Its last lines: ${tail}` : ' It printed nothing.';
}

/** The configuration names a trainer that is not there. */
export class TrainerUnknown extends HoneError {
  readonly code = 'HONE_TRAINER_UNKNOWN';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(name: string, tried: readonly string[]) {
    super(
      `There is no trainer "${name}": looked for ${tried.join(', ')}. Nothing was trained. ` +
        'Write `lightgbm` for the shipped one, or the path of a program relative to the project folder, in training.trainer.',
    );
  }
}

/** Exit 64 or 65: the program refuses the parameters or the rows. Final. */
export class TrainerRefused extends HoneError {
  readonly code = 'HONE_TRAINER_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(trainer: string, what: 'parameters' | 'data', words: LastWords) {
    const cure =
      what === 'parameters'
        ? 'Correct `training` in the model file, then start a run again.'
        : 'Look at the validation report of this run, correct the data or the features, then start a run again.';
    super(`The trainer ${trainer} refused the ${what}.${saying(words)} ${unchanged} ${cure}`);
  }
}

/** Exit 75, or stopped on request: a retry goes on from the checkpoint where there is one. */
export class TrainerStopped extends HoneError {
  readonly code = 'HONE_TRAINER_STOPPED';
  readonly retryable = true;

  constructor(trainer: string, words: LastWords) {
    super(
      `The trainer ${trainer} was stopped before its end.${saying(words)} ${unchanged} A retry goes on from its checkpoint.`,
    );
  }
}

/** Past `training.limits.wall_clock`. The checkpoint it may have written lets a retry go on. */
export class TrainerTimedOut extends HoneError {
  readonly code = 'HONE_TRAINER_TIMED_OUT';
  readonly retryable = true;

  constructor(trainer: string, limitMs: number, killed: boolean, words: LastWords) {
    super(
      `The trainer ${trainer} was not done after ${limitMs / 1000} s (training.limits.wall_clock) and was ` +
        `${killed ? 'killed: it did not answer SIGTERM' : 'stopped'}.${saying(words)} ${unchanged} ` +
        'Raise the limit, or train fewer rounds or rows.',
    );
  }
}

/** Over `training.limits.memory_mb` (final), or killed from outside as the kernel does (may be tried again). */
export class TrainerOutOfMemory extends HoneError {
  readonly code = 'HONE_TRAINER_OUT_OF_MEMORY';
  readonly retryable: boolean;
  /** The first sentence. */
  readonly happened: string;

  constructor(trainer: string, found: { limitMb: number; usedMb: number } | null, words: LastWords) {
    const happened = found
      ? `The trainer ${trainer} used ${found.usedMb} MB of memory where training.limits.memory_mb allows ${found.limitMb}, and was killed.`
      : `The trainer ${trainer} was killed (exit 137 or SIGKILL), most likely because this machine ran out of memory.`;
    const cure = found
      ? 'Raise the limit, train on a shorter window, or name smaller settings in training.on_out_of_memory.'
      : 'Give the machine more memory, or set training.limits.memory_mb below what is free so that the limit is named.';
    super(`${happened}${saying(words)} ${unchanged} ${cure}`);
    this.happened = happened;
    this.retryable = found === null;
  }
}

/** The rows do not weigh the same, and the trainer does not say that it would notice. Final. */
export class TrainerIgnoresWeights extends HoneError {
  readonly code = 'HONE_TRAINER_IGNORES_WEIGHTS';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(trainer: string, declaration: string, problem: string) {
    super(
      `The training rows carry weights (training.window.decay), and the trainer ${trainer} does not declare that it uses them: ` +
        `looked at ${declaration}, ${problem}. Nothing was trained. ${unchanged} Where it fits by the column _weight ` +
        '(in Python: hands `weights` to its estimator), write {"contract": 1, "weights": true} there; otherwise leave decay out.',
    );
  }
}

/** Any other exit code, a crash by signal, or a program that cannot be started. */
export class TrainerFailed extends HoneError {
  readonly code = 'HONE_TRAINER_FAILED';
  readonly retryable: boolean;

  constructor(trainer: string, how: string, words: LastWords, retryable = true) {
    super(
      `The trainer ${trainer} ${how}.${saying(words)} ${unchanged} ` +
        'Its whole log is in the working folder (trainer.log); run it again by hand with TRAINER_JOB set to the job.json beside it.',
    );
    this.retryable = retryable;
  }
}

/** Exit 0, but the results are missing, malformed or contradict each other. Final. */
export class TrainerBrokeContract extends HoneError {
  readonly code = 'HONE_TRAINER_BROKE_CONTRACT';
  readonly retryable = false;

  constructor(trainer: string, problem: string) {
    super(
      `The trainer ${trainer} ended as if all were well, but ${problem}. ${unchanged} ` +
        'Mend the trainer: docs name the files it must write, and trainers/hone_trainer writes them all.',
    );
  }
}

/** The graph does not give what the trainer's own library predicts. Final. */
export class ParityFailed extends HoneError {
  readonly code = 'HONE_PARITY_FAILED';
  readonly retryable = false;

  constructor(
    trainer: string,
    differing: number,
    rows: number,
    worst: { row: number; trainer: number; graph: number },
    tolerance: number,
  ) {
    super(
      `The exported model does not predict what the trainer ${trainer} predicted: ${differing} of ${rows} rows differ by more than ` +
        `${tolerance} relative to 1 + |prediction| (worst: row ${worst.row}, trainer ${worst.trainer}, graph ${worst.graph}). ${unchanged} ` +
        'Look at what computes in float64 before a tree splits (leave scalers out in front of trees), at missing values and at unseen categories.',
    );
  }
}

/** The version did not come from a training of hone, so there is nothing to train again. */
export class NotReproducible extends HoneError {
  readonly code = 'HONE_NOT_REPRODUCIBLE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(model: string, version: number) {
    super(
      `Version ${version} of ${model} was imported, so its data, parameters and seed are not known and it cannot be trained again. ` +
        `Nothing was changed. \`hone registry list ${model}\` shows versions with a run.`,
    );
  }
}

/** Every trial of `training.search` failed. Each has its reason in the run's record. */
export class SearchFoundNothing extends HoneError {
  readonly code = 'HONE_SEARCH_FOUND_NOTHING';
  readonly retryable = false;

  constructor(run: string, trials: readonly { readonly name: string; readonly failed?: string | undefined }[]) {
    const [first] = trials;
    const why = first ? ` The first, ${first.name}: ${first.failed ?? 'it has no value'}` : '';
    super(
      `None of the ${trials.length} trials of training.search in ${run} could be chosen.${why} ${unchanged} ` +
        `All reasons: hone run show ${run}. Correct training.search or training.params in the model file, then start a run again.`,
    );
  }
}
