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

/** Two windows that share no column. */
export class NoCommonColumns extends HoneError {
  readonly code = 'HONE_DRIFT_NO_COMMON_COLUMNS';
  readonly retryable = false;
  override readonly exitCode = 2;
  constructor(reference: readonly string[], current: readonly string[]) {
    super(
      `The two windows share no column that can be compared: the reference has ${list(reference)}, the current window ` +
        `has ${list(current)}. Nothing was compared. Name files of the same table, or give \`columns\`.`,
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
