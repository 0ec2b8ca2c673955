/** Holds profiles against a reference: distances, noise, verdict and a sentence for each column and for all of them. */
import { countBins } from './bins.ts';
import { fewLevels, fewValues } from './column-kinds.ts';
import type { ColumnDrift, ColumnKind, ColumnProfile, DriftReport, Profile, ReferenceProfile } from './contract.ts';
import { chiSquared, jsDistance, ksStatistic, psi, wassersteinDistance } from './distances.ts';
import { importanceMoved, rankOf } from './importance.ts';
import type { JudgeOptions } from './judge-options.ts';
import { benjaminiHochberg, type Noise, noiseOf } from './noise.ts';
import { permutationNoise, smallRows } from './permutation.ts';
import { alignedPoints, pointsOf } from './points.ts';
import { columnSentence, datasetSentence } from './sentences.ts';

interface Judged {
  readonly drift: Omit<ColumnDrift, 'verdict' | 'sentence'>;
  readonly noise: Noise | null;
}

/** A column moved where PSI exceeds the limit plus noise *and* its p-value stands after Benjamini–Hochberg. */
export function judgeDrift(reference: ReferenceProfile, current: Profile, options: JudgeOptions): DriftReport {
  const names = Object.keys(reference.columns);
  const judged = names.map((name) => judgeColumn(reference, current, name, options));
  const testable = judged.flatMap(({ noise }, i) => (noise === null ? [] : [i]));
  const significant = benjaminiHochberg(testable.map((i) => judged[i]!.noise!.pValue));
  const columns: Record<string, ColumnDrift> = {};
  names.forEach((name, i) => {
    const { drift, noise } = judged[i]!;
    const beyond = drift.psi !== null && drift.threshold !== null && drift.psi > drift.threshold;
    const stands = significant[testable.indexOf(i)] ?? false;
    const verdict = noise === null ? 'not_judged' : beyond && stands ? 'moved' : 'stable';
    const context = { name, reference, current: current.columns[name], options };
    const rank = rankOf(name, options.importance);
    const told = { ...drift, ...(rank === null ? {} : { importance: rank }), verdict } as const;
    columns[name] = { ...told, sentence: columnSentence(told, context) };
  });
  const moved = names.filter((name) => columns[name]!.verdict === 'moved');
  const dataset = {
    share_moved: testable.length === 0 ? null : moved.length / testable.length,
    ...importanceMoved(
      moved,
      testable.map((i) => names[i] ?? ''),
      options.importance,
    ),
    moved,
    judged: testable.length,
    verdict:
      testable.length === 0 ? ('not_judged' as const) : moved.length > 0 ? ('moved' as const) : ('stable' as const),
  };
  const { name, rows, from, to } = reference;
  return {
    reference: { name, rows, from, to },
    columns,
    dataset: { ...dataset, sentence: datasetSentence(dataset, names.length, columns, options) },
  };
}

function judgeColumn(reference: ReferenceProfile, current: Profile, name: string, options: JudgeOptions): Judged {
  const { profile, bins, bands } = reference.columns[name]!;
  const now = current.columns[name];
  const before = countBins(profile, bins);
  const after = countBins(now, bins);
  const [n, m] = [profile.rows, now?.rows ?? 0];
  const small = Math.min(n, m) < smallRows;
  const [a, b] = small ? [before, after] : lumped(before, after, n, m);
  const both = n > 0 && m > 0;
  const { statistic, degreesOfFreedom } = chiSquared(a, b);
  const value = both ? psi(a, b) : null;
  const anyKnown = profile.missing < n || (now?.missing ?? m) < m;
  const enough = Math.min(n, m) >= options.minRows && value !== null && anyKnown;
  const rows = { psi: value ?? 0, statistic, reference: n, current: m, degreesOfFreedom };
  const permuted = enough && small ? permutationNoise(a, b) : undefined;
  const noise = enough ? noiseOf({ ...rows, bands, days: options.days, permuted }) : null;
  const numeric = profile.kind === 'numeric' && now?.kind === 'numeric' ? { profile, now } : null;
  const known = numeric !== null && n > profile.missing && m > numeric.now.missing ? numeric : null;
  return {
    noise,
    drift: {
      kind: kindOf(profile),
      n_reference: n,
      n_current: m,
      psi: value,
      js_distance: both ? jsDistance(before, after) : null,
      ks_statistic: known && finite(ksStatistic(...alignedPoints(known.profile, known.now))),
      wasserstein_distance: known && finite(wassersteinDistance(pointsOf(known.profile), pointsOf(known.now))),
      chi_squared: both ? statistic : null,
      p_value: noise?.pValue ?? null,
      missing: { reference: share(profile), current: now === undefined ? 1 : share(now) },
      ...newCategories(profile, now),
      threshold: noise === null ? null : options.psiLimit + noise.ceiling,
      noise: noise?.ceiling ?? null,
      noise_from: noise?.from ?? null,
    },
  };
}

function kindOf(profile: ColumnProfile): ColumnKind {
  if (profile.kind === 'categorical') return profile.levels.length > fewLevels ? 'high_cardinality' : 'categorical';
  return profile.fine.kind === 'exact' && profile.fine.values.length <= fewValues ? 'few_values' : 'numeric';
}

/** Bins in which the current window should have under five rows are judged as one: chi-squared needs no fewer. */
function lumped(before: Float64Array, after: Float64Array, n: number, m: number): [number[], number[]] {
  const [a, b, rest]: [number[], number[], [number, number]] = [[], [], [0, 0]];
  for (let i = 0; i < before.length; i++) {
    const [x, y] = [before[i] ?? 0, after[i] ?? 0];
    if (((x + y) * Math.min(n, m)) / (n + m) >= 5) {
      a.push(x);
      b.push(y);
    } else {
      rest[0] += x;
      rest[1] += y;
    }
  }
  return [
    [...a, rest[0]],
    [...b, rest[1]],
  ];
}

function newCategories(
  before: ColumnProfile,
  now: ColumnProfile | undefined,
): Pick<ColumnDrift, 'new_categories' | 'new_category_share'> {
  if (before.kind !== 'categorical' || now?.kind !== 'categorical') {
    return { new_categories: [], new_category_share: null };
  }
  // Where the reference itself was cut to its top levels, a rare old value cannot be told from a new one.
  if (before.other > 0 || now.rows === 0) return { new_categories: [], new_category_share: null };
  const known = new Set(before.levels);
  const unseen = [...now.levels.keys()].filter((i) => !known.has(now.levels[i]!));
  const rows = unseen.reduce((sum, i) => sum + (now.counts[i] ?? 0), 0);
  return { new_categories: unseen.slice(0, 20).map((i) => now.levels[i]!), new_category_share: rows / now.rows };
}

function share({ missing, rows }: ColumnProfile): number {
  return rows === 0 ? 0 : missing / rows;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
