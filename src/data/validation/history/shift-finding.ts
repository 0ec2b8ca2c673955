/** The finding about a share that left what the past knew: its count, limit and usual range. */
import type { Finding } from '../../contract.ts';
import type { ValidationContext } from '../context.ts';
import { percent } from '../shown.ts';
import type { Shift } from './days.ts';
import { windowOf } from './limits.ts';

/** `2 % to 5 % in equally long spans before`. */
export const usualShares = ({ least, most }: Shift): string =>
  `${percent(least)} to ${percent(most)} in equally long spans before`;

/** @param change allowed change of the share, absolute */
export function shiftFinding(
  context: ValidationContext,
  shift: Shift,
  change: number,
  told: Pick<Finding, 'rule' | 'column' | 'severity' | 'sentence'>,
): Finding {
  const limit = `within ${change * 100} points of ${percent(shift.past)}`;
  const count = Math.round(shift.recent * shift.rows);
  return { ...told, count, share: shift.recent, limit, window: windowOf(context), examples: [] };
}
