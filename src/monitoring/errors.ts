/** What can go wrong when people ask about, or add to, what was recorded. */
import { type ExitCode, HoneError } from '../errors.ts';

/** A query over what was recorded is not one SELECT over the views, or does not run. */
export class QueryRefused extends HoneError {
  readonly code = 'HONE_QUERY_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(problem: string, options?: ErrorOptions) {
    super(
      `The query does not run: ${problem}. Nothing was changed: a query only reads, and sees no file, address or ` +
        'setting. The views and their columns: hone query --tables.',
      options,
    );
  }
}

/** A query took longer than it may. */
export class QueryTimedOut extends HoneError {
  readonly code = 'HONE_QUERY_TIMED_OUT';
  readonly retryable = true;

  constructor(seconds: number) {
    super(
      `The query was stopped after ${seconds} s. Nothing was changed. Ask for fewer days with --from and --to, ` +
        'or allow more with --timeout.',
    );
  }
}

/** A file of labels cannot be read, or holds something that is no label. */
export class LabelsRefused extends HoneError {
  readonly code = 'HONE_LABELS_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(file: string, problem: string, next: string, options?: ErrorOptions) {
    super(`The labels of ${file} were refused: ${problem}. Nothing was recorded. ${next}`, options);
  }
}
