/** What can be wrong with rows that are to be scored. */
import { HoneError } from '../errors.ts';

/** A column that the version needs is not there, or holds what it cannot read. */
export class BatchRowsUnsuitable extends HoneError {
  readonly code = 'HONE_BATCH_ROWS_UNSUITABLE';
  readonly retryable = false;
  override readonly exitCode = 2;

  constructor(source: string, problems: readonly string[]) {
    super(
      `The rows of ${source} cannot be scored: ${problems.join('; ')}. ` +
        'Nothing was scored. Deliver the rows as the version was trained on them (hone registry show names its columns).',
    );
  }
}

/** The source has no row in the window. */
export class BatchWithoutRows extends HoneError {
  readonly code = 'HONE_BATCH_WITHOUT_ROWS';
  readonly retryable = false;
  override readonly exitCode = 2;

  constructor(source: string, window: { readonly from: string; readonly to: string } | null, outside: number) {
    const where =
      window === null ? 'it is empty' : `none of its ${outside} rows lies from ${window.from} to ${window.to}`;
    super(`There is nothing to score in ${source}: ${where}. Nothing was written. Check the source and the window.`);
  }
}

/** A prediction that is no number: nothing of the part is published. */
export class BatchPredictionInvalid extends HoneError {
  readonly code = 'HONE_BATCH_PREDICTION_INVALID';
  readonly retryable = false;

  constructor(model: string, version: number, day: string, count: number, example: string) {
    super(
      `Version ${version} of ${model} gave ${count} predictions of ${day} that are no number, first for id ${example}. ` +
        `The batch is not published; the last whole one stays the newest. Score these rows with another version ` +
        `(--version), or roll back: hone rollback ${model}.`,
    );
  }
}

/** No batch of this name, or none at all, was finished. */
export class BatchUnknown extends HoneError {
  readonly code = 'HONE_BATCH_UNKNOWN';
  readonly retryable = false;
  override readonly exitCode = 2;

  constructor(model: string, batch: string | null) {
    super(
      batch === null
        ? `No batch of ${model} was ever finished. Start one: hone batch run ${model}.`
        : `${model} has no finished batch ${batch}. hone batch list ${model} names those that there are.`,
    );
  }
}
