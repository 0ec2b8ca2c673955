/** What can go wrong between raw rows and feature rows. Every message names the feature, row or field and a next step. */
import { type ExitCode, HoneError } from '../../errors.ts';

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

/** A published lookup cannot be used by the prediction server. */
export class FeatureLookupUnusable extends HoneError {
  readonly code = 'HONE_FEATURE_LOOKUP_UNUSABLE';
  readonly retryable = false;

  constructor(name: string, problem: string) {
    super(
      `The lookup "${name}" cannot be used: ${problem}. What was served stays served. ` +
        'Build it again with the next run (`hone run start`), or change the key under features in the model file.',
    );
  }
}

/** A reference table that features join cannot be used as it is. */
export class ReferenceUnusable extends HoneError {
  readonly code = 'HONE_REFERENCE_UNUSABLE';
  readonly retryable = false;

  constructor(join: string, path: string, problem: string, cure: string) {
    super(
      `The reference table of features.joins.${join} (${path}) cannot be used: ${problem}. No snapshot was made; what is ` +
        `served stays as it is. ${cure}`,
    );
  }
}

/** A definition joins a reference table that the snapshot does not hold. */
export class ReferenceMissing extends HoneError {
  readonly code = 'HONE_REFERENCE_MISSING';
  readonly retryable = false;

  constructor(model: string, join: string, path: string) {
    super(
      `The features of ${model} join ${path} as "${join}", but the raw snapshot holds no copy of it: the model file did ` +
        'not name it when the snapshot was made. Nothing was changed. Keep the join in features.joins as long as a served ' +
        'version uses it, and start a new run.',
    );
  }
}

/** Features come ready, but the delivery does not say which version of which program made them. */
export class ProducerUnknown extends HoneError {
  readonly code = 'HONE_PRODUCER_UNKNOWN';
  readonly retryable = false;
  override readonly exitCode: ExitCode = 2;

  constructor(model: string) {
    super(
      `The features of ${model} come ready (features.precomputed), but their delivery names no producer and version: a ` +
        'change of the producer would change features unseen. Nothing was changed. Name both in _producer.json ' +
        'beside the files, or under data.source.producer: docs/how-to/write-features.md.',
    );
  }
}
