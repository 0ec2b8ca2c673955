/** Quantiles and tail areas of the normal and Student's t distribution; checked against scipy in the tests. */
import normalQuantileOf from '@stdlib/stats-base-dists-normal-quantile';
import tCdfOf from '@stdlib/stats-base-dists-t-cdf';
import tQuantileOf from '@stdlib/stats-base-dists-t-quantile';

/** The standard normal quantile of probability `p` in (0, 1). */
export const normalQuantile = (p: number): number => normalQuantileOf(p, 0, 1);

/** Quantile of probability `p` under Student's t with `df` degrees of freedom, or under the normal where `df` is null. */
export const referenceQuantile = (p: number, df: number | null): number =>
  df === null ? normalQuantile(p) : tQuantileOf(p, df);

/** P(T ≤ x) under Student's t; `df` null takes 1e6 degrees of freedom, which equals the normal to six decimals. */
export const referenceCdf = (x: number, df: number | null): number => tCdfOf(x, df ?? 1e6);
