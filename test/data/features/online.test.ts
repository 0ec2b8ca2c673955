import { expect, test } from 'vitest';
import { readFeatureColumns } from '../../../src/data/columns.ts';
import { buildFeatures } from '../../../src/data/features/build.ts';
import { featureDefinition } from '../../../src/data/features/definition.ts';
import { OnlineFeatures } from '../../../src/data/features/online.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { localFiles } from '../../../src/data/snapshots.ts';
import { parquetOf } from '../../../src/data/sql-text.ts';
import { flightsConfig, januaryGeometry, query, surroundings } from '../surroundings.ts';

const asOf = '2013-01-26T00:00:00.000Z';
const tinyTypes = {
  n: 'INTEGER',
  big: 'BIGINT',
  f: 'FLOAT',
  kind: 'VARCHAR',
  at: 'TIMESTAMP WITH TIME ZONE',
  yes: 'BOOLEAN',
};

async function tinyFeatures() {
  const config = await flightsConfig((config) => {
    config.features.use = ['n', 'f', 'kind', 'yes'];
    config.features.sql = {
      hour: { type: 'int32', expr: 'hour("at")' },
      last_digit: { type: 'string', expr: 'big % 10' },
      longest: { type: 'int32', expr: "list_max(list_transform(string_split(kind, '-'), x -> len(x)))" },
    };
    config.features.categories.columns = ['kind'];
  });
  return OnlineFeatures.open(featureDefinition(config), tinyTypes);
}

const row = { n: 1, big: 12, f: 0.1, kind: 'a-bcd', at: '2013-01-01T07:30:00Z', yes: true };

test('features of a request are bit for bit those of the offline build, on real rows sent as JSON', async () => {
  const around = await surroundings();
  const config = await flightsConfig((config) => {
    config.features.sql['month_hour'] = { type: 'int32', expr: 'month(event_ts) * 100 + hour(event_ts)' };
    config.features.sql['apparent_f'] = {
      type: 'float32',
      expr: 'temp_f - 0.3 * wind_speed_mph / nullif(humidity_pct, 0)',
    };
  });
  const definition = featureDefinition(config);
  const { ref, manifest } = await ingest({ ...around, config, asOf });
  const built = await buildFeatures({ ...around, config, asOf, raw: ref.digest, geometry: januaryGeometry(asOf) });
  const offline = await readFeatureColumns(
    await localFiles(around.store, built.manifest, around.cacheDir, 'holdout'),
    definition,
  );

  const raw = await query(
    around.dir,
    `SELECT * EXCLUDE (arrived_late, arr_delay_min, label_available_at) FROM ${parquetOf(await localFiles(around.store, manifest, around.cacheDir))}
     WHERE event_ts >= '2013-01-20' AND event_ts < '2013-01-25' AND arrived_late IS NOT NULL
     ORDER BY event_ts, CAST(flight_id AS VARCHAR)`,
  );
  const sent = JSON.parse(
    JSON.stringify(raw, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  );
  const types = Object.fromEntries(manifest.columns.map(({ name, type }) => [name, type]));
  const features = await OnlineFeatures.open(definition, types);
  const online = await features.compute(sent);
  const alone = await features.compute([sent[17]]);
  await features.close();

  expect(online.rows).toBe(offline.rows);
  expect(online.rows).toBeGreaterThan(3000);
  expect(Buffer.from(online.numeric.buffer).equals(Buffer.from(offline.numeric.buffer))).toBe(true);
  expect(online.categorical).toEqual(offline.categorical);
  const width = definition.numeric.length;
  expect(alone.numeric).toEqual(offline.numeric.slice(17 * width, 18 * width));
});

test('values go through the same types online as offline, and requests at the same time keep apart', async () => {
  const features = await tinyFeatures();
  const [one, two] = await Promise.all([
    features.compute([row]),
    features.compute([
      { ...row, n: 2, kind: null, big: '9007199254740993', at: null },
      { ...row, kind: '', yes: null },
    ]),
  ]);
  expect([...one.numeric]).toEqual([1, Math.fround(0.1), 1, 7, 3]);
  expect(one.categorical).toEqual([['a-bcd'], ['2']]);
  expect([...two.numeric]).toEqual([2, Math.fround(0.1), 1, NaN, NaN, 1, Math.fround(0.1), NaN, 7, 0]);
  expect(two.categorical).toEqual([
    ['', ''],
    ['3', '2'],
  ]);
  expect((await features.compute([])).rows).toBe(0);
  await features.close();
});

test.each([
  [{ kind: undefined }, 'rows[1].kind is missing'],
  [{ n: '1x' }, 'rows[1].n must be an integer or null, but is "1x"'],
  [{ n: 1.5 }, 'rows[1].n must be an integer'],
  [{ n: 2 ** 40 }, 'rows[1].n is 1099511627776, outside INTEGER'],
  [{ big: 2 ** 60 }, 'beyond 2^53'],
  [{ f: '0.1' }, 'rows[1].f must be a number or null, but is "0.1"'],
  [{ f: Number.NaN }, 'rows[1].f is NaN'],
  [{ kind: 7 }, 'rows[1].kind must be text or null, but is number 7'],
  [{ at: 'yesterday' }, 'rows[1].at must be a time'],
  [{ yes: 'true' }, 'rows[1].yes must be a boolean'],
])('the field %o is refused with its row and path', async (change, message) => {
  const features = await tinyFeatures();
  const refused = features.compute([row, { ...row, ...change }]);
  await expect(refused).rejects.toMatchObject({ code: 'HONE_FEATURE_ROWS_INVALID' });
  await expect(refused).rejects.toThrow(message);
  await features.close();
});

test('text in a request is a value, never SQL or JSON structure', async () => {
  const features = await tinyFeatures();
  const nasty = `a"}]'); DROP TABLE x; -- \u0000 \u2028 \\ 😀`;
  const { categorical } = await features.compute([{ ...row, kind: nasty }]);
  expect(categorical[0]).toEqual([nasty]);
  await features.close();
});

test('a definition that needs a column the raw data lacks is refused when it is opened', async () => {
  const definition = featureDefinition(await flightsConfig());
  await expect(OnlineFeatures.open(definition, { carrier: 'VARCHAR' })).rejects.toThrow(/no column/);
});
