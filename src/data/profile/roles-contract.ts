/** Which column plays which part, and why it was taken for that. */
import type { ColumnSummary } from './contract.ts';

export interface Chosen {
  readonly column: string;
  /** One short sentence for a person, without a full stop. */
  readonly why: string;
}

export interface LabelRole extends Chosen {
  readonly task: 'binary' | 'regression';
  /** The value that counts as 1; undefined where the label is 0 and 1 already, or a number. */
  readonly positive: string | number | boolean | undefined;
  /** Share of the rarer of two values among the known ones; null for a number. */
  readonly rarer: number | null;
  /** Share of rows with a label. */
  readonly known: number;
}

export interface LabelTime extends Chosen {
  /** 99.5 % of the labels are known within so many milliseconds of their event. */
  readonly delayMs: number;
}

export interface Roles {
  readonly id: Chosen;
  readonly time: Chosen;
  readonly label: LabelRole;
  readonly labelTime: LabelTime | null;
  readonly entity: Chosen | null;
  readonly outcomes: readonly Chosen[];
  readonly numbers: readonly Chosen[];
  readonly categories: readonly Chosen[];
  readonly leftOut: readonly Chosen[];
}

/** What the person said; the rest is guessed. */
export interface Given {
  readonly label?: string | undefined;
  readonly id?: string | undefined;
  readonly time?: string | undefined;
}

/** What the data says, by column. */
export type Summaries = ReadonlyMap<string, ColumnSummary>;
