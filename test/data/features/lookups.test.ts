import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ModelConfig } from '../../../src/config/model.ts';
import { readFeatureColumns } from '../../../src/data/columns.ts';
import { withDuckDb } from '../../../src/data/engine.ts';
import { featuresForWindow } from '../../../src/data/features/build.ts';
import { definitionFor, featureDefinition } from '../../../src/data/features/definition.ts';
import { checkExpressions } from '../../../src/data/features/expression-check.ts';
import { lookupSetKey, materialiseLookups } from '../../../src/data/features/lookups.ts';
import { OnlineFeatures } from '../../../src/data/features/online.ts';
import { Lookups, newestLookups } from '../../../src/data/features/online-lookup.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { readSnapshot } from '../../../src/data/snapshots.ts';
import { type Surroundings, surroundings, tinyConfig, writeParquet, writeText } from '../surroundings.ts';

const DAY = 86_400_000;
const time = (day: number) => new Date(Date.UTC(2013, 0, day)).toISOString();

/** Four rows at each midnight of January, kinds `007`, `b`, empty and null; labels known a day later. */
const january = `SELECT (d * 4 + k)::BIGINT AS id, NULL::VARCHAR AS entity,
    TIMESTAMPTZ '2013-01-01' + INTERVAL 1 DAY * d AS at, ((d * 7 + k * 3) % 5)::INT AS x,
    ['007', 'b', '', NULL][k + 1] AS kind, ((d + k) % 2)::INT AS y,
    TIMESTAMPTZ '2013-01-02' + INTERVAL 1 DAY * d AS known_at
  FROM range(31) a(d), range(4) b(k)`;
const kinds =
  'kind,starts,learnt,size\n007,2013-01-01,2013-01-01,1\n007,2013-01-10,2013-01-12,2\nb,2013-01-05,2013-01-05,\n';

const features: Partial<ModelConfig['features']> = {
  use: ['x'],
  sql: { relative: { type: 'float32', expr: 'x / coalesce(kinds.size, 10) + windows.x_week' } },
  joins: {
    kinds: {
      ...{ path: 'kinds.csv', key: { kind: 'kind' }, valid_from: 'starts', known_at: 'learnt' },
      columns: { size: { type: 'int32', doc: 'how large' } },
    },
  },
  windows: {
    x_week: { type: 'float32', by: ['kind'], length: 'P7D', delay: 'PT1H', expr: 'avg(x)', doc: 'mean of a week' },
    seen: { type: 'int32', by: ['kind'], length: 'P3D', delay: 'PT0S', expr: 'count(*)', doc: 'rows of three days' },
    y_rate: {
      ...{ type: 'float32', by: ['kind'], length: 'P5D', delay: 'PT2H', expr: 'avg(y)', of_labels: true },
      doc: 'share of labels that arrived in five days',
    },
  },
};

async function tiny(change: (config: ModelConfig) => void = () => {}, table = kinds) {
  const around = await surroundings();
  await writeText(around.dir, 'kinds.csv', table);
  const path = await writeParquet(around.dir, 'rows.parquet', january);
  const config = await tinyConfig(path, (config) => {
    Object.assign(config.features, structuredClone(features));
    config.features.categories.columns = [];
    config.data.label.mature_after = 'P1D';
    change(config);
  });
  return { ...around, base: around.dir, config };
}

const ingested = async (input: Surroundings & { config: ModelConfig }) =>
  (await ingest({ ...input, asOf: time(31) })).ref.digest;

/** As every stage does before any SQL of a person runs. */
const checked = (config: ModelConfig) =>
  withDuckDb({ tempDir: tmpdir(), lockDown: true }, (db) =>
    checkExpressions(db, featureDefinition(config), ['id', 'entity', 'at', 'x', 'kind', 'y', 'known_at']),
  );

