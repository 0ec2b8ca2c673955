/** What evaluation refuses, and what a person does about it. Too little data is no error here: it is `inconclusive`. */
import { HoneError } from '../errors.ts';

/** After maturity, holdout, validation and gaps no whole day is left to train on. */
export class TooLittleHistory extends HoneError {
  readonly code = 'HONE_TOO_LITTLE_HISTORY';
  readonly retryable = false;
  constructor(model: string, facts: { earliest: string; asOf: string; soonest: string }) {
    super(
      `${model} has too little history: events begin at ${facts.earliest}, and at ${facts.asOf} no whole day is left to train on ` +
        `after maturity, holdout, validation and their gaps. Nothing was trained or changed. ` +
        `Run again from ${facts.soonest} on, bring older data, or shorten \`training.split\`.`,
    );
  }
}

/** The model file gives validation or holdout no length. */
export class SplitWithoutRows extends HoneError {
  readonly code = 'HONE_SPLIT_WITHOUT_ROWS';
  readonly retryable = false;
  override readonly exitCode = 2;
  constructor(model: string, part: 'validation' | 'holdout', length: string) {
    super(
      `${model}: \`training.split.${part}\` is ${length}, so this part would be empty and nothing could be chosen or judged. ` +
        `Nothing was changed. Write a length of at least one day, such as P7D.`,
    );
  }
}

/** The gate names a metric that the task does not have. */
export class MetricDoesNotFitTask extends HoneError {
  readonly code = 'HONE_METRIC_DOES_NOT_FIT_TASK';
  readonly retryable = false;
  override readonly exitCode = 2;
  constructor(model: string, metric: string, task: string, possible: readonly string[]) {
    super(
      `${model}: the metric ${metric} is not defined for \`task: ${task}\`. Nothing was judged or promoted. ` +
        `Use one of ${possible.join(', ')} in \`gate\`.`,
    );
  }
}

/** Scores that are NaN or infinite, or not one a row. */
export class ScoresDoNotFitRows extends HoneError {
  readonly code = 'HONE_SCORES_DO_NOT_FIT_ROWS';
  readonly retryable = false;
  constructor(who: string, problem: string) {
    super(
      `The ${who} cannot be evaluated: ${problem}. Nothing was judged or promoted, and the champion stays live. ` +
        `Look at the parity report of the version, then train again.`,
    );
  }
}

/** A binary task whose labels are not 0 and 1. */
export class LabelNotBinary extends HoneError {
  readonly code = 'HONE_LABEL_NOT_BINARY';
  readonly retryable = false;
  constructor(model: string, facts: { row: number; value: number; count: number }) {
    super(
      `${model} has \`task: binary\`, but ${facts.count} labels are neither 0 nor 1 (first: ${facts.value} in row ${facts.row}). ` +
        `Nothing was judged or promoted. Set \`data.label.positive\`, or mend the label column.`,
    );
  }
}

/** The gate names a slice column that the rows do not carry. */
export class SliceColumnMissing extends HoneError {
  readonly code = 'HONE_SLICE_COLUMN_MISSING';
  readonly retryable = false;
  override readonly exitCode = 2;
  constructor(model: string, column: string, present: readonly string[]) {
    super(
      `${model}: \`gate.slices.columns\` names ${column}, which the feature rows do not carry (they carry ${present.join(', ') || 'no slice column'}). ` +
        `Nothing was judged or promoted. Name a column of the source, or remove it from \`gate.slices\`.`,
    );
  }
}

/** Files that were named hold nothing that could be judged. */
export class NoRowsToEvaluate extends HoneError {
  readonly code = 'HONE_NO_ROWS_TO_EVALUATE';
  readonly retryable = false;
  override readonly exitCode = 2;
  constructor(data: string, why: string) {
    super(
      `${data} cannot be judged on: ${why}. Nothing was changed. ` +
        `Name files with labelled events, or another time with --as-of.`,
    );
  }
}

/** A column that the gate reads beside label and features holds something that it cannot use. */
export class GateColumnUnusable extends HoneError {
  readonly code = 'HONE_GATE_COLUMN_UNUSABLE';
  readonly retryable = false;
  constructor(
    model: string,
    facts: { setting: string; column: string; row: number; value: string; count: number; needed: string },
  ) {
    super(
      `${model}: ${facts.count} judged rows have no usable value in ${facts.column}, the column of \`${facts.setting}\` ` +
        `(first: row ${facts.row}, "${facts.value.slice(0, 40)}"; ${facts.needed} is needed). Nothing was judged or promoted, and the champion stays. ` +
        `Mend the column, or quarantine such rows with a rule under \`data.rules\`.`,
    );
  }
}
