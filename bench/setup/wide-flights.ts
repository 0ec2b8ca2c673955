/** Flights with 25 features, of which none or two are SQL expressions: the row that serving benchmarks send. */
import { join, resolve } from 'node:path';
import type { ModelConfig } from '../../src/config/model.ts';
import { withDuckDb } from '../../src/data/engine.ts';
import { parquetOf, quoteText } from '../../src/data/sql-text.ts';

/** `columns`: every feature is a raw column. `expressions`: two of the same 25 are SQL. */
export type Wide = 'columns' | 'expressions';

const TREES = 200;

/** Columns that the rows get beside their own; integers and numbers. */
const ADDED: Readonly<Record<string, string>> = {
  is_weekend: '(day_of_week >= 6)::INTEGER',
  sched_arr_minute: '((sched_dep_minute + sched_duration_min) % 1440)::INTEGER',
  sched_speed: 'distance_miles / (sched_duration_min / 60.0)',
  plane_age: '(2013 - plane_year)::INTEGER',
  seat_miles: '(plane_seats * distance_miles)::INTEGER',
  dew_point_gap_f: 'temp_f - dew_point_f',
  is_gusty: '(wind_gust_mph IS NOT NULL)::INTEGER',
  dep_hour: '(sched_dep_minute // 60)::INTEGER',
};
const EXPRESSIONS = ['dep_hour', 'is_gusty'];

/** Changes the configuration, and writes the rows that it then reads into `dir`. */
export async function widen(config: ModelConfig, wide: Wide, dir: string): Promise<void> {
  const path = join(dir, 'wide-flights.parquet');
  const source = resolve(import.meta.dirname, '../../examples/flights_nyc_2013/events/2013-01.parquet');
  const own = Object.entries(ADDED).filter(([name]) => wide === 'columns' || !EXPRESSIONS.includes(name));
  const columns = own.map(([name, expr]) => `${expr} AS ${name}`).join(', ');
  await withDuckDb({ tempDir: dir }, (db) =>
    db.run(`COPY (SELECT *, ${columns} FROM ${parquetOf([source])}) TO ${quoteText(path)} (FORMAT parquet)`),
  );
  config.data.source = { type: 'parquet', path };
  const raw = ['sched_dep_minute', 'wind_gust_mph', ...own.map(([name]) => name)];
  config.features.use = [...config.features.use, ...raw];
  config.features.sql = wide === 'columns' ? {} : config.features.sql;
  config.training.params = { ...config.training.params, n_estimators: TREES };
}
