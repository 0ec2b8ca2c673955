/** Profiles of numbers that are in memory already, such as predictions: the same shapes as from DuckDB. */
import { toGrid } from './add.ts';
import { countBins } from './bins.ts';
import type { FrozenBins, NumericProfile } from './contract.ts';
import { wholeDays } from './day-counts.ts';
import type { DayCounts } from './noise-bands.ts';
import { exactValues, gridCells } from './profile.ts';

/** NaN is missing. */
export function profileOfValues(values: Float64Array): NumericProfile {
  const known = values.filter((value) => Number.isFinite(value)).sort();
  const distinct: number[] = [];
  const counts: number[] = [];
  for (const value of known) {
    if (distinct.at(-1) === value) counts[counts.length - 1]! += 1;
    else {
      distinct.push(value === 0 ? 0 : value);
      counts.push(1);
    }
  }
  const count = (test: (value: number) => boolean): number =>
    values.reduce((sum, value) => sum + (test(value) ? 1 : 0), 0);
  const exact: NumericProfile = {
    kind: 'numeric',
    rows: values.length,
    missing: count(Number.isNaN),
    infinite: [
      count((value) => value === Number.NEGATIVE_INFINITY),
      count((value) => value === Number.POSITIVE_INFINITY),
    ],
    min: distinct[0] ?? null,
    max: distinct.at(-1) ?? null,
    fine: { kind: 'exact', values: distinct, counts },
  };
  const point = (share: number): number => known[Math.min(known.length - 1, Math.floor(share * known.length))] ?? 0;
  const bounds = { lo: point(0.0001), hi: point(0.9999), cells: gridCells };
  return distinct.length <= exactValues || bounds.hi <= bounds.lo ? exact : toGrid(exact, bounds);
}

/** @param eventTime milliseconds since the epoch, one a value */
export function dayCountsOfValues(values: Float64Array, eventTime: Float64Array, bins: FrozenBins): DayCounts {
  const byDay = new Map<number, number[]>();
  values.forEach((value, i) => {
    const day = Math.floor((eventTime[i] ?? 0) / 86_400_000);
    const own = byDay.get(day) ?? [];
    own.push(value);
    byDay.set(day, own);
  });
  const counts = [...byDay].map(([day, own]): [number, Float64Array] => [
    day,
    countBins(profileOfValues(Float64Array.from(own)), bins),
  ]);
  return wholeDays(new Map(counts));
}
