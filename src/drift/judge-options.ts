/** What a comparison of windows is told beside the profiles. */

export interface JudgeOptions {
  /** PSI above noise from which a column has moved. */
  readonly psiLimit: number;
  /** Fewer rows on a side, or fewer known values: not judged. */
  readonly minRows: number;
  /** Whole days of the current window; null where it has no time. */
  readonly days: number | null;
  /** The current window, for people: `1 to 31 March 2013`. */
  readonly windowName: string;
  /** Share of the whole by feature, from the version's trainer; left out where nobody knows. */
  readonly importance?: Readonly<Record<string, number>> | undefined;
}

export const defaultJudgeOptions = { psiLimit: 0.1, minRows: 20 } as const;
