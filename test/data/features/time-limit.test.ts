import { expect, test } from 'vitest';
import { rowsOf, withDuckDb } from '../../../src/data/engine.ts';
import { buildFeatures } from '../../../src/data/features/build.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { withTimeLimit } from '../../../src/data/user-sql.ts';
import { flightsConfig, januaryGeometry, surroundings } from '../surroundings.ts';

const asOf = '2013-01-26T00:00:00.000Z';

test('an expression that never ends is stopped at its limit and named', async () => {
  const around = await surroundings();
  const config = await flightsConfig((config) => {
    config.features.time_limit = 'PT0.2S';
    config.features.sql = {
      slow: {
        type: 'int32',
        expr: 'len(list_filter(range(20000), y -> (y * y + sched_dep_minute) % 7 = distance_miles % 7))',
      },
    };
  });
  const { ref } = await ingest({ ...around, config, asOf });
  const built = buildFeatures({ ...around, config, asOf, raw: ref.digest, geometry: januaryGeometry(asOf) });
  await expect(built).rejects.toMatchObject({ code: 'HONE_USER_SQL_TIMED_OUT', retryable: false });
  await expect(built).rejects.toThrow(/features of flights-delay was stopped after 0.2 s.*raise features.time_limit/);
});

test('a query of the source that joins everything with everything is stopped and named', async () => {
  const around = await surroundings();
  const config = await flightsConfig((config) => {
    const query =
      'SELECT a.* FROM source a, source b, source c WHERE a.distance_miles + b.distance_miles = c.plane_year';
    const path = 'examples/flights_nyc_2013/events/2013-01.parquet';
    config.data.source = { type: 'sql', path, query, timeout: 'PT0.5S' };
  });
  const read = ingest({ ...around, config, asOf });
  await expect(read).rejects.toThrow(/data.source.query was stopped after 0.5 s.*raise data.source.timeout/);
});

test('an error of the engine before the limit stays that error, and work in time is not disturbed', async () => {
  const { dir } = await surroundings();
  const limit = { where: 'a test', setting: 'features.time_limit', ms: 60_000 };
  await withDuckDb({ tempDir: dir }, async (db) => {
    expect(await withTimeLimit(db, limit, () => rowsOf(db, 'SELECT 1 AS one'))).toEqual([{ one: 1 }]);
    await expect(withTimeLimit(db, limit, () => rowsOf(db, 'SELECT nothing'))).rejects.toThrow(/Binder Error/);
  });
});
