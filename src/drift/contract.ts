/** What a column looked like (profile), what it is held against (reference profile) and what came out (drift report). */
import { z } from 'zod';

const count = z.number().int().nonnegative();

/** Values outside a grid's bounds; `sum` keeps their mean. */
const tail = z.strictObject({ count, sum: z.number() });

/** The distribution of a numeric column: every value, or 4,096 equal-width cells with counts and sums (sparse). */
const fine = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('exact'), values: z.array(z.number()), counts: z.array(count) }),
  z.strictObject({
    kind: z.literal('grid'),
    lo: z.number(),
    hi: z.number(),
    cells: count,
    at: z.array(count),
    counts: z.array(count),
    sums: z.array(z.number()),
    under: tail,
    over: tail,
  }),
]);
export type Fine = z.output<typeof fine>;

export const numericProfile = z.strictObject({
  kind: z.literal('numeric'),
  rows: count,
  /** Null and NaN. */
  missing: count,
  /** Minus and plus infinity: they count as under- and overflow. */
  infinite: z.tuple([count, count]),
  min: z.number().nullable(),
  max: z.number().nullable(),
  fine,
});
export type NumericProfile = z.output<typeof numericProfile>;

export const categoricalProfile = z.strictObject({
  kind: z.literal('categorical'),
  rows: count,
  /** Null and the empty text: one thing to a model. */
  missing: count,
  /** The most frequent values, most frequent first, and the rows of all others. */
  levels: z.array(z.string()),
  counts: z.array(count),
  other: count,
});
export type CategoricalProfile = z.output<typeof categoricalProfile>;

export const columnProfile = z.discriminatedUnion('kind', [numericProfile, categoricalProfile]);
export type ColumnProfile = z.output<typeof columnProfile>;

/** Profiles of the same columns add up (`addProfiles`): a month is the sum of its days. */
export const profile = z.strictObject({ rows: count, columns: z.record(z.string(), columnProfile) });
export type Profile = z.output<typeof profile>;

/** Bins frozen from the reference. Numeric: upper cut points (inclusive); categorical: levels with a bin of their own. */
export const frozenBins = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('numeric'), lo: z.number(), hi: z.number(), cuts: z.array(z.number()) }),
  z.strictObject({ kind: z.literal('categorical'), levels: z.array(z.string()) }),
]);
export type FrozenBins = z.output<typeof frozenBins>;

/** PSI between windows of `days` days and a reference, both made of the reference's own days. */
export const noiseBand = z.strictObject({
  days: z.number().int().positive(),
  /** Whole days in the reference. */
  of: z.number().int().positive(),
  windows: z.number().int().positive(),
  mean: z.number(),
  sd: z.number(),
  q99: z.number(),
});
export type NoiseBand = z.output<typeof noiseBand>;

const referenceColumn = z.strictObject({
  profile: columnProfile,
  bins: frozenBins,
  bands: z.array(noiseBand),
  /** Largest share of missing values on a whole day; null where there is no time. */
  missing_worst_day: z.number().nullable(),
});
export type ReferenceColumn = z.output<typeof referenceColumn>;

/** Stored with each version at `profiles/<digest>.json`. */
export const referenceProfile = z.strictObject({
  contract: z.literal(1),
  /** What the reference is, for people: `training rows`, `trailing 28 days`, … */
  name: z.string(),
  rows: count,
  /** Event time of the first and last row, ISO 8601; null where there is no time column. */
  from: z.string().nullable(),
  to: z.string().nullable(),
  columns: z.record(z.string(), referenceColumn),
});
export type ReferenceProfile = z.output<typeof referenceProfile>;

const bar = z.strictObject({
  label: z.string(),
  /** Shares of the rows of each window. */
  reference: z.number(),
  current: z.number(),
});
export type Bar = z.output<typeof bar>;

/** What a picture of a column shows. */
export const picture = z.strictObject({
  /** `values` and `ranges` stand upright in order; `levels` lie, for their names are long. */
  shape: z.enum(['values', 'ranges', 'levels']),
  bars: z.array(bar),
  /** Null where neither window misses anything. */
  missing: bar.nullable(),
});
export type Picture = z.output<typeof picture>;

export const driftVerdict = z.enum(['stable', 'moved', 'not_judged']);
export type DriftVerdict = z.output<typeof driftVerdict>;

/** What a column holds. Timestamps, ids and structures are named but never tested for drift. */
export const columnKind = z.enum([
  'numeric',
  'few_values',
  'categorical',
  'high_cardinality',
  'timestamp',
  'id',
  'other',
]);
export type ColumnKind = z.output<typeof columnKind>;

export const columnDrift = z.strictObject({
  kind: columnKind,
  n_reference: count,
  n_current: count,
  /** Null where a distance has no meaning: an empty side, or another kind of column. */
  psi: z.number().nullable(),
  js_distance: z.number().nullable(),
  ks_statistic: z.number().nullable(),
  wasserstein_distance: z.number().nullable(),
  chi_squared: z.number().nullable(),
  p_value: z.number().nullable(),
  missing: z.strictObject({ reference: z.number(), current: z.number() }),
  new_categories: z.array(z.string()).max(20),
  /** Share of current rows with a value the reference never had; null where that cannot be told. */
  new_category_share: z.number().nullable(),
  /** PSI from which a column has moved: the limit plus `noise`. */
  threshold: z.number().nullable(),
  /** PSI that windows of this size show without any change. */
  noise: z.number().nullable(),
  noise_from: z.enum(['formula', 'permutation', 'reference_days']).nullable(),
  /** Place of the feature by what the model makes of it; left out where the version brought no importances. */
  importance: z.strictObject({ rank: z.number().int().positive(), of: count, share: z.number() }).optional(),
  verdict: driftVerdict,
  sentence: z.string(),
});
export type ColumnDrift = z.output<typeof columnDrift>;

export const driftReport = z.strictObject({
  reference: z.strictObject({ name: z.string(), rows: count, from: z.string().nullable(), to: z.string().nullable() }),
  columns: z.record(z.string(), columnDrift),
  dataset: z.strictObject({
    share_moved: z.number().nullable(),
    /** Share of the model's importance that the moved columns carry among the judged ones; left out without importances. */
    importance_moved: z.number().nullable().optional(),
    moved: z.array(z.string()),
    judged: count,
    verdict: driftVerdict,
    sentence: z.string(),
  }),
});
export type DriftReport = z.output<typeof driftReport>;
