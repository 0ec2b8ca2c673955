/** What a picture of a column shows: shares of rows, reference against current, in bars that a person can read. */
import type { Bar, CategoricalProfile, ColumnProfile, NumericProfile, Picture } from '../contract.ts';
import { type Points, pointsOf } from '../points.ts';

const ranges = 24;
const fewValues = 20;
const shownLevels = 9;

/** Null where the two windows hold different kinds, or no values. */
export function pictureOf(before: ColumnProfile, now: ColumnProfile | undefined): Picture | null {
  if (now === undefined || before.rows === 0 || now.rows === 0) return null;
  const lost = { label: 'missing', reference: before.missing / before.rows, current: now.missing / now.rows };
  const missing = lost.reference + lost.current > 0 ? lost : null;
  if (before.kind === 'numeric' && now.kind === 'numeric') {
    const found = numericBars(before, now);
    return found === null ? null : { ...found, missing };
  }
  if (before.kind === 'categorical' && now.kind === 'categorical') {
    return { shape: 'levels', bars: levelBars(before, now), missing };
  }
  return null;
}

function numericBars(before: NumericProfile, now: NumericProfile): Pick<Picture, 'shape' | 'bars'> | null {
  const [a, b] = [pointsOf(before), pointsOf(now)];
  if (a.total === 0) return null;
  const exact = before.fine.kind === 'exact' && now.fine.kind === 'exact';
  const values = exact ? [...new Set([...a.at, ...b.at])].sort((x, y) => x - y) : [];
  if (exact && values.length <= fewValues && before.infinite.concat(now.infinite).every((count) => count === 0)) {
    const share = ({ at, counts }: Points, value: number, rows: number) => (counts[at.indexOf(value)] ?? 0) / rows;
    const bars = values.map((value) => ({
      label: plain(value),
      ...{ reference: share(a, value, before.rows), current: share(b, value, now.rows) },
    }));
    return { shape: 'values', bars };
  }
  // The outermost half per cent on either side would flatten the rest: it goes into the first and the last bar.
  const lo = Math.min(quantile(a, 0.005), b.total > 0 ? quantile(b, 0.005) : Number.POSITIVE_INFINITY);
  const hi = Math.max(quantile(a, 0.995), b.total > 0 ? quantile(b, 0.995) : Number.NEGATIVE_INFINITY);
  const width = (hi - lo) / ranges || 1;
  const counted = (points: Points, [under, over]: readonly [number, number]): Float64Array => {
    const counts = new Float64Array(ranges);
    points.at.forEach((value, i) => {
      const bin = Math.max(0, Math.min(ranges - 1, Math.floor((value - lo) / width)));
      counts[bin]! += points.counts[i] ?? 0;
    });
    counts[0]! += under;
    counts[ranges - 1]! += over;
    return counts;
  };
  const [first, second] = [counted(a, before.infinite), counted(b, now.infinite)];
  const bars = Array.from({ length: ranges }, (_, i) => {
    const [from, to] = [plain(lo + i * width), plain(lo + (i + 1) * width)];
    const label = i === 0 ? `under ${to}` : i === ranges - 1 ? `from ${from}` : `${from} to ${to}`;
    return { label, reference: (first[i] ?? 0) / before.rows, current: (second[i] ?? 0) / now.rows };
  });
  return { shape: 'ranges', bars };
}

/** The levels that are largest on either side, and one bar for the others. */
function levelBars(before: CategoricalProfile, now: CategoricalProfile): Bar[] {
  const shares = ({ levels, counts, rows }: CategoricalProfile) =>
    new Map(levels.map((level, i) => [level, (counts[i] ?? 0) / rows]));
  const [a, b] = [shares(before), shares(now)];
  const size = (level: string) => Math.max(a.get(level) ?? 0, b.get(level) ?? 0);
  const levels = [...new Set([...a.keys(), ...b.keys()])].sort((x, y) => size(y) - size(x));
  const bars = levels
    .slice(0, shownLevels)
    .map((level) => ({ label: level, reference: a.get(level) ?? 0, current: b.get(level) ?? 0 }));
  const rest = (profile: CategoricalProfile, own: 'reference' | 'current') =>
    Math.max(0, 1 - profile.missing / profile.rows - bars.reduce((sum, bar) => sum + bar[own], 0));
  const others = {
    label: `${levels.length - bars.length}+ others`,
    reference: rest(before, 'reference'),
    current: rest(now, 'current'),
  };
  if (levels.length === bars.length && before.other + now.other === 0) return bars;
  return [...bars, { ...others, label: before.other + now.other > 0 ? others.label : others.label.replace('+', '') }];
}

function quantile({ at, counts, total }: Points, share: number): number {
  let sum = 0;
  for (let i = 0; i < at.length; i++) {
    sum += counts[i] ?? 0;
    if (sum >= share * total) return at[i] ?? 0;
  }
  return at.at(-1) ?? 0;
}

function plain(value: number): string {
  return String(Number(value.toPrecision(4)));
}
