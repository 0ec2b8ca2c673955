/** The Page–Hinkley test for a rise of the mean of a stream, with a forgetting factor. */

export interface PageHinkleyOptions {
  /** Values before anything is detected. */
  readonly minInstances: number;
  /** A rise of the mean smaller than this is no change. */
  readonly delta: number;
  /** λ: how far the cumulative deviation may rise above its lowest point. */
  readonly threshold: number;
  /** Weight of the sum so far at each step, at most 1. */
  readonly alpha: number;
}

export interface Detection {
  /** Position of the value at which the rise was detected. */
  readonly at: number;
  /** Position of the first value after the lowest point: where the rise is likely to have begun. */
  readonly since: number;
}

export interface PageHinkleyResult {
  readonly detections: readonly Detection[];
  /** How far the cumulative deviation stands above its lowest point after the last value. */
  readonly statistic: number;
}

/**
 * Everything is forgotten after a detection, so that the level after it becomes the new normal.
 *
 * @param values finite numbers in their order
 * @see Page (1954), Hinkley (1971); detections equal river's `drift.PageHinkley(mode="up")`
 */
export function pageHinkley(values: ArrayLike<number>, options: PageHinkleyOptions): PageHinkleyResult {
  const { minInstances, delta, threshold, alpha } = options;
  const detections: Detection[] = [];
  let state = { count: 0, mean: 0, sum: 0, lowest: Number.POSITIVE_INFINITY, since: 0 };
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    state.count += 1;
    state.mean += (value - state.mean) / state.count;
    state.sum = alpha * state.sum + (value - state.mean - delta);
    if (state.sum < state.lowest) {
      state.lowest = state.sum;
      state.since = i + 1;
    }
    if (state.count < minInstances || state.sum - state.lowest <= threshold) continue;
    detections.push({ at: i, since: state.since });
    state = { count: 0, mean: 0, sum: 0, lowest: Number.POSITIVE_INFINITY, since: i + 1 };
  }
  return { detections, statistic: state.count === 0 ? 0 : state.sum - state.lowest };
}
