import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withDuckDb } from '../../../src/data/engine.ts';
import { type FeatureDefinition, featureDefinition, featureSelect } from '../../../src/data/features/definition.ts';
import type { LookupRef } from '../../../src/data/features/lookup-contract.ts';
import { OnlineFeatures } from '../../../src/data/features/online.ts';
import { Lookups, newestLookups } from '../../../src/data/features/online-lookup.ts';
import { putBlob, putDocument } from '../../../src/store/content.ts';
import { flightsConfig, type Surroundings, surroundings } from '../surroundings.ts';

const airports = `SELECT * FROM (VALUES ('JFK', 'New "York"', 13, 40.63::FLOAT, true), ('BOS', NULL, -5, 'NaN'::FLOAT, false), ('ORD', '', NULL, 3e38::FLOAT, NULL))
  t(_key_0, city, metres, latitude, coastal)`;
const late = `SELECT * FROM (VALUES ('JFK', 'AA', 12, 0.1::FLOAT), ('JFK', 'UA', 3, 'Infinity'::FLOAT)) t(_key_0, _key_1, flights, late_share)`;
const types = { origin: 'VARCHAR', carrier: 'VARCHAR', n: 'BIGINT' };

async function definitionOf(sql: Record<string, { type: 'int32' | 'float32' | 'string'; expr: string }>) {
  const config = await flightsConfig((config) => {
    config.features.use = ['n'];
    config.features.sql = sql;
    config.features.categories.columns = [];
  });
  const window = { by: ['origin', 'carrier'], length_ms: 1, delay_ms: 0, expr: 'count(*)', of_labels: false };
  const definition: FeatureDefinition = {
    ...featureDefinition(config),
    joins: [
      {
        name: 'airport',
        path: 'airports.parquet',
        key: [{ column: 'origin', reference: 'code' }],
        valid_from: null,
        known_at: null,
        columns: [
          { name: 'city', type: 'string' },
          { name: 'metres', type: 'int32' },
          { name: 'latitude', type: 'float32' },
          { name: 'coastal', type: 'boolean' },
        ],
      },
    ],
    windows: [
      { ...window, name: 'flights', type: 'int32' },
      { ...window, name: 'late_share', type: 'float32' },
    ],
  };
  return definition;
}

const columns = (types: Record<string, string>) => Object.entries(types).map(([name, type]) => ({ name, type }));
const key = (...names: string[]) => names.map((column) => ({ column, type: 'VARCHAR' as const }));

/** Publishes the two lookups as of a day, as the features stage does. */
async function publish(
  { store, dir, cacheDir }: Surroundings,
  definition: FeatureDefinition,
  day: string,
  flights = late,
) {
  const as_of = `2013-01-${day}T00:00:00.000Z`;
  const refOf = async (name: string, sql: string, rest: Pick<LookupRef, 'of' | 'key' | 'columns' | 'missing'>) => {
    const path = join(dir, `${name}-${day}.parquet`);
    const rows = await withDuckDb({ tempDir: dir }, async (db) => {
      await db.run(`COPY (${sql}) TO '${path}' (FORMAT parquet)`);
      return Number((await db.runAndReadAll(`SELECT count(*) FROM '${path}'`)).getRows()[0]?.[0]);
    });
    return {
      ...rest,
      kind: 'lookup' as const,
      name,
      as_of,
      file: { ...(await putBlob(store, { path }, `${name}.parquet`)), rows },
    };
  };
  const airport = { city: 'VARCHAR', metres: 'INTEGER', latitude: 'FLOAT', coastal: 'BOOLEAN' };
  const set = {
    model: 'flights-delay',
    definition: definition.digest,
    raw: '0'.repeat(64),
    as_of,
    lookups: [
      await refOf('airport', airports, {
        of: 'join',
        key: key('origin'),
        columns: columns(airport),
        missing: { city: null, metres: null, latitude: null, coastal: null },
      }),
      await refOf('flights', `SELECT _key_0, _key_1, flights FROM (${flights})`, {
        of: 'window',
        key: key('origin', 'carrier'),
        columns: columns({ flights: 'INTEGER' }),
        missing: { flights: 0 },
      }),
      await refOf('late_share', `SELECT _key_0, _key_1, late_share FROM (${flights})`, {
        of: 'window',
        key: key('origin', 'carrier'),
        columns: columns({ late_share: 'FLOAT' }),
        missing: { late_share: null },
      }),
    ],
  };
  const stamp = as_of.replaceAll(/\D/g, '');
  await putDocument(store, `models/flights-delay/lookups/${definition.digest}/${stamp}-${'0'.repeat(12)}.json`, set);
  return await newestLookups(store, 'flights-delay', definition.digest, cacheDir);
}

const rows = [
  { origin: 'JFK', carrier: 'AA', n: 1 },
  { origin: 'JFK', carrier: 'UA', n: '9007199254740993' },
  { origin: 'BOS', carrier: 'AA', n: null },
  { origin: 'ORD', carrier: '', n: 0 },
  { origin: 'nowhere"]', carrier: null, n: -1 },
  { origin: null, carrier: 'AA', n: 7 },
];

