/** The limits of comparisons with the past: as `data.against_past` says, else as in `config/defaults.yaml`. */
import type { ModelConfig } from '../../../config/model.ts';
import type { PastLimits } from '../../../config/sections/past.ts';
import type { ValidationContext } from '../context.ts';

/** For configurations that were stored before there were limits; a test holds them equal to the defaults. */
export const USUAL_LIMITS: PastLimits = {
  min_rows: 500,
  missing_change: 0.05,
  new_category_share: 0.01,
  level_ratio: 2,
  label_change: 0.15,
  repeated_change: 0.2,
};

export function pastLimits({ data }: ModelConfig): PastLimits {
  return data.against_past ?? USUAL_LIMITS;
}

/** The event times of the newest rows. */
export function windowOf({ recentFrom, horizon }: ValidationContext): { from: string; to: string } {
  return { from: recentFrom, to: horizon > recentFrom ? horizon : recentFrom };
}
