/** What can go wrong between a source and a raw snapshot. Every message names the file, column or row and a next step. */
import { HoneError } from '../../errors.ts';

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

  /** @param newest last day of the rows that there are */
  constructor(model: string, what: string, window: { from: string | null; to: string }, newest?: string) {
    const there = newest === undefined ? '' : `No row is newer than ${newest}. `;
    super(
      `${model} has no ${what} with an event time from ${window.from ?? 'the beginning'} to before ${window.to}. ${there}` +
        'Nothing was changed. Check as_of, data.event_time and training.window, and whether the source was delivered. ' +
        'To replay old data write `clock: logical` into config/hone.yaml and set the time with `hone clock set`.',
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
        'Run it by hand with HONE_FROM, HONE_TO, HONE_AS_OF and HONE_OUTPUT set, then start again.',
    );
  }
}