test('joins and windows online are bit for bit what the same SQL gives over the same lookups', async () => {
  const around = await surroundings();
  const definition = await definitionOf({
    city: { type: 'string', expr: 'airport.city' },
    latitude: { type: 'float32', expr: 'airport."LATITUDE"' },
    coastal: { type: 'int32', expr: 'airport.coastal' },
    flights: { type: 'float32', expr: 'windows.flights' },
    late_share: { type: 'float32', expr: 'windows.late_share' },
    high: { type: 'float32', expr: 'airport.metres / 3 + windows.late_share' },
    place: { type: 'string', expr: "coalesce(airport.city, origin) || ':' || windows.flights" },
  });
  const files = await publish(around, definition, '10');
  if (!files) throw new Error('nothing published');
  const features = await OnlineFeatures.open(definition, types, await Lookups.load(files));
  expect(features.evaluated).toEqual(['high', 'place']);
  expect([...features.inputs.keys()].sort()).toEqual(['carrier', 'n', 'origin']);
  const online = await features.compute(rows);
  expect(online.lookupAsOf).toBe(Date.parse('2013-01-10'));
  await features.close();

  const [numeric, text] = [definition.numeric, definition.categorical];
  const offline = await withDuckDb({ tempDir: around.dir }, async (db) => {
    const values = rows.map(
      ({ origin, carrier, n }, i) => `(${i}, ${sql(origin)}, ${sql(carrier)}, ${sql(n)}::BIGINT)`,
    );
    const found = await db.runAndReadAll(
      `SELECT ${featureSelect(definition)} FROM (SELECT r.i, r.origin, r.carrier, r.n,
         struct_pack(city := a.city, metres := a.metres, latitude := a.latitude, coastal := a.coastal) AS airport,
         struct_pack(flights := coalesce(w.flights, 0), late_share := w.late_share) AS windows
       FROM (VALUES ${values.join(', ')}) r(i, origin, carrier, n)
       LEFT JOIN (${airports}) a ON a._key_0 = nullif(r.origin, '')
       LEFT JOIN (${late}) w ON w._key_0 = nullif(r.origin, '') AND w._key_1 = nullif(r.carrier, '')) ORDER BY i`,
    );
    return found.getColumns();
  });
  numeric.forEach((name, k) => {
    const here = rows.map((_, i) => online.numeric[i * numeric.length + k]);
    const there = (offline[k] ?? []).map((value) => (value === null ? Number.NaN : Number(value)));
    expect(here, name).toEqual(there);
  });
  text.forEach((name, k) => {
    expect(online.categorical[k], name).toEqual((offline[numeric.length + k] ?? []).map((value) => value ?? ''));
  });
});

test('a newer set is found once, takes over between two requests, and its age goes with the rows', async () => {
  const around = await surroundings();
  const definition = await definitionOf({ flights: { type: 'int32', expr: 'windows.flights' } });
  const first = await publish(around, definition, '10');
  if (!first) throw new Error('nothing published');
  const again = () =>
    newestLookups(around.store, 'flights-delay', definition.digest, around.cacheDir, first.key ?? undefined);
  expect(await again()).toBeNull();
  const features = await OnlineFeatures.open(definition, types, await Lookups.load(first));
  const before = await features.compute(rows.slice(0, 1));
  await publish(around, definition, '11', late.replace("'AA', 12", "'AA', 15"));
  const second = await again();
  if (!second) throw new Error('nothing newer');
  features.useLookups(await Lookups.load(second));
  const after = await features.compute(rows.slice(0, 1));
  expect([before.numeric[1], after.numeric[1]]).toEqual([12, 15]);
  expect([before.lookupAsOf, after.lookupAsOf]).toEqual([Date.parse('2013-01-10'), Date.parse('2013-01-11')]);
  await features.close();
});

test('a lookup with a key twice, with other rows than it says, or with a time as key is refused', async () => {
  const around = await surroundings();
  const definition = await definitionOf({ flights: { type: 'int32', expr: 'windows.flights' } });
  const twice = await publish(around, definition, '10', `${late} UNION ALL ${late}`);
  if (!twice) throw new Error('nothing published');
  await expect(Lookups.load(twice)).rejects.toThrow(/"flights" cannot be used: a key is null or stands in it twice/);
  const [path] = twice.paths;
  const short = { ...twice, lookups: twice.lookups.slice(1, 2), paths: [path ?? ''] };
  await expect(Lookups.load(short)).rejects.toMatchObject({ code: 'HONE_FEATURE_LOOKUP_UNUSABLE' });
  const good = await publish(around, definition, '12');
  if (!good) throw new Error('nothing published');
  const opened = OnlineFeatures.open(definition, { ...types, origin: 'TIMESTAMP' }, await Lookups.load(good));
  await expect(opened).rejects.toThrow('its key "origin" is TIMESTAMP');
});

function sql(value: string | number | null): string {
  return value === null ? 'NULL' : typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;
}
