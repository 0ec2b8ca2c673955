/** Owns Holm's step-down correction for several tests judged together. */

/**
 * Adjusted p-values: each may be compared with the level of the whole family.
 *
 * @param p p-values in any order
 * @returns adjusted values in the same order, at most 1
 * @see Holm (1979); equals statsmodels `multipletests(method='holm')`
 */
export function holm(p: readonly number[]): number[] {
  const order = p.map((_, i) => i).sort((a, b) => p[a]! - p[b]! || a - b);
  const adjusted = new Array<number>(p.length);
  let running = 0;
  order.forEach((index, rank) => {
    running = Math.max(running, Math.min(1, (p.length - rank) * p[index]!));
    adjusted[index] = running;
  });
  return adjusted;
}
