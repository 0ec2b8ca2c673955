import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planBatch } from '../../src/batch/plan-batch.ts';
import { publishBatch } from '../../src/batch/publish-batch.ts';
import { exportBatch, listBatches, readBatch } from '../../src/batch/read-batches.ts';
import { scoreBatch } from '../../src/batch/score-batch.ts';
import { scorePart } from '../../src/batch/score-part.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { rowsOf, withDuckDb } from '../../src/data/engine.ts';
import { parquetOf } from '../../src/data/sql-text.ts';
import { sourceAt } from '../../src/data/validation/source-at.ts';
import type { RawRow } from '../../src/serving/contract.ts';
import { following, model, openServed, row, type Served } from '../serving/served.ts';

let served: Served;
let config: ModelConfig;
beforeAll(async () => {
  served = await openServed((edited) => {
    config = edited;
  });
  await served.promote(1);
});
afterAll(() => served.close());

const carriers = ['UA', 'AA', 'B6', null];
/** Two days, with nulls and a carrier that no version knows. */
const rows: RawRow[] = Array.from({ length: 3000 }, (_, i) => ({
  ...row(i + 1, {
    event_ts: `2013-04-${i % 2 === 0 ? '10' : '11'}T${String(i % 24).padStart(2, '0')}:00:00Z`,
    carrier: carriers[i % 4],
    distance: i % 7 === 0 ? null : 100 + i,
    sched_dep_minute: i % 1440,
  }),
}));

async function fileOf(name: string, of: readonly Record<string, unknown>[]): Promise<ModelConfig> {
  const path = join(served.dir, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, of.map((one) => JSON.stringify(one)).join('\n'));
  return sourceAt(config, path);
}

const input = (from: ModelConfig, more: { asOf?: string; window?: { from: string; to: string } } = {}) => ({
  ...{
    store: served.store,
    config: from,
    version: 1,
    asOf: '2013-04-10T00:00:00.000Z',
    window: null,
    base: served.dir,
  },
  ...{ cacheDir: join(served.dir, 'cache'), workDir: join(served.dir, 'work'), log: false },
  ...more,
});

async function predictionsIn(folder: string): Promise<Record<string, unknown>[]> {
  const days = (await readdir(folder)).filter((name) => name.startsWith('date='));
  const files = days.sort().map((day) => join(folder, day, 'predictions.parquet'));
  return await withDuckDb({ tempDir: served.dir }, (db) => rowsOf(db, `SELECT * FROM ${parquetOf(files)}`));
}

test('a batch answers every row once, with what the prediction server answers, bit for bit', async () => {
  const manifest = await scoreBatch(input(await fileOf('rows.jsonl', rows)));
  expect(manifest).toMatchObject({ version: 1, rows: 3000, outside_window: 0 });
  expect(manifest.parts.map(({ day, rows: count }) => [day, count])).toEqual([
    ['2013-04-10', 1500],
    ['2013-04-11', 1500],
  ]);
  const out = join(served.dir, 'out');
  await exportBatch(served.store, manifest, out, join(served.dir, 'cache'));
  const found = new Map((await predictionsIn(out)).map((one) => [one['flight_id'], one]));
  expect(found.size).toBe(3000);

  const node = await served.start();
  await node.until('version 1', following(1));
  const asked = await node.predict(...rows);
  for (const [i, { prediction, decision }] of asked.entries()) {
    const own = found.get(String(rows[i]?.['flight_id']));
    expect([own?.['prediction'], own?.['decision'], own?.['model_version']]).toEqual([prediction, String(decision), 1]);
  }
});

test('the same rows again are the same batch, and no part is scored or written a second time', async () => {
  const asked = input(await fileOf('again.jsonl', rows));
  const first = await scoreBatch(asked);
  const kept = await listOf(`models/${model}/batches/${first.batch}/`);
  expect(await scoreBatch({ ...asked, asOf: '2013-05-01T00:00:00.000Z' })).toEqual(first);
  expect(await listOf(`models/${model}/batches/${first.batch}/`)).toEqual(kept);
});

test('two attempts at a part at once leave one result, and a batch without all parts is not published', async () => {
  const window = { from: '2013-04-10T06:00:00.000Z', to: '2013-04-11T06:00:00.000Z' };
  const asked = input(await fileOf('window.jsonl', rows), { window });
  const plan = await planBatch(asked);
  expect(plan.rows + plan.outside_window).toBe(3000);
  const { cacheDir, workDir } = asked;
  const hashKey = () => Promise.resolve('secret');
  const part = { store: served.store, model, batch: plan.batch, cacheDir, workDir, hashKey };
  const [one, other] = await Promise.all([
    scorePart({ ...part, day: '2013-04-10' }),
    scorePart({ ...part, day: '2013-04-10' }),
  ]);
  expect(one).toEqual(other);
  await expect(publishBatch(served.store, model, plan.batch)).rejects.toMatchObject({ code: 'HONE_OBJECT_MISSING' });
  const rest = await scorePart({ ...part, day: '2013-04-11' });
  expect((await publishBatch(served.store, model, plan.batch)).parts).toEqual([one, rest]);
});

test('the newest batch is the one of the latest time, whichever was finished last', async () => {
  const [late, early] = [rows.slice(0, 10), rows.slice(10, 20)];
  const newest = await scoreBatch(input(await fileOf('late.jsonl', late), { asOf: '2013-06-01T00:00:00.000Z' }));
  await scoreBatch(input(await fileOf('early.jsonl', early), { asOf: '2013-02-01T00:00:00.000Z' }));
  expect((await readBatch(served.store, model, null)).batch).toBe(newest.batch);
  expect((await listBatches(served.store, model)).at(-1)?.batch).toBe(newest.batch);
  await expect(readBatch(served.store, model, '../../x')).rejects.toMatchObject({ code: 'HONE_BATCH_UNKNOWN' });
});

test.each<[string, (one: RawRow, i: number) => Record<string, unknown>, RegExp]>([
  ['a missing column', ({ carrier: _, ...rest }) => rest, /no column carrier/],
  [
    'text where a number belongs',
    (one, i) => (i === 3 ? { ...one, distance: 'far' } : one),
    /1 values of distance are no INTEGER, such as "far"/,
  ],
  ['no id', (one, i) => (i === 5 ? { ...one, flight_id: null } : one), /1 rows have no flight_id/],
  [
    'an id that comes twice',
    (one, i) => (i === 6 ? { ...one, flight_id: 1 } : one),
    /1 rows repeat an id, such as 1, which comes 2 times/,
  ],
  ['no event time', (one, i) => (i === 7 ? { ...one, event_ts: 'soon' } : one), /1 .*event_ts/],
])('rows with %s are refused whole, by name and count, and nothing is written', async (name, damage, message) => {
  const before = await listOf(`models/${model}/batches/`);
  const damaged = await fileOf(`${name.replaceAll(' ', '-')}.jsonl`, rows.slice(0, 100).map(damage));
  await expect(scoreBatch(input(damaged))).rejects.toThrow(message);
  expect(await listOf(`models/${model}/batches/`)).toEqual(before);
});

test('a window without rows is told apart from an empty batch', async () => {
  const window = { from: '2014-01-01T00:00:00.000Z', to: '2014-01-02T00:00:00.000Z' };
  const asked = input(await fileOf('none.jsonl', rows), { window });
  await expect(scoreBatch(asked)).rejects.toThrow(/none of its 3000 rows lies from 2014/);
});

async function listOf(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of served.store.list(prefix)) keys.push(key);
  return keys;
}
