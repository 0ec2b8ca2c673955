/** Which rows may judge: only those that no compared version can have seen while it was fitted or chosen. */

/**
 * The first instant from which rows are clean for all compared versions: the latest `fit_end` plus the gap.
 *
 * @param fitEnds `fit_end` of each version compared; null (an imported version that does not say) adds no limit, so
 *   pass the version's import time instead where one is known
 * @returns ISO instant; the epoch when no version says
 */
export function cleanFrom(fitEnds: readonly (string | null)[], gapMs: number): string {
  const known = fitEnds.filter((end) => end !== null).map((end) => Date.parse(end));
  return new Date(known.length === 0 ? 0 : Math.max(...known) + gapMs).toISOString();
}
