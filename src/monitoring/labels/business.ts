/** Business figures beside predictions: rebookings, complaints, overrides; of one prediction or of a window. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStore } from '../../store/object-store.ts';
import { type DayRange, fetchPartitions, writePartitions } from '../log/partitions.ts';
import { businessRecord } from '../log/records.ts';

/** Exactly one of `inference_id` and `window`. Times are ISO 8601. */
export interface BusinessFigure {
  readonly inference_id?: string | undefined;
  readonly window?: { readonly from: string; readonly to: string } | undefined;
  readonly name: string;
  readonly value: number;
  readonly observed_at: string;
}

/** Appends figures, durable on return. @returns the keys written, one file a day of `observed_at` */
export async function recordBusiness(
  store: ObjectStore,
  model: string,
  figures: readonly BusinessFigure[],
  options: { recordedAt?: string; tempDir?: string } = {},
): Promise<string[]> {
  if (figures.length === 0) return [];
  const recordedAt = options.recordedAt === undefined ? Date.now() : Date.parse(options.recordedAt);
  const rows = figures.map(({ inference_id, window, name, value, observed_at }) => ({
    inference_id: inference_id ?? null,
    window_from: window ? Date.parse(window.from) : null,
    window_to: window ? Date.parse(window.to) : null,
    name,
    value,
    observed_at: Date.parse(observed_at),
    recorded_at: recordedAt,
  }));
  const tempDir = options.tempDir ?? join(tmpdir(), 'hone-records');
  return writePartitions(store, { kind: businessRecord, model, chunks: [rows], writtenAt: recordedAt, tempDir });
}

/** Local Parquet files of the figures observed in a range of whole days. */
export function readBusiness(
  store: ObjectStore,
  model: string,
  range: DayRange & { cacheDir: string },
): Promise<string[]> {
  return fetchPartitions(store, model, 'business', range);
}
