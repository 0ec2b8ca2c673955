/** What raw data looks like, column by column: what `hone model init` reads roles and rules from. */

/** How a column is looked at; `other` (lists, structures, bytes, intervals) is only counted. */
export type ColumnKind = 'number' | 'text' | 'time' | 'boolean' | 'other';

export interface TopValue {
  readonly value: string | number;
  readonly rows: number;
}

export interface ColumnSummary {
  readonly name: string;
  /** As DuckDB names it. */
  readonly type: string;
  readonly kind: ColumnKind;
  readonly rows: number;
  /** Null, and NaN in numbers. */
  readonly missing: number;
  /** Infinite numbers. */
  readonly infinite: number;
  /** Texts of no letter. */
  readonly empty: number;
  /** Different values that are not missing. */
  readonly distinct: number;
  /** False where `distinct` is an estimate (HyperLogLog, a few percent off): there are more than 10,000. */
  readonly exact: boolean;
  /** Finite numbers as such, times as ISO 8601, texts cut at {@link LONGEST_TEXT}; null where nothing is known. */
  readonly min: number | string | null;
  readonly max: number | string | null;
  /** The most frequent values, at most 20; of the sample and its rows where `exact` is false. */
  readonly top: readonly TopValue[];
  /** Of numbers, at {@link QUANTILES}; within one of 4,096 cells where `exact` is false. Empty where there is no number. */
  readonly quantiles: readonly number[];
}

export interface DataProfile {
  readonly rows: number;
  /** Rows of the sample that was looked at first. */
  readonly sampled: number;
  readonly columns: readonly ColumnSummary[];
}

export const QUANTILES = [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999] as const;

/** Texts of a profile are cut to so many letters. */
export const LONGEST_TEXT = 100;

/** Data to be profiled, as SQL. */
export interface ProfileSource {
  /** A table function that has `file_index` and `file_row_number`. */
  readonly relation: string;
  /** Each column, and the expression that gives it. */
  readonly columns: readonly { readonly name: string; readonly type: string; readonly sql: string }[];
  /** Rows of each file, in the order of `file_index`. */
  readonly fileRows: readonly number[];
}
