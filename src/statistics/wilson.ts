/** Owns the interval of one observed rate. */
import { normalQuantile } from './distributions.ts';

/**
 * Wilson's score bounds of a rate; each bound holds with probability 1 − `level`.
 *
 * @param successes at most `trials`; trials 0 gives the whole range
 * @returns bounds in [0, 1]
 * @see Wilson (1927); equals statsmodels `proportion_confint(method='wilson', alpha=2·level)`
 */
export function wilson(successes: number, trials: number, level = 0.05): { lower: number; upper: number } {
  if (trials === 0) return { lower: 0, upper: 1 };
  const z = normalQuantile(1 - level);
  const share = successes / trials;
  const centre = share + (z * z) / (2 * trials);
  const half = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return { lower: Math.max(0, (centre - half) / scale), upper: Math.min(1, (centre + half) / scale) };
}