test('what serving looks up is what training gives a row at that time, bit for bit', async () => {
  const input = await tiny();
  const raw = await ingested(input);
  const manifest = await readSnapshot(input.store, raw, 'raw');
  const definition = definitionFor(input.config, manifest);
  const types = Object.fromEntries(manifest.columns.map(({ name, type }) => [name, type]));
  for (const day of [1, 12, 20]) {
    const path = await featuresForWindow({ ...input, raw, asOf: time(31), from: time(day), to: time(day + 1) });
    const offline = await readFeatureColumns([path], definition);
    const set = await materialiseLookups({ ...input, raw, asOf: time(day) });
    expect(set?.lookups.map(({ of, name, missing, as_of }) => ({ of, name, missing, as_of }))).toEqual([
      { of: 'join', name: 'kinds', missing: { size: null }, as_of: time(day) },
      { of: 'window', name: 'x_week', missing: { x_week: null }, as_of: time(day) },
      { of: 'window', name: 'seen', missing: { seen: 0 }, as_of: time(day) },
      { of: 'window', name: 'y_rate', missing: { y_rate: null }, as_of: time(day) },
    ]);
    const found = await newestLookups(input.store, 'tiny', definition.digest, input.cacheDir);
    if (!found) throw new Error('nothing was published');
    const online = await OnlineFeatures.open(definition, types, await Lookups.load(found));
    expect([...online.inputs.keys()].sort()).toEqual(['kind', 'x']);
    const rows = [0, 1, 2, 3].map((k) => ({ x: ((day - 1) * 7 + k * 3) % 5, kind: ['007', 'b', '', null][k] }));
    const served = await online.compute(rows);
    await online.close();
    expect(offline.rows).toBe(4);
    const order = offline.id.map((id) => Number(id) % 4);
    const width = definition.numeric.length;
    const sorted = order.flatMap((k) => [...served.numeric.slice(k * width, (k + 1) * width)]);
    expect(sorted, `day ${day}`).toEqual([...offline.numeric]);
  }
});

test('a correction counts from the time at which it was learnt, and a reference table is kept with the snapshot', async () => {
  const input = await tiny();
  const raw = await ingested(input);
  await rm(join(input.dir, 'kinds.csv'));
  const config = structuredClone(input.config);
  config.features.sql = { size: { type: 'int32', expr: 'kinds.size' } };
  const sizes: (number | undefined)[] = [];
  for (const day of [9, 10, 11, 12]) {
    const window = { from: time(day), to: time(day + 1) };
    const path = await featuresForWindow({ ...input, config, raw, asOf: time(31), ...window });
    const rows = await readFeatureColumns([path], { numeric: ['size'], categorical: [] });
    sizes.push(rows.numeric[rows.id.findIndex((id) => Number(id) % 4 === 0)]);
  }
  expect(sizes).toEqual([1, 1, 1, 2]);
});

test('lookups are written once; a later try finds them, and keys of one definition ascend with time', async () => {
  const input = await tiny();
  const raw = await ingested(input);
  const first = await materialiseLookups({ ...input, raw, asOf: time(9) });
  const key = first ? lookupSetKey(first) : '';
  expect(key).toBe(`models/tiny/lookups/${first?.definition}/20130109T000000000Z-${raw.slice(0, 12)}.json`);
  await materialiseLookups({ ...input, raw, asOf: time(10) });
  expect(await materialiseLookups({ ...input, raw, asOf: time(9) })).toEqual(first);
  const keys: string[] = [];
  for await (const each of input.store.list('models/tiny/lookups/')) keys.push(each);
  expect(keys).toHaveLength(2);
  expect(keys[0]).toBe(key);
  const plain = await tiny((config) => Object.assign(config.features, { joins: {}, windows: {}, sql: {} }));
  expect(await materialiseLookups({ ...plain, raw: await ingested(plain), asOf: time(9) })).toBeNull();
});

test.each([
  [
    'keys that stand twice',
    `${kinds}b,2013-01-05,2013-01-05,3\n`,
    /2 rows have the same key and starts and learnt .*\(1 keys, such as "b"\)/,
  ],
  ['rows without a key', `${kinds},2013-01-05,2013-01-05,3\n`, /1 rows have no kind, a key/],
  ['times that are none', `${kinds}c,soon,2013-01-05,3\n`, /1 rows have no usable time in starts/],
  ['values of another type', `${kinds}c,2013-01-05,2013-01-05,large\n`, /1 rows have a size that is no int32/],
  [
    'a column that is gone',
    kinds.replace('size', 'weight'),
    /it has no column size.*Its columns are kind, starts, learnt, weight/,
  ],
])('a reference table with %s is refused before any snapshot is made', async (_, table, message) => {
  const input = await tiny(() => {}, table);
  await expect(ingested(input)).rejects.toThrow(message);
  const snapshots: string[] = [];
  for await (const key of input.store.list('snapshots/')) snapshots.push(key);
  expect(snapshots).toEqual([]);
});

test('a definition that joins what the snapshot does not hold is refused with what to keep', async () => {
  const input = await tiny();
  const without = await tiny((config) => Object.assign(config.features, { joins: {}, sql: {} }));
  const raw = await ingested(without);
  const asked = { ...without, raw, asOf: time(31), from: time(9), to: time(10) };
  const missing = featuresForWindow({ ...asked, definition: featureDefinition(input.config) });
  await expect(missing).rejects.toMatchObject({ code: 'HONE_REFERENCE_MISSING' });
});

