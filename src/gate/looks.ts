/** Owns the count of looks: a holdout that has already decided something buys less the next time. */

/** Blocks (starts of days) that decided one earlier gate of the model. */
export interface EarlierLook {
  readonly keys: readonly string[];
}

/**
 * Which look at these rows this is: 1 plus the earlier decisions that share more than half of this report's blocks.
 *
 * @param keys `report.blocks.keys` of the report to be judged
 * @param earlier the same of earlier decisions of the model, in any order
 */
export function lookNumber(keys: readonly string[], earlier: readonly EarlierLook[]): number {
  const mine = new Set(keys);
  const shares = (look: EarlierLook) => look.keys.filter((key) => mine.has(key)).length > mine.size / 2;
  return 1 + earlier.filter(shares).length;
}
