/** The constant prediction every model has to beat: the label rate (or mean) of the rows it was trained on. */

/**
 * @param labels training labels, NaN where there is none
 * @returns their mean; NaN when no row has a label
 */
export function baselineRate(labels: Float64Array): number {
  const known = labels.filter((label) => !Number.isNaN(label));
  return known.reduce((sum, label) => sum + label, 0) / known.length;
}

export const constantScores = (rate: number, rows: number): Float64Array => new Float64Array(rows).fill(rate);

/** The same class rates for every row, rows × classes row-major. */
export function constantClassScores(rates: readonly number[], rows: number): Float64Array {
  return Float64Array.from({ length: rows * rates.length }, (_, i) => rates[i % rates.length]!);
}
