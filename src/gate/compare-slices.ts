/** The slices of two runs side by side: who would lose by the newer one, worst first. */
import type { MetricName } from '../config/model.ts';
import type { SliceFigures } from '../evaluation/contract.ts';
import { METRICS } from '../evaluation/metrics.ts';
import { count } from '../numbers.ts';
import { sliceName } from './demanded-slices.ts';
import type { Judgement } from './read-judgements.ts';
import { byHow, figure } from './wording.ts';

export interface ComparedSlice {
  readonly slice: string;
  readonly critical: boolean;
  /** As `values`, in the order of the runs; null where a run has no such slice. */
  readonly rows: readonly (number | null)[];
  /** Of the primary metric. */
  readonly values: readonly (number | null)[];
  /** Improvement of `of` over `against`, more is better; null where one of the two is not judged. */
  readonly difference: number | null;
  /** One-sided 95 % bounds of a difference row by row; null where it is none. */
  readonly lower: number | null;
  readonly upper: number | null;
  /** Why there is no difference; null where there is one. */
  readonly not_judged: string | null;
}

export interface SliceComparison {
  readonly metric: MetricName;
  /** Whose figures these are, in the order of the runs: the version that was judged, or the one that was champion then. */
  readonly versions: readonly number[];
  /** The newer of them and the other one. */
  readonly of: number;
  readonly against: number;
  /** Both scored the same rows. Otherwise each was scored on rows of its own run, and a difference is one of rows too. */
  readonly paired: boolean;
  /** Worst difference first, then those that are not judged. */
  readonly slices: readonly ComparedSlice[];
}

/**
 * @param sides the last judgement of each of two runs
 * @param paired the one of them in which the other's version was the champion; null where there is none
 */
export function compareSlices(sides: readonly [Judgement, Judgement], paired: Judgement | null): SliceComparison {
  const newer = paired === null ? (sides[0].version > sides[1].version ? 0 : 1) : sides.indexOf(paired);
  const [of, against] = newer === 0 ? sides : [sides[1], sides[0]];
  const metric = of.evaluation.primary;
  const compared = paired ? rowByRow(paired, metric) : onOwnRows(of, against, metric);
  const champion = paired?.evaluation.models.champion?.version ?? against.version;
  const inOrder = <T>(pair: readonly T[]) => (newer === 0 ? pair : pair.toReversed());
  const slices = compared.map((one) => ({ ...one, rows: inOrder(one.rows), values: inOrder(one.values) }));
  return {
    metric,
    versions: inOrder([of.version, champion]),
    of: of.version,
    against: champion,
    paired: paired !== null,
    slices: [
      ...slices
        .filter(({ difference }) => difference !== null)
        .toSorted((a, b) => (a.difference ?? 0) - (b.difference ?? 0)),
      ...slices.filter(({ difference }) => difference === null),
    ],
  };
}

/**
 * As people read them: the slice, its rows (once where both scored the same), the metric of each, the difference and, of
 * the same rows, its bounds.
 */
export function sliceRows({ metric, paired, slices }: SliceComparison): string[][] {
  return slices.map(({ slice, critical, rows, values, difference, lower, upper, not_judged }) => [
    `${slice}${critical ? ' (critical)' : ''}`,
    ...rows.slice(0, paired ? 1 : 2).map((size) => (size === null ? '–' : count(size))),
    ...values.map((value) => (value === null ? '–' : figure(metric, value))),
    not_judged === null ? byHow(metric, difference) : 'not judged',
    ...(paired ? [lower === null ? '–' : `${byHow(metric, lower)} to ${byHow(metric, upper)}`] : []),
  ]);
}

/** Pairs are of the candidate, then the champion. */
function rowByRow({ evaluation }: Judgement, metric: MetricName): ComparedSlice[] {
  return evaluation.slices.map((slice) => {
    const found = slice.difference[metric];
    return {
      slice: sliceName(slice),
      critical: slice.critical,
      rows: [slice.rows, slice.rows],
      values: [slice.candidate[metric] ?? null, slice.champion[metric] ?? null],
      difference: found?.estimate ?? null,
      lower: found?.lower ?? null,
      upper: found?.upper ?? null,
      not_judged: slice.not_judged ?? (found?.estimate == null ? `${metric} is not defined on it` : null),
    };
  });
}

/** Pairs are of the newer, then the other. */
function onOwnRows(of: Judgement, against: Judgement, metric: MetricName): ComparedSlice[] {
  const [own, others] = [of, against].map(
    ({ evaluation }) => new Map(evaluation.slices.map((slice) => [sliceName(slice), slice])),
  ) as [Map<string, SliceFigures>, Map<string, SliceFigures>];
  return [...new Set([...own.keys(), ...others.keys()])].map((name) => {
    const pair = [own.get(name), others.get(name)];
    const values = pair.map((slice) => slice?.candidate[metric] ?? null);
    const [first, second] = values;
    const judged = first != null && second != null;
    return {
      slice: name,
      critical: pair.some((slice) => slice?.critical === true),
      rows: pair.map((slice) => slice?.rows ?? null),
      values,
      difference: judged ? METRICS[metric].direction * (first - second) : null,
      ...{ lower: null, upper: null },
      not_judged: judged ? null : whyNot(pair, [of, against], metric),
    };
  });
}

function whyNot(pair: readonly (SliceFigures | undefined)[], sides: readonly Judgement[], metric: MetricName): string {
  const reasons = pair.flatMap((slice, i) => {
    const version = `version ${sides[i]?.version}`;
    if (slice === undefined) return [`${version} does not list it`];
    if (slice.not_judged !== null) return [`${version}: ${slice.not_judged}`];
    return slice.candidate[metric] == null ? [`${version}: ${metric} is not defined on it`] : [];
  });
  return reasons.join('; ');
}
