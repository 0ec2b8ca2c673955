/** Noise bands of a reference: how far windows made of its own days are apart, while nothing has changed. */
import { randomStream } from '../statistics/random.ts';
import type { NoiseBand } from './contract.ts';
import { psi } from './distances.ts';

/** Under this many whole days nothing is learnt from them. */
const minDays = 8;
/** Window lengths in days for which a band is kept. */
const lengths = [1, 2, 3, 7, 14, 28, 84];
const draws = 200;

/** Rows a bin for each whole day of the reference, in time order. */
export type DayCounts = readonly Float64Array[];

/**
 * A window of one day is each day held against the others. Longer windows are put together from days drawn with
 * replacement, and so is the reference they are held against: a day is the block, as everywhere in hone, so rows of
 * one day may depend on each other as they like. Spells of several days count as movement, not as noise.
 *
 * @returns no bands under eight whole days; the same counts always give the same bands
 * @see Efron and Tibshirani (1993) §16.2, two samples from one pool; Künsch (1989) for blocks
 */
export function noiseBands(days: DayCounts): NoiseBand[] {
  if (days.length < minDays) return [];
  return lengths
    .filter((length) => length <= days.length)
    .map((length) => {
      const values = length === 1 ? leftOut(days) : drawn(days, length);
      values.sort((a, b) => a - b);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
      const q99 = values[Math.ceil(0.99 * values.length) - 1] ?? mean;
      return { days: length, of: days.length, windows: values.length, mean, sd, q99 };
    });
}

function leftOut(days: DayCounts): number[] {
  const all = sumOf(days);
  return days.map((day) =>
    psi(
      all.map((sum, bin) => sum - day[bin]!),
      day,
    ),
  );
}

function drawn(days: DayCounts, length: number): number[] {
  const random = randomStream(length);
  const window = (size: number): Float64Array =>
    sumOf(Array.from({ length: size }, () => days[Math.floor(random.uniform() * days.length)]!));
  return Array.from({ length: draws }, () => psi(window(days.length), window(length)));
}

function sumOf(days: DayCounts): Float64Array {
  const sum = new Float64Array(days[0]?.length ?? 0);
  for (const day of days) for (let bin = 0; bin < sum.length; bin++) sum[bin]! += day[bin]!;
  return sum;
}
