/** Two large windows of flights for the drift benchmarks: bootstrapped rows of January to March and of December. */
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { withDuckDb } from '../../src/data/engine.ts';
import { quoteText } from '../../src/data/sql-text.ts';

const events = resolve(import.meta.dirname, '../../examples/flights_nyc_2013/events');

/** Fifteen numbers; the last three are jittered until every row has a value of its own. */
export const NUMERIC = [
  ...['flight_number', 'distance_miles', 'sched_dep_minute', 'sched_duration_min', 'day_of_week', 'plane_year'],
  ...['plane_seats', 'dew_point_f', 'humidity_pct', 'wind_dir_deg', 'wind_gust_mph', 'visibility_mi'],
  ...['temp_f', 'wind_speed_mph', 'pressure_mb'],
];
export const CATEGORICAL = ['carrier', 'origin', 'dest', 'tail_number'];
const JITTERED = ['temp_f', 'wind_speed_mph', 'pressure_mb'];

/** Written once a machine, zstd Parquet; rows are drawn by a formula, so every machine gets the same. */
export async function driftWindows(rows: number, progress: (sentence: string) => void) {
  const paths = {
    reference: join(tmpdir(), `hone-drift-reference-${rows}.parquet`),
    current: join(tmpdir(), `hone-drift-current-${rows}.parquet`),
  };
  const there = await Promise.all(
    Object.values(paths).map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (there.every(Boolean)) return paths;
  progress(`Writing two windows of ${rows} rows under ${tmpdir()} …`);
  await withDuckDb({ tempDir: tmpdir(), memoryMb: 2048 }, async (db) => {
    for (const [months, path, seed] of [
      ['2013-0[1-3]', paths.reference, 0],
      ['2013-12', paths.current, 1],
    ] as const) {
      const columns = [...NUMERIC.filter((name) => !JITTERED.includes(name)), ...CATEGORICAL, 'event_ts'].map(
        (name) => `"${name}"`,
      );
      const jittered = JITTERED.map((name) => `("${name}"::DOUBLE + random() * 0.1 - 0.05) AS "${name}"`);
      await db.run(
        `CREATE OR REPLACE TEMP TABLE drawn AS SELECT *, row_number() OVER () - 1 AS n FROM read_parquet(${quoteText(`${events}/${months}.parquet`)})`,
      );
      await db.run(`SELECT setseed(0.${seed + 1})`);
      await db.run(`COPY (SELECT ${[...columns, ...jittered].join(', ')} FROM drawn JOIN
        (SELECT (i * 2654435761 + ${seed}) % (SELECT count(*) FROM drawn) AS n FROM range(${rows}) t(i)) USING (n))
        TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`);
    }
  });
  return paths;
}
