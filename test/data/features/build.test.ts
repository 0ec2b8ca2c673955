import { expect, test } from 'vitest';
import type { ModelConfig } from '../../../src/config/model.ts';
import { readFeatureColumns } from '../../../src/data/columns.ts';
import { buildFeatures, buildRefitFeatures, featuresForWindow } from '../../../src/data/features/build.ts';
import { featureDefinition } from '../../../src/data/features/definition.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { localFiles, readSnapshot } from '../../../src/data/snapshots.ts';
import { parquetOf } from '../../../src/data/sql-text.ts';
import { flightsConfig, january, januaryGeometry, query, type Surroundings, surroundings } from '../surroundings.ts';

const asOf = '2013-01-26T00:00:00.000Z';

async function rawOf(around: Surroundings, config: ModelConfig, at = asOf) {
  const { ref } = await ingest({ ...around, config, asOf: at });
  return { ...around, config, raw: ref.digest, asOf: at };
}

test('parts hold the mature rows of their half-open windows with a label, in event-time order', async () => {
  const around = await surroundings();
  const input = await rawOf(around, await flightsConfig());
  const { ref, manifest } = await buildFeatures({ ...input, geometry: januaryGeometry(asOf) });
  expect(await readSnapshot(around.store, ref.digest, 'features')).toEqual(manifest);
  const raw = parquetOf(
    await localFiles(around.store, await readSnapshot(around.store, input.raw, 'raw'), around.cacheDir),
  );
  for (const [part, from, to] of [
    ['train', '2013-01-01', '2013-01-15'],
    ['validation', '2013-01-16', '2013-01-19'],
    ['holdout', '2013-01-20', '2013-01-25'],
  ] as const) {
    const files = parquetOf(await localFiles(around.store, manifest, around.cacheDir, part));
    const [found] = await query(around.dir, `SELECT count(*) AS n, sum(_label) AS late FROM ${files}`);
    const [expected] = await query(
      around.dir,
      `SELECT count(*) AS n, sum(arrived_late)::DOUBLE AS late FROM ${raw}
       WHERE event_ts >= '${from}' AND event_ts < '${to}' AND arrived_late IS NOT NULL`,
    );
    expect(found).toEqual(expected);
    const [order] = await query(
      around.dir,
      `SELECT count(*) AS wrong FROM (SELECT _event_time < lag(_event_time) OVER () AS back FROM ${files}) WHERE back`,
    );
    expect(order).toEqual({ wrong: 0n });
  }
  const again = await buildFeatures({ ...input, geometry: januaryGeometry(asOf) });
  expect(again.ref).toEqual(ref);
});

test('a flight younger than mature_after enters no part, although its label is known already', async () => {
  const around = await surroundings();
  const afternoon = '2013-01-24T21:00:00.000Z';
  const config = await flightsConfig((config) => {
    config.data.label.mature_after = 'PT3H';
  });
  const input = await rawOf(around, config, afternoon);
  const geometry = januaryGeometry(afternoon, { mature_before: '2013-01-25T00:00:00.000Z' }); // too late on purpose
  const { manifest } = await buildFeatures({ ...input, geometry });
  const holdout = parquetOf(await localFiles(around.store, manifest, around.cacheDir, 'holdout'));
  const [youngest] = await query(around.dir, `SELECT max(_event_time) AS at FROM ${holdout}`);
  expect(Number(youngest?.['at'])).toBeLessThan(Date.parse('2013-01-24T18:00:00Z'));
  expect(Number(youngest?.['at'])).toBeGreaterThan(Date.parse('2013-01-24T17:00:00Z'));

  // labels of younger rows are there already; over the month, those that are known within the cut are far less often late
  const raw = await readSnapshot(around.store, input.raw, 'raw');
  const [left] = await query(
    around.dir,
    `SELECT count(arrived_late) AS known FROM ${parquetOf(await localFiles(around.store, raw, around.cacheDir))}
     WHERE event_ts > TIMESTAMPTZ '${afternoon}' - INTERVAL 3 HOUR`,
  );
  expect(Number(left?.['known'])).toBeGreaterThan(10);
  const [month] = await query(
    around.dir,
    `SELECT avg(arrived_late) FILTER (label_available_at - event_ts <= INTERVAL 3 HOUR) AS quick, avg(arrived_late) AS all_labels
     FROM ${parquetOf([january])}`,
  );
  expect(Number(month?.['quick'])).toBeLessThan(0.15);
  expect(Number(month?.['all_labels'])).toBeGreaterThan(0.23);
});

