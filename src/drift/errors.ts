/** What can go wrong while windows are compared. */
import { HoneError } from '../errors.ts';

/** A reference window without rows. */
export class ReferenceEmpty extends HoneError {
  readonly code = 'HONE_DRIFT_REFERENCE_EMPTY';
  readonly retryable = false;
  constructor(name: string) {
    super(
      `The reference "${name}" has no rows, so there is nothing to hold a later window against. ` +
        'Nothing was stored. Point it at files that hold rows, or widen its time.',
    );
  }
}

/** No file where a window of a comparison should be. */
export class WindowMissing extends HoneError {
  readonly code = 'HONE_DRIFT_WINDOW_MISSING';
  readonly retryable = false;
  override readonly exitCode = 2;
  constructor(path: string, cwd: string) {
    super(
      `No file to compare at "${path}" (looked from ${cwd}). Nothing was compared. ` +
        'Name a Parquet, CSV or JSON lines file, a glob in quotes, or a folder of such files.',
    );
  }
}

/** A window's file that cannot be read. */
export class WindowUnreadable extends HoneError {
  readonly code = 'HONE_DRIFT_WINDOW_UNREADABLE';
  readonly retryable = false;
  override readonly exitCode = 2;
  constructor(path: string, problem: string, cure: string, options?: ErrorOptions) {
    super(`${path} cannot be compared: ${problem}. Nothing was compared. ${cure}`, options);
  }
}

/** A time column that is not there, or holds no times. */
export class TimeColumnUnusable extends HoneError {
  readonly code = 'HONE_DRIFT_TIME_COLUMN';
  readonly retryable = false;
  override readonly exitCode = 2;
  constructor(column: string, problem: string) {
    super(
      `Column "${column}" cannot tell the time: ${problem}. Nothing was compared. Name a timestamp, a date or ` +
        'milliseconds since 1970, or leave it out: noise is then that of independent rows.',
    );
  }
}

/** Two windows that share no column which can be compared. */
export class NoCommonColumns extends HoneError {
  readonly code = 'HONE_DRIFT_NO_COMMON_COLUMNS';
  readonly retryable = false;
  override readonly exitCode = 2;
  constructor(columns: readonly { readonly name: string; readonly untested: string | null }[]) {
    super(
      `The two windows share no column that can be compared. Of the reference: ` +
        `${list(columns.map(({ name, untested }) => `${name} (${untested})`))}. Nothing was compared. Name files of the same table.`,
    );
  }
}

/** Two profiles of a column that were made with different bounds. */
export class ProfilesDoNotAdd extends HoneError {
  readonly code = 'HONE_DRIFT_PROFILES_DO_NOT_ADD';
  readonly retryable = false;
  constructor(column: string, first: string, second: string) {
    super(
      `Two profiles of column ${column} cannot be added: one is ${first}, the other ${second}. Nothing was changed. ` +
        'Profile the rows again with the bounds of the reference.',
    );
  }
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  return names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')} and ${names.length - 8} more`;
}
