/** What can go wrong between a source and feature rows. Every message names the file, column or row and a next step. */
import { type ExitCode, HoneError } from '../errors.ts';

const some = (names: readonly string[]) =>
  names.slice(0, 12).join(', ') + (names.length > 12 ? `, … (${names.length} in all)` : '');

/** No file stands where the model file says. */
export class SourceMissing extends HoneError {
  readonly code = 'HONE_SOURCE_MISSING';
  readonly retryable = false;

  constructor(path: string, base: string) {
    super(
      `No file matches data.source.path "${path}" (looked from ${base}). Nothing was read and nothing was changed. ` +
        'Check the path in the model file; relative paths start at the project folder.',
    );
  }
}

/** A source file is damaged or not of the type that the model file says. */
export class SourceUnreadable extends HoneError {
  readonly code = 'HONE_SOURCE_UNREADABLE';
  readonly retryable = false;

  constructor(file: string, problem: string, cure: string, options?: ErrorOptions) {
    super(`${file} cannot be read: ${problem}. No snapshot was made and nothing was changed. ${cure}`, options);
  }
}

/** A source file looks half-written, or changed while it was being read: the same call may succeed later. */
export class SourceIncomplete extends HoneError {
  readonly code = 'HONE_SOURCE_INCOMPLETE';
  readonly retryable = true;

  constructor(file: string, problem: string) {
    super(
      `${file} is not complete: ${problem}. No snapshot was made and nothing was changed. If it is still being ` +
        'written, wait and start again (write aside and rename to avoid this); otherwise restore or remove it.',
    );
  }
}

/** The data lacks a column that the model file names. */
export class SourceColumnMissing extends HoneError {
  readonly code = 'HONE_SOURCE_COLUMN_MISSING';
  readonly retryable = false;

  constructor(column: string, role: string, found: readonly string[]) {
    super(
      `The source has no column "${column}", which the model file names as ${role}. It has: ${some(found)}. ` +
        'Nothing was changed. Correct the name in the model file (capitals count), or add the column to the source.',
    );
  }
}

/** A column is there but its type or content cannot play the role it was given. */
export class SourceColumnUnsuitable extends HoneError {
  readonly code = 'HONE_SOURCE_COLUMN_UNSUITABLE';
  readonly retryable = false;

  constructor(column: string, role: string, problem: string, cure: string) {
    super(`Column "${column}" cannot be ${role}: ${problem}. Nothing was changed. ${cure}`);
  }
}

/** The window holds no row, or none that may be used. */
export class SourceWithoutRows extends HoneError {
  readonly code = 'HONE_SOURCE_WITHOUT_ROWS';
  readonly retryable = false;

  constructor(model: string, what: string, window: { from: string | null; to: string }) {
    super(
      `${model} has no ${what} with an event time from ${window.from ?? 'the beginning'} to before ${window.to}. ` +
        'Nothing was changed. Check as_of, data.event_time and training.window, and whether the source was delivered.',
    );
  }
}

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

/** The command of a `command` source failed, ran too long or left nothing to read. */
export class SourceCommandFailed extends HoneError {
  readonly code = 'HONE_SOURCE_COMMAND_FAILED';
  readonly retryable = true;

  constructor(command: string, problem: string, stderr: string) {
    super(
      `The source command ${command} failed: ${problem}. No snapshot was made and nothing was changed. ` +
        (stderr ? `Its last words: ${stderr}. ` : 'It wrote nothing to stderr. ') +
        'Run it by hand with HONE_AS_OF and HONE_OUTPUT set, then start again.',
    );
  }
}

/** Features in the model file contradict themselves. */
export class FeatureDefinitionInvalid extends HoneError {
  readonly code = 'HONE_FEATURE_DEFINITION_INVALID';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(model: string, feature: string, problem: string, cure: string) {
    super(`${model}: feature "${feature}" ${problem}. Nothing was changed. ${cure}`);
  }
}

/** Rows sent for prediction do not fit the feature definition. */
export class FeatureRowsInvalid extends HoneError {
  readonly code = 'HONE_FEATURE_ROWS_INVALID';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;
  readonly problems: readonly FieldProblem[];

  constructor(problems: readonly FieldProblem[], total: number) {
    const shown = problems.slice(0, 5).map(({ row, field, problem }) => `rows[${row}].${field} ${problem}`);
    super(
      `${total} field${total === 1 ? '' : 's'} cannot be used: ${shown.join('; ')}${total > shown.length ? '; …' : ''}. ` +
        'No prediction was made for this request. Send every raw column that the model uses; null where it is unknown.',
    );
    this.problems = problems;
  }
}

export interface FieldProblem {
  readonly row: number;
  readonly field: string;
  readonly problem: string;
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
        'Use a shorter training.window, or a machine with more memory and a higher limit.',
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
