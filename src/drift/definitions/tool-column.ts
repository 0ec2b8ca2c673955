/** What another tool's definition says of one column. */

export interface ToolColumn {
  readonly psi: number | null;
  readonly js_distance: number | null;
  readonly ks_statistic: number | null;
  readonly wasserstein_distance: number | null;
  readonly chi_squared: number | null;
  /** The method that decides, by the tool's own name for it. */
  readonly method: string;
  /** Its value: a distance, or a p-value where the method's name says so. */
  readonly score: number | null;
  readonly threshold: number | null;
  readonly moved: boolean;
  /** More for the sentence, such as the chunks that raised an alert. */
  readonly detail?: string;
  readonly noise: null;
}

/** The tool itself gives no number for such a column; the message says why. */
export class ToolRefuses extends Error {}