test('labels that arrive later than as_of are unknown to features even when the raw snapshot is younger', async () => {
  const around = await surroundings();
  const config = await flightsConfig((config) => {
    config.data.label.mature_after = 'PT1H';
  });
  const input = await rawOf(around, config);
  const early = '2013-01-24T12:00:00.000Z';
  const geometry = januaryGeometry(early);
  const { manifest } = await buildFeatures({ ...input, asOf: early, geometry });
  const holdout = parquetOf(await localFiles(around.store, manifest, around.cacheDir, 'holdout'));
  const [found] = await query(
    around.dir,
    `SELECT count(*) AS n FROM ${holdout} AS f JOIN ${parquetOf([january])} AS s
     ON f._id = CAST(s.flight_id AS VARCHAR) WHERE s.label_available_at > TIMESTAMPTZ '${early}'`,
  );
  expect(found).toEqual({ n: 0n });
});

test('a mature row whose label never came follows if_never', async () => {
  const around = await surroundings();
  const counts: Record<string, [number, number]> = {};
  for (const ifNever of ['exclude', 'negative', 'positive', 'censored'] as const) {
    const config = await flightsConfig((config) => {
      config.data.label.if_never = ifNever;
    });
    const { manifest } = await buildFeatures({ ...(await rawOf(around, config)), geometry: januaryGeometry(asOf) });
    const train = await readFeatureColumns(
      await localFiles(around.store, manifest, around.cacheDir, 'train'),
      manifest,
    );
    counts[ifNever] = [train.rows, train.label.reduce((sum, label) => sum + label, 0)];
  }
  const [rows, late] = counts['exclude'] as [number, number];
  const cancelled = (counts['negative']?.[0] ?? 0) - rows;
  expect(cancelled).toBeGreaterThan(10);
  expect(counts).toEqual({
    exclude: [rows, late],
    censored: [rows, late],
    negative: [rows + cancelled, late],
    positive: [rows + cancelled, late + cancelled],
  });
});

test('a refit takes every mature row, and another definition gives the same rows side by side', async () => {
  const around = await surroundings();
  const input = await rawOf(around, await flightsConfig());
  const geometry = januaryGeometry(asOf);
  const judged = await buildFeatures({ ...input, geometry });
  const refit = await buildRefitFeatures({ ...input, geometry });
  expect(refit.manifest.parts.map(({ part }) => part)).toEqual(['refit']);
  expect(refit.ref.rows).toBe(refit.manifest.mature_labels);
  expect(refit.ref.rows).toBeGreaterThan(judged.ref.rows);

  const other = await flightsConfig((config) => {
    config.features.use = ['distance_miles'];
    config.features.sql = { hour: { type: 'int32', expr: 'sched_dep_minute // 60 -- the local hour' } };
    config.features.categories.columns = [];
  });
  const definition = featureDefinition(other);
  const path = await featuresForWindow({ ...input, definition, ...geometry.holdout });
  const shape = { ...definition, slices: ['origin'] };
  const champion = await readFeatureColumns([path], shape);
  const holdout = await localFiles(around.store, judged.manifest, around.cacheDir, 'holdout');
  const candidate = await readFeatureColumns(holdout, { ...judged.manifest, slices: ['origin', 'carrier'] });
  expect(champion.id).toEqual(candidate.id);
  expect(champion.label).toEqual(candidate.label);
  expect(champion.slices['origin']).toEqual(candidate.slices['origin']);
});

