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