test('a rolling training window brings the history that its feature windows look back on', async () => {
  const rolling = (config: ModelConfig) => {
    config.training.window = { type: 'rolling', length: 'P5D' };
    Object.assign(config.training.split, { validation: 'P1D', holdout: 'P1D', gap: 'P1D' });
  };
  const start = async (change: (config: ModelConfig) => void) => {
    const input = await tiny((config) => {
      rolling(config);
      change(config);
    });
    return Date.parse((await readSnapshot(input.store, await ingested(input), 'raw')).window.from);
  };
  const plain = await start((config) => Object.assign(config.features, { windows: {}, sql: {} }));
  expect(await start(() => {})).toBe(plain - 8 * DAY); // P7D and PT1H, in whole days
});

test.each([
  ['x_week', { expr: 'avg(x) + 1' }, /it is not one aggregate/],
  ['x_week', { expr: '(avg(x))' }, /syntax/],
  ['x_week', { expr: 'first(x)' }, /it is not one aggregate/],
  ['x_week', { expr: "sum(COLUMNS('x'))" }, /takes all columns/],
  ['x_week', { expr: 'avg(x) OVER ()' }, /not one aggregate|window function/],
  ['x_week', { expr: 'sum((SELECT 1))' }, /subquery/],
  ['x_week', { expr: 'sum(random())' }, /another value at another time/],
  ['x_week', { expr: 'avg(y)' }, /known only afterwards/],
  ['x_week', { expr: 'max(epoch(known_at))' }, /known only afterwards/],
  ['x_week', { expr: 'avg(nothing)' }, /no column "nothing"/],
  ['x_week', { by: ['y'] }, /known only afterwards/],
  ['y_rate', { by: ['y'] }, /known only afterwards/],
])('the window %s with %o is refused', async (name, change, message) => {
  const { config } = await tiny((config) => {
    Object.assign(config.features.windows?.[name] ?? {}, change);
  });
  await expect(checked(config)).rejects.toThrow(message);
});

test('an aggregate that does not fit its column is refused by name', async () => {
  const input = await tiny((config) => {
    Object.assign(config.features.windows?.['x_week'] ?? {}, { expr: 'avg(kind)' });
  });
  const raw = await ingested(input);
  const built = featuresForWindow({ ...input, raw, asOf: time(31), from: time(9), to: time(10) });
  await expect(built).rejects.toThrow(/features\.windows\.x_week does not run: .*avg/);
});

test('a key of a type that text does not spell in one way is refused where it could still be changed', async () => {
  const input = await tiny((config) => {
    Object.assign(config.features.windows?.['x_week'] ?? {}, { by: ['at'] });
  });
  const raw = await ingested(input);
  const built = featuresForWindow({ ...input, raw, asOf: time(31), from: time(9), to: time(10) });
  await expect(built).rejects.toThrow(/"x_week" has the key "at" of type TIMESTAMP WITH TIME ZONE/);
});

test.each([
  ['kinds.nothing', /it has no "nothing"/],
  ['kinds', /name one of its columns/],
  ['windows.kinds', /it has no "kinds"/],
  ['y + windows.seen', /known only afterwards/],
])('the expression %s over joins and windows is refused', async (expr, message) => {
  const { config } = await tiny((config) => {
    config.features.sql = { odd: { type: 'float32', expr } };
  });
  await expect(checked(config)).rejects.toThrow(message);
});

test('the digest of a definition follows everything of joins and windows that changes a value, and no words', async () => {
  const { config } = await tiny();
  const digestAfter = (change: (features: ModelConfig['features'], config: ModelConfig) => void) => {
    const copy = structuredClone(config);
    change(copy.features, copy);
    return featureDefinition(copy).digest;
  };
  const same = digestAfter(() => {});
  const week = (change: object) => digestAfter(({ windows }) => Object.assign(windows?.['x_week'] ?? {}, change));
  const join = (change: object) => digestAfter(({ joins }) => Object.assign(joins?.['kinds'] ?? {}, change));
  expect(week({ doc: 'in other words' })).toBe(same);
  expect(week({ length: 'P1W' })).toBe(same);
  expect(digestAfter((features) => Object.assign(features, { time_limit: 'PT1M' }))).toBe(same);
  const others = [
    week({ length: 'P8D' }),
    week({ delay: 'PT2H' }),
    week({ by: ['kind', 'x'] }),
    week({ expr: 'sum(x)' }),
    week({ type: 'int32' }),
    join({ valid_from: null }),
    join({ known_at: undefined }),
    join({ path: 'other.csv' }),
    join({ key: { kind: 'size' } }),
    join({ columns: { size: { type: 'float32', doc: 'how large' } } }),
    digestAfter((_, { data }) => {
      data.event_time = 'known_at';
    }),
  ];
  expect(new Set([same, ...others]).size).toBe(others.length + 1);
});
