/** Large windows of flights for the drift benchmarks: bootstrapped rows of January to March, or of December. */
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { withDuckDb } from '../../src/data/engine.ts';
import { quoteText } from '../../src/data/sql-text.ts';

const events = resolve(import.meta.dirname, '../../examples/flights_nyc_2013/events');

/** The last three numbers are jittered until every row has a value of its own. */
const JITTERED = ['temp_f', 'wind_speed_mph', 'pressure_mb'];
const STORED = [
  ...['flight_number', 'distance_miles', 'sched_dep_minute', 'sched_duration_min', 'day_of_week', 'plane_year'],
  ...['plane_seats', 'dew_point_f', 'humidity_pct', 'wind_dir_deg', 'wind_gust_mph', 'visibility_mi'],
];
export const NUMERIC = [...STORED, ...JITTERED];
export const CATEGORICAL = ['carrier', 'origin', 'dest', 'tail_number'];

const months = { reference: '2013-0[1-3]', current: '2013-12' } as const;

/**
 * Written once a machine, as zstd Parquet without order; rows are drawn by a formula, jitter from a fixed seed.
 *
 * @returns the path of the file
 */
export async function driftWindow(
  which: keyof typeof months,
  rows: number,
  progress: (sentence: string) => void,
): Promise<string> {
  const path = join(tmpdir(), `hone-drift-${which}-${rows}.parquet`);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return path;
  progress(`Writing ${rows} rows to ${path} …`);
  await withDuckDb({ tempDir: tmpdir(), memoryMb: 2048 }, async (db) => {
    const source = quoteText(`${events}/${months[which]}.parquet`);
    await db.run(`CREATE TEMP TABLE drawn AS SELECT *, row_number() OVER () - 1 AS n FROM read_parquet(${source})`);
    await db.run('SELECT setseed(0.5)');
    await db.run('SET preserve_insertion_order = false');
    const columns = [
      ...[...STORED, ...CATEGORICAL, 'event_ts'].map((name) => `"${name}"`),
      ...JITTERED.map((name) => `("${name}"::DOUBLE + random() * 0.1 - 0.05) AS "${name}"`),
    ];
    await db.run(`COPY (SELECT ${columns.join(', ')} FROM drawn
      JOIN (SELECT (i * 2654435761) % (SELECT count(*) FROM drawn) AS n FROM range(${rows}) t(i)) USING (n))
      TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`);
  });
  return path;
}
