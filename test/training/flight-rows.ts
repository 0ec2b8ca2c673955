/** Real rows in the form of a feature snapshot: January and February 2013, cut into train and validation. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

export const numeric = ['distance_miles', 'plane_year', 'sched_dep_minute', 'temp_f', 'wind_gust_mph', 'pressure_mb'];
export const categorical = ['carrier', 'origin', 'dest', 'plane_manufacturer'];

const events = fileURLToPath(new URL('../../examples/flights_nyc_2013/events/', import.meta.url));

/** SQL of a label: late or not, four kinds of delay, minutes of delay, or those without being early. */
export const labels = {
  binary: 'arrived_late',
  multiclass:
    'CASE WHEN arr_delay_min < 0 THEN 0 WHEN arr_delay_min < 15 THEN 1 WHEN arr_delay_min < 60 THEN 3 ELSE 7 END',
  regression: 'arr_delay_min',
  count: 'greatest(arr_delay_min, 0)',
} as const;

export interface FlightRows {
  readonly folder: string;
  readonly train: string;
  readonly validation: string;
  remove(): Promise<void>;
}

/** Some ten thousand training and five thousand validation rows; validation holds unseen and missing categories. */
export async function flightRows(label: keyof typeof labels = 'binary'): Promise<FlightRows> {
  const folder = await mkdtemp(join(tmpdir(), 'hone-flight-rows-'));
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const db = await instance.connect();
  const select = `SELECT CAST(flight_id AS VARCHAR) AS _id, coalesce(tail_number, CAST(flight_id AS VARCHAR)) AS _entity,
    epoch_ms(event_ts) AS _event_time, CAST(${labels[label]} AS DOUBLE) AS _label, 1.0::DOUBLE AS _weight,
    ${numeric.map((name) => `CAST(${name} AS FLOAT) AS ${name}`).join(', ')}, ${categorical.join(', ')}
    FROM read_parquet(['${events}2013-01.parquet', '${events}2013-02.parquet'])`;
  const parts = { train: ['2013-01-20', '2013-02-02'], validation: ['2013-02-03', '2013-02-09'] } as const;
  const paths = { train: join(folder, 'train.parquet'), validation: join(folder, 'validation.parquet') };
  for (const part of ['train', 'validation'] as const) {
    const [from, to] = parts[part];
    await db.run(`COPY (${select} WHERE arrived_late IS NOT NULL AND event_ts >= '${from}' AND event_ts < '${to}'
      ORDER BY event_ts, flight_id) TO '${paths[part]}' (FORMAT parquet, COMPRESSION zstd)`);
  }
  db.closeSync();
  instance.closeSync();
  return { folder, ...paths, remove: () => rm(folder, { recursive: true, force: true }) };
}
