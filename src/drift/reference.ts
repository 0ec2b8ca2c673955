/** Builds what later windows are held against: the profile, the frozen bins and the noise bands. */
import { type Connection, withDuckDb } from '../data/engine.ts';
import { parquetOf, quoteName } from '../data/sql-text.ts';
import { freezeBins } from './bins.ts';
import type { ColumnProfile, NoiseBand, Profile, ReferenceColumn, ReferenceProfile } from './contract.ts';
import { dayCounts } from './day-counts.ts';
import { ReferenceEmpty } from './errors.ts';
import { type DayCounts, noiseBands } from './noise-bands.ts';
import { predictionColumn } from './prediction-column.ts';
import { type ColumnSpec, gridCells, profileGroups, read } from './profile.ts';
import { dayCountsOfValues, profileOfValues } from './values.ts';

export { predictionColumn };

export interface ReferenceRequest {
  /** Local Parquet files, such as the training part of a feature snapshot. */
  readonly paths: readonly string[];
  readonly numeric: readonly string[];
  readonly categorical: readonly string[];
  /** Milliseconds since the epoch, or a timestamp; null: no time, so no noise bands. `_event_time` by default. */
  readonly timeColumn?: string | null;
  /** What the reference is, for people. */
  readonly name?: string;
  /** Scores of the version on rows it was not fitted on, so that its later predictions can be compared. */
  readonly predictions?: { readonly values: Float64Array; readonly eventTime: Float64Array };
  readonly workDir: string;
  readonly signal?: AbortSignal;
}

/** @throws ReferenceEmpty where there is no row */
export async function referenceProfile(request: ReferenceRequest): Promise<ReferenceProfile> {
  const { paths, timeColumn = '_event_time', name = 'training rows', predictions } = request;
  const reference = await withDuckDb(
    { tempDir: request.workDir },
    (db) =>
      referenceOf(db, {
        relation: parquetOf(paths),
        columns: columnSpecs(request.numeric, request.categorical),
        timeColumn,
        name,
      }),
    request.signal,
  );
  if (predictions === undefined) return reference;
  return withPredictions(reference, predictions.values, predictions.eventTime);
}

/** Adds the distribution of predictions as a column of its own, with bins and bands like the others. */
export function withPredictions(
  reference: ReferenceProfile,
  values: Float64Array,
  eventTime: Float64Array,
): ReferenceProfile {
  const profile = profileOfValues(values);
  const bins = freezeBins(profile);
  const column: ReferenceColumn = { profile, bins, bands: [], missing_worst_day: null };
  addDays(column, dayCountsOfValues(values, eventTime, bins));
  return { ...reference, columns: { ...reference.columns, [predictionColumn]: column } };
}

export interface ReferenceSource {
  readonly relation: string;
  readonly columns: readonly ColumnSpec[];
  readonly timeColumn: string | null;
  readonly name: string;
}

export async function referenceOf(db: Connection, source: ReferenceSource): Promise<ReferenceProfile> {
  const { relation, columns, timeColumn, name } = source;
  const profile = (await profileGroups(db, relation, columns)).get(0);
  if (profile === undefined) throw new ReferenceEmpty(name);
  const reference = freeze(profile, name);
  if (timeColumn === null) return reference;

  const ms = await millisecondsOf(db, relation, timeColumn);
  const [from, to] = await read(db, `SELECT min(${ms})::DOUBLE, max(${ms})::DOUBLE FROM ${relation}`);
  const bins = Object.fromEntries(Object.entries(reference.columns).map(([column, { bins }]) => [column, bins]));
  const byDay = await dayCounts(db, `(SELECT * FROM ${relation} WHERE ${ms} IS NOT NULL)`, `${ms} // 86400000`, bins);
  for (const [column, days] of byDay) addDays(reference.columns[column]!, days);
  return { ...reference, from: iso(from?.[0]), to: iso(to?.[0]) };
}

/** A reference without noise bands: only the formula for independent rows is left. */
export function freeze(profile: Profile, name: string): ReferenceProfile {
  const columns = Object.entries(profile.columns).map(
    ([column, one]) =>
      [column, { profile: one, bins: freezeBins(one), bands: [] as NoiseBand[], missing_worst_day: null }] as const,
  );
  return { contract: 1, name, rows: profile.rows, from: null, to: null, columns: Object.fromEntries(columns) };
}

function addDays(column: ReferenceColumn, days: DayCounts): void {
  const shares = days.map((day) => (day.at(-1) ?? 0) / day.reduce((sum, count) => sum + count, 0));
  column.bands = noiseBands(days);
  column.missing_worst_day = shares.length === 0 ? null : Math.max(...shares);
}

export function columnSpecs(numeric: readonly string[], categorical: readonly string[]): ColumnSpec[] {
  return [
    ...numeric.map((name) => ({ name, kind: 'numeric' as const })),
    ...categorical.map((name) => ({ name, kind: 'categorical' as const })),
  ];
}

/** What later profiles of a column must use: the reference's own grid, or its range where every value was kept. */
export function gridOf(profile: ColumnProfile | undefined): Pick<ColumnSpec, 'grid' | 'keptAs'> {
  if (profile?.kind !== 'numeric') return {};
  if (profile.fine.kind === 'grid') {
    return { keptAs: 'grid', grid: { lo: profile.fine.lo, hi: profile.fine.hi, cells: profile.fine.cells } };
  }
  if (profile.min === null || profile.max === null || profile.max <= profile.min) return { keptAs: 'exact' };
  return { keptAs: 'exact', grid: { lo: profile.min, hi: profile.max, cells: gridCells } };
}

/** SQL of a time column as BIGINT milliseconds since the epoch. */
export async function millisecondsOf(db: Connection, relation: string, column: string): Promise<string> {
  const [types] = await read(db, `SELECT typeof(${quoteName(column)}) FROM ${relation} LIMIT 1`);
  const type = String(types?.[0] ?? 'BIGINT');
  return /^(TIMESTAMP|DATE)/.test(type) ? `epoch_ms(${quoteName(column)})` : `${quoteName(column)}::BIGINT`;
}

function iso(ms: unknown): string | null {
  return ms === null || ms === undefined ? null : new Date(Number(ms)).toISOString();
}
