/** How far apart two windows are when nothing has changed, and which of many columns may be called moved. */
import chiSquaredCdf from '@stdlib/stats-base-dists-chisquare-cdf';
import chiSquaredQuantile from '@stdlib/stats-base-dists-chisquare-quantile';
import type { NoiseBand } from './contract.ts';

export interface Noise {
  /** The 99 % point of PSI without change. */
  readonly ceiling: number;
  /** Probability of a PSI this large without change. */
  readonly pValue: number;
  readonly from: NoiseOrigin;
}
type NoiseOrigin = 'formula' | 'permutation' | 'reference_days';

export interface NoiseInput {
  readonly psi: number;
  readonly reference: number;
  readonly current: number;
  /** Pearson's, over the same bins. */
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly bands: readonly NoiseBand[];
  /** Whole days that the current window spans; null where there is no time. */
  readonly days: number | null;
  /** Noise of independent rows where there are too few for the formula. */
  readonly permuted?: { readonly ceiling: number; readonly pValue: number } | undefined;
}

const level = 0.99;

/**
 * The larger of two noises. Independent rows: PSI / (1/n + 1/m) is chi-squared with B − 1 degrees of freedom; few rows are
 * permuted instead. Days that
 * differ among themselves (weather, weekdays): windows made of the reference's own days, brought to this window's length
 * by (1/days + 1/reference days), with effective degrees of freedom from their mean and spread.
 *
 * @see Yurdakul (2018) for the distribution of PSI; Satterthwaite (1946) for the effective degrees of freedom
 */
export function noiseOf(input: NoiseInput): Noise {
  const perRow = 1 / input.reference + 1 / input.current;
  const degrees = Math.max(1, input.degreesOfFreedom);
  const rows: Noise = input.permuted
    ? { ...input.permuted, from: 'permutation' }
    : {
        ceiling: perRow * chiSquaredQuantile(level, degrees),
        // With few rows a bin, PSI has a longer tail than chi-squared; Pearson's own statistic has not.
        pValue: 1 - chiSquaredCdf(Math.min(input.psi / perRow, input.statistic), degrees),
        from: 'formula',
      };
  const band = bandFor(input.bands, input.days);
  if (band === null || input.days === null || band.mean <= 0) return rows;

  const scale = (1 / input.days + 1 / band.of) / (1 / band.days + 1 / band.of);
  const effective = Math.min(degrees, Math.max(1, (2 * band.mean ** 2) / Math.max(band.sd ** 2, 1e-12)));
  const pValue = 1 - chiSquaredCdf((effective * input.psi) / (band.mean * scale), effective);
  const ceiling = Math.max(band.q99, (band.mean * chiSquaredQuantile(level, effective)) / effective) * scale;
  if (ceiling <= rows.ceiling) return { ...rows, pValue: Math.max(pValue, rows.pValue) };
  return { ceiling, pValue: Math.max(pValue, rows.pValue), from: 'reference_days' };
}

/** The longest run of days that is not longer than the window. */
function bandFor(bands: readonly NoiseBand[], days: number | null): NoiseBand | null {
  if (days === null || days < 1) return null;
  return bands.filter((band) => band.days <= days).sort((a, b) => b.days - a.days)[0] ?? null;
}

/**
 * Benjamini–Hochberg: which hypotheses to reject so that at most a share `q` of the rejections is false.
 *
 * @see Benjamini and Hochberg (1995); `scipy.stats.false_discovery_control`
 */
export function benjaminiHochberg(pValues: readonly number[], q = 0.05): boolean[] {
  const order = [...pValues.keys()].sort((a, b) => (pValues[a] ?? 1) - (pValues[b] ?? 1));
  let last = -1;
  order.forEach((index, rank) => {
    if ((pValues[index] ?? 1) <= (q * (rank + 1)) / pValues.length) last = rank;
  });
  const rejected = new Array<boolean>(pValues.length).fill(false);
  for (const index of order.slice(0, last + 1)) rejected[index] = true;
  return rejected;
}
