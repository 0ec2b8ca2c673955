/** The prediction log as its readers see it: local Parquet files, one row a prediction and arm. */
import type { ObjectStore } from '../../store/object-store.ts';
import { type DayRange, fetchPartitions } from './partitions.ts';

/**
 * Local Parquet files of the predictions whose **event day** is in `[from, to)`: whole days, so filter on `event_time`
 * where the bounds are within a day. Read them with `union_by_name => true`: versions differ in features. A row may
 * appear twice after a node lost its connection while writing; `distinct on (inference_id, version, arm)` settles it.
 *
 * @returns paths in the order of day and writing; empty where nothing was logged
 * @throws ObjectCorrupt when a file is not what was written
 */
export function readLog(store: ObjectStore, model: string, range: DayRange & { cacheDir: string }): Promise<string[]> {
  return fetchPartitions(store, model, 'log', range);
}
