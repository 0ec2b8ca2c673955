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

/** A file of predictions cannot be read, or holds something that is none. */
export class PredictionsRefused extends HoneError {
  readonly code = 'HONE_PREDICTIONS_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(file: string, problem: string, next: string, options?: ErrorOptions) {
    super(`The predictions of ${file} were refused: ${problem}. Nothing was recorded. ${next}`, options);
  }
}

/** The key of the log's hashes is named but not there, or is needed and was never made. */
export class HashKeyMissing extends HoneError {
  readonly code = 'HONE_HASH_KEY_MISSING';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(problem: string) {
    super(
      `The key of the hashes in the prediction log is missing: ${problem}. Nothing was changed. ` +
        'Give the same key to every prediction server and worker: HONE_LOG_HASH_KEY, or log_hash_key in config/hone.yaml.',
    );
  }
}

/** Rows of a subject are still there after they were erased: somebody writes them again. */
export class ErasureIncomplete extends HoneError {
  readonly code = 'HONE_ERASURE_INCOMPLETE';
  readonly retryable = true;

  constructor(model: string, rows: number) {
    super(
      `${rows} rows of the subject are still recorded for ${model} after three passes, because new ones come in. ` +
        'What was erased stays erased. Stop asking for predictions about the subject, then the erasure goes on by itself.',
    );
  }
}

/** A request to erase a subject whose reason names the subject. */
export class ErasureRefused extends HoneError {
  readonly code = 'HONE_ERASURE_REFUSED';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor() {
    super(
      'The erasure was not begun: its reason names the subject, and the reason stays in the ledger for ever. ' +
        'Nothing was changed. Give a reason that names a ticket instead.',
    );
  }
}

/** A workflow was asked to end an erasure that nobody has requested. */
export class ErasureUnknown extends HoneError {
  readonly code = 'HONE_ERASURE_UNKNOWN';
  readonly retryable = false;

  constructor(model: string, id: string) {
    super(
      `There is no request ${id} to erase a subject from ${model}. Nothing was changed. ` +
        'Ask with `hone monitor erase`, which writes the request first.',
    );
  }
}
