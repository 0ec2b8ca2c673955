/** Bins that a reference fixes once, and rows a bin. Later windows never move an edge, so their PSI can be compared. */
import type { CategoricalProfile, ColumnProfile, FrozenBins, NumericProfile } from './contract.ts';
import { pointsOf } from './points.ts';

const numericBins = 10;
/** Up to this many distinct values, each is a bin. */
const fewValues = 20;
const categoricalBins = 50;
/** A level with fewer rows in the reference is there by chance: alone, it and its unseen like would look like a move. */
const minLevelRows = 20;

/**
 * Freezes the bins of a reference column. Numeric: deciles, where a value that holds more than a tenth of the rows gets
 * a bin of its own (else ties collapse the deciles and nothing can be seen). Categorical: up to 50 levels of
 * at least 20 rows, or the top 49 and one bin for all others. Unseen values, values outside the reference's range and missing ones have bins too.
 */
export function freezeBins(profile: ColumnProfile): FrozenBins {
  if (profile.kind === 'numeric') return freezeNumeric(profile);
  const levels = profile.levels.filter((_, i) => (profile.counts[i] ?? 0) >= minLevelRows);
  const all = levels.length === profile.levels.length && levels.length <= categoricalBins && profile.other === 0;
  return { kind: 'categorical', levels: all ? levels : levels.slice(0, categoricalBins - 1) };
}

function freezeNumeric(profile: NumericProfile): FrozenBins {
  const { at, counts, total } = pointsOf(profile);
  const lo = profile.fine.kind === 'grid' ? profile.fine.lo : (profile.min ?? 0);
  const hi = profile.fine.kind === 'grid' ? profile.fine.hi : (profile.max ?? 0);
  const isHeavy = (i: number): boolean => (counts[i] ?? 0) > total / numericBins;
  const heavy = Array.from(counts.keys()).filter(isHeavy);
  const heavyRows = heavy.reduce((sum, i) => sum + (counts[i] ?? 0), 0);
  const perBin = (total - heavyRows) / Math.max(1, numericBins - heavy.length);

  const cuts: number[] = [];
  let inBin = 0;
  for (let i = 0; i + 1 < at.length; i++) {
    inBin += counts[i] ?? 0;
    if (at.length <= fewValues || isHeavy(i) || isHeavy(i + 1) || inBin >= perBin) {
      // Half-way between neighbours, so that rounding of a value or of a cell's mean cannot change its bin.
      cuts.push(((at[i] ?? 0) + (at[i + 1] ?? 0)) / 2);
      inBin = 0;
    }
  }
  return { kind: 'numeric', lo, hi, cuts: [...new Set(cuts)].filter((cut) => cut >= lo && cut < hi) };
}

/** Numeric: under, the bins between cuts, over, missing. Categorical: each level, all others, missing. */
export function binCount(bins: FrozenBins): number {
  return bins.kind === 'numeric' ? bins.cuts.length + 4 : bins.levels.length + 2;
}

/** @returns rows a bin, in the order of {@link binCount}; a column of another kind counts as missing throughout */
export function countBins(profile: ColumnProfile | undefined, bins: FrozenBins): Float64Array {
  const counts = new Float64Array(binCount(bins));
  if (profile === undefined) return counts;
  if (profile.kind !== bins.kind) counts[counts.length - 1] = profile.rows;
  else if (profile.kind === 'numeric' && bins.kind === 'numeric') countNumeric(profile, bins, counts);
  else if (profile.kind === 'categorical' && bins.kind === 'categorical') countLevels(profile, bins.levels, counts);
  return counts;
}

function countNumeric(
  profile: NumericProfile,
  bins: Extract<FrozenBins, { kind: 'numeric' }>,
  counts: Float64Array,
): void {
  const over = bins.cuts.length + 2;
  const points = pointsOf(profile);
  let bin = 1;
  for (let i = 0; i < points.at.length; i++) {
    const value = points.at[i] ?? 0;
    while (bin <= bins.cuts.length && value > (bins.cuts[bin - 1] ?? 0)) bin++;
    const target = value < bins.lo ? 0 : value > bins.hi ? over : bin;
    counts[target] = (counts[target] ?? 0) + (points.counts[i] ?? 0);
  }
  counts[0] = (counts[0] ?? 0) + profile.infinite[0];
  counts[over] = (counts[over] ?? 0) + profile.infinite[1];
  counts[over + 1] = profile.missing;
}

function countLevels(profile: CategoricalProfile, levels: readonly string[], counts: Float64Array): void {
  const place = new Map(levels.map((level, i) => [level, i]));
  counts[levels.length] = profile.other;
  profile.levels.forEach((level, i) => {
    const target = place.get(level) ?? levels.length;
    counts[target] = (counts[target] ?? 0) + (profile.counts[i] ?? 0);
  });
  counts[levels.length + 1] = profile.missing;
}
