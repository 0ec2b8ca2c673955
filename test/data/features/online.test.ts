import fc from 'fast-check';
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

/** Bare columns of every raw type, and the same as expressions, which the engine evaluates. */
async function twice(types: Record<string, string>, texts: readonly string[], ints: readonly string[] = []) {
  const open = (bare: boolean) =>
    flightsConfig((config) => {
      config.features.use = ['id_only'];
      const expr = (name: string) => (bare ? `"${name}"` : `("${name}")`);
      config.features.sql = Object.fromEntries(
        Object.keys(types).map((name) => [
          `x_${name}`,
          { type: texts.includes(name) ? 'string' : ints.includes(name) ? 'int32' : 'float32', expr: expr(name) },
        ]),
      );
      config.features.categories.columns = [];
    }).then((config) => OnlineFeatures.open(featureDefinition(config), { id_only: 'INTEGER', ...types }));
  return { bare: await open(true), engine: await open(false) };
}

test('a bare column is cast without the engine to the very bits that the engine gives', async () => {
  const types = {
    tiny: 'TINYINT',
    whole: 'INTEGER',
    small: 'INTEGER',
    big: 'BIGINT',
    huge: 'UBIGINT',
    as_int: 'BIGINT',
    single: 'FLOAT',
    double: 'DOUBLE',
    yes: 'BOOLEAN',
    text: 'VARCHAR',
    big_text: 'BIGINT',
    yes_text: 'BOOLEAN',
  };
  const { bare, engine } = await twice(types, ['text', 'big_text', 'yes_text'], ['small', 'as_int']);
  const bits = fc.constantFrom(...[53n, 54n, 55n, 60n, 62n].map((n) => 2n ** n));
  const near = fc.tuple(bits, fc.bigInt(-(2n ** 40n), 2n ** 40n), fc.bigInt(-3n, 3n), fc.constantFrom(1n, -1n));
  const halfway = near.map(([base, steps, off, sign]) => sign * (base + (base >> 24n) * (steps % 64n) + off));
  const big = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), halfway).map(String);
  const double = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(0, -0, 3.4028235677973366e38, 3.4028234663852886e38, 1e300, -1e300, 1e-46, 1.401298464324817e-45),
  );
  const row = fc.record({
    id_only: fc.constant(1),
    tiny: fc.integer({ min: -128, max: 127 }),
    whole: fc.integer(),
    small: fc.integer(),
    big,
    huge: fc.bigInt(0n, 2n ** 64n - 1n).map(String),
    as_int: fc.oneof(fc.integer(), fc.constantFrom(2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1), big),
    single: fc.float({ noNaN: true, noDefaultInfinity: true }),
    double,
    yes: fc.boolean(),
    text: fc.string({ unit: 'binary' }).filter((text) => !/\p{Surrogate}/u.test(text)),
    big_text: big,
    yes_text: fc.boolean(),
  });
  const nullable = row.chain((full) =>
    fc
      .subarray(Object.keys(types), { maxLength: 4 })
      .map((gone) => ({ ...full, ...Object.fromEntries(gone.map((name) => [name, null])) })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(nullable, { minLength: 50, maxLength: 300 }), async (rows) => {
      const [here, there] = [await bare.compute(rows), await engine.compute(rows)];
      expect(here.categorical).toEqual(there.categorical);
      expect([...new Uint32Array(here.numeric.buffer)]).toEqual([...new Uint32Array(there.numeric.buffer)]);
    }),
    { numRuns: 30 },
  );
  await Promise.all([bare.close(), engine.close()]);
});

test('a definition of bare columns opens no engine; with one expression only its columns are sent there', async () => {
  const bareOnly = await OnlineFeatures.open(
    featureDefinition(
      await flightsConfig((config) => {
        config.features.use = ['n', 'kind'];
        config.features.sql = { same: { type: 'int32', expr: ' "N" ' } };
        config.features.categories.columns = ['kind'];
      }),
    ),
    tinyTypes,
  );
  expect(bareOnly.evaluated).toEqual([]);
  expect([...bareOnly.inputs.keys()]).toEqual(['n', 'kind']);
  expect([...(await bareOnly.compute([row])).numeric]).toEqual([1, 1]);
  await bareOnly.close();
  await expect(bareOnly.compute([row])).rejects.toThrow('closed');

  const mixed = await tinyFeatures();
  expect(mixed.evaluated).toEqual(['hour', 'longest', 'last_digit']);
  await mixed.close();
});

test('rows on which an expression fails are named, the others are not; a close lets what was accepted end', async () => {
  const config = await flightsConfig((config) => {
    config.features.use = ['n'];
    config.features.sql = { parsed: { type: 'int32', expr: 'CAST(kind AS INTEGER)' } };
    config.features.categories.columns = [];
  });
  const features = await OnlineFeatures.open(featureDefinition(config), tinyTypes);
  const rows = Array.from({ length: 100 }, (_, i) => ({ ...row, kind: i === 17 || i === 71 ? 'x' : String(i) }));
  await expect(features.compute(rows)).rejects.toMatchObject({
    problems: [
      { row: 17, field: '*', problem: expect.stringContaining("Could not convert string 'x' to INT32") },
      { row: 71, field: '*' },
    ],
  });
  const [good, closed] = [features.compute(rows.slice(0, 17)), features.close()];
  await expect(features.compute([row])).rejects.toThrow('closed');
  await closed;
  expect((await good).numeric[16 * 2 + 1]).toBe(16);
});