test('columns arrive as typed arrays: null numbers are NaN, null categories are empty, null entities are the id', async () => {
  const around = await surroundings();
  const input = await rawOf(
    around,
    await flightsConfig((config) => {
      config.data.label.if_never = 'negative'; // keeps cancelled flights, which have no tail number
    }),
  );
  const { manifest } = await buildFeatures({ ...input, geometry: januaryGeometry(asOf) });
  const train = await localFiles(around.store, manifest, around.cacheDir, 'train');
  const rows = await readFeatureColumns(train, manifest);
  expect(rows.numeric.length).toBe(rows.rows * manifest.numeric.length);
  const [nulls] = await query(
    around.dir,
    `SELECT count(*) FILTER (plane_year IS NULL) AS n, sum(dep_hour) AS hours FROM ${parquetOf(train)}`,
  );
  const year = manifest.numeric.indexOf('plane_year');
  const hour = manifest.numeric.indexOf('dep_hour');
  let [missing, hours] = [0, 0];
  for (let row = 0; row < rows.rows; row++) {
    if (Number.isNaN(rows.numeric[row * manifest.numeric.length + year])) missing++;
    hours += rows.numeric[row * manifest.numeric.length + hour] ?? 0;
  }
  expect([missing, hours]).toEqual([Number(nulls?.['n']), nulls?.['hours']]);
  const without = rows.entity.filter((entity, i) => entity === rows.id[i]);
  expect(without.length).toBeGreaterThan(0);
  expect(new Set(rows.categorical[manifest.categorical.indexOf('origin')])).toEqual(new Set(['EWR', 'JFK', 'LGA']));
  expect(rows.eventTime[0]).toBe(Date.parse('2013-01-01T10:15:00Z'));
});

test.each([
  ['arr_delay_min * 2', /known only afterwards/],
  ['read_parquet.arrived_late', /no column "read_parquet"/],
  ['avg(distance_miles) OVER ()', /window function/],
  ['avg(distance_miles)', /aggregate/],
  ['(SELECT 1)', /subquery/],
  ['random()', /another value at another time/],
  ['epoch(now())', /another value at another time/],
  ['current_date', /no column "current_date"/],
  ['1), (2', /one expression|cannot|syntax/],
  ['distance_miles +', /syntax/],
  ['nothing_here', /no column "nothing_here"/],
])('the expression %s is refused before it runs', async (expr, message) => {
  const around = await surroundings();
  const config = await flightsConfig((config) => {
    config.features.sql = { odd: { type: 'float32', expr } };
    config.data.source = { type: 'parquet', path: 'examples/flights_nyc_2013/events/2013-01.parquet' };
  });
  const input = await rawOf(around, config, '2013-01-02T00:00:00.000Z');
  await expect(buildFeatures({ ...input, geometry: januaryGeometry(asOf) })).rejects.toThrow(message);
});

test('a definition refuses leaks, repeats and stray categories, and its digest follows what changes values', async () => {
  const config = await flightsConfig();
  const digest = featureDefinition(config).digest;
  const changed = (change: (config: ModelConfig) => void) => {
    const copy = structuredClone(config);
    change(copy);
    return () => featureDefinition(copy);
  };
  expect(changed((c) => c.features.use.push('arr_delay_min'))).toThrow(/leak/);
  expect(changed((c) => c.features.use.push('Carrier'))).toThrow(/twice/);
  expect(changed((c) => c.features.categories.columns.push('tail_number'))).toThrow(/is no feature/);
  expect(
    changed((c) => {
      c.training.seed = 99;
    })().digest,
  ).toBe(digest);
  expect(
    changed((c) => {
      c.features.categories.min_count = 7;
    })().digest,
  ).not.toBe(digest);
});
