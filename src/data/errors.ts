/** What can go wrong in the engine and in the SQL that people write for it. */
import { type ExitCode, HoneError } from '../errors.ts';

/** SQL that a person wrote did not run: a source query, a rule or a feature expression. */
export class UserSqlFailed extends HoneError {
  readonly code = 'HONE_USER_SQL_FAILED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(where: string, problem: string, options?: ErrorOptions) {
    super(
      `The SQL of ${where} does not run: ${problem}. Nothing was changed. It runs locked down: it sees this model's ` +
        'source only, no other file, no address and no setting. Correct it in the model file.',
      options,
    );
  }
}

/** SQL that a person wrote was stopped because it ran too long. */
export class UserSqlTimedOut extends HoneError {
  readonly code = 'HONE_USER_SQL_TIMED_OUT';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(limit: { where: string; setting: string; ms: number }, options?: ErrorOptions) {
    super(
      `The SQL of ${limit.where} was stopped after ${limit.ms / 1000} s, its time limit. Nothing was changed. A join without a ` +
        `condition is the usual reason. Simplify it, or raise ${limit.setting} in the model file.`,
      options,
    );
  }
}

/** The engine failed in a way that nobody above could explain better. */
export class DataEngineFailed extends HoneError {
  readonly code = 'HONE_DATA_ENGINE_FAILED';
  readonly retryable = false;

  constructor(problem: string, cause: unknown) {
    super(
      `The data engine could not finish: ${problem}. Nothing was changed. If the data and the model file are right, ` +
        'report this message with the version of hone.',
      { cause },
    );
  }
}

/** The work does not fit into the memory that the engine was given, even with spilling. */
export class DataEngineOutOfMemory extends HoneError {
  readonly code = 'HONE_DATA_ENGINE_OUT_OF_MEMORY';
  readonly retryable = false;

  constructor(memoryMb: number, cause: unknown) {
    super(
      `The data does not fit into the engine's memory limit of ${memoryMb} MB. Nothing was changed. ` +
        'Use a shorter training.window; for ingest, raise data.memory_mb in config/hone.yaml (wide tables need more than 400).',
      { cause },
    );
  }
}

/** The disk that takes spilled and written data is full. */
export class DataEngineOutOfSpace extends HoneError {
  readonly code = 'HONE_DATA_ENGINE_OUT_OF_SPACE';
  readonly retryable = true;

  constructor(folder: string, cause: unknown) {
    super(
      `No room is left on the disk of ${folder}. Temporary files were removed and nothing was changed. Make room, then try again.`,
      {
        cause,
      },
    );
  }
}
