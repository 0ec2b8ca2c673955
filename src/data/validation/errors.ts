/** What can go wrong while rules run, and what is refused to people who ask for rows that were set aside. */
import { type ExitCode, HoneError } from '../../errors.ts';

/** No run, or not the run that was named, set rows aside. */
export class QuarantineMissing extends HoneError {
  readonly code = 'HONE_QUARANTINE_MISSING';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(model: string, run: string | null) {
    super(
      `${run === null ? `No run of ${model}` : `Run ${run} of ${model}`} has rows set aside. Nothing was changed. ` +
        `\`hone data quarantine list ${model}\` shows the runs that have.`,
    );
  }
}

/** Rows that may not come back: they still break a rule, or it is not clear which rows are meant. */
export class ReadmissionRefused extends HoneError {
  readonly code = 'HONE_READMISSION_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 3;

  constructor(model: string, run: string, why: string) {
    super(
      `No row that ${run} set aside was re-admitted: ${why.replace(/\.$/, '')}. Nothing was written. Look at them with ` +
        `\`hone data quarantine show ${model} --run ${run}\`; change the rule in the model file, or vouch for rows with --vouch.`,
    );
  }
}

/** A rule's own SQL ran longer than any rule may. */
export class UserSqlTooSlow extends HoneError {
  readonly code = 'HONE_USER_SQL_TOO_SLOW';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(where: string, limitMs: number, options?: ErrorOptions) {
    super(
      `The SQL of ${where} ran longer than ${limitMs / 1000} s and was stopped. Nothing was changed. ` +
        'A rule looks at one row at a time: take joins, subqueries and generated lists out of it.',
      options,
    );
  }
}

/** The table that a `references` rule names is not there or has no such column. */
export class ReferenceTableUnreadable extends HoneError {
  readonly code = 'HONE_REFERENCE_TABLE_UNREADABLE';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(
      `The reference table ${path} of a rule cannot be used: ${problem}. Nothing was validated and nothing was changed. ` +
        'Correct references.path and references.key in the model file; relative paths start at the project folder.',
      options,
    );
  }
}
