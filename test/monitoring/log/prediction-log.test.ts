import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDuckDb } from '../../../src/data/engine.ts';
import { parquetOf } from '../../../src/data/sql-text.ts';
import { type LogPolicy, logPolicy } from '../../../src/monitoring/log/log-policy.ts';
import type { LoggedCall } from '../../../src/monitoring/log/log-record.ts';
import { LogWriter } from '../../../src/monitoring/log/log-writer.ts';
import { readLog } from '../../../src/monitoring/log/prediction-log.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { openStore } from '../../../src/store/open-store.ts';

let dir: string;
let store: ObjectStore;
let nth = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-log-'));
  store = openStore(`file:${join(dir, 'store')}`);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const fields = { numeric: ['distance', 'seats'], categorical: ['carrier', 'pilot'], entity: 'tail' };

test('a field is kept, hashed or dropped as the model file says, and an unknown field never arrives', async () => {
  const policy = logPolicy(
    { sample: 1, keep: ['distance', 'carrier', 'gate'], hash: ['tail', 'pilot'], retention: 'P1D' },
    fields,
    'k',
  );
  const model = freshModel();
  const writer = openWriter();
  writer.add(call(model, policy, [{ tail: 'N-CANARY-1', gate: 'B4', passport: 'SECRET-77' }]));
  await writer.flush();

  const [row] = await read(model);
  expect(row).toMatchObject({
    f_distance: 1.5,
    f_carrier: 'UA',
    r_gate: 'B4',
    inference_id: 'id-0',
    version: 3,
    arm: 'champion',
  });
  expect(row!['h_tail']).toMatch(/^[0-9a-f]{32}$/);
  expect(row!['entity'], 'the entity is the same hash, so they join').toBe(row!['h_tail']);
  expect(row).not.toHaveProperty('f_seats');
  const everything = JSON.stringify(row);
  for (const personal of ['N-CANARY-1', 'SECRET-77', 'passport', 'Amelia']) expect(everything).not.toContain(personal);
});

test('all features are kept by default, a missing number and an empty category are NULL, and the id is the entity where none is configured', async () => {
  const policy = logPolicy(
    { sample: 1, keep: 'all_features', hash: [], retention: 'P1D' },
    { ...fields, entity: null },
    'k',
  );
  const model = freshModel();
  const writer = openWriter();
  writer.add({ ...call(model, policy, [{}]), numeric: Float32Array.of(Number.NaN, 2), categorical: [[''], ['x']] });
  await writer.flush();
  expect((await read(model))[0]).toMatchObject({
    f_distance: null,
    f_seats: 2,
    f_carrier: null,
    f_pilot: 'x',
    entity: 'entity-0',
  });
});

test('predictions lie under the day of their event, and a range of days reads only its files', async () => {
  const policy = keepAll();
  const model = freshModel();
  const writer = openWriter();
  const days = ['2013-04-09', '2013-04-10', '2013-04-11'];
  writer.add(
    call(
      model,
      policy,
      days.map((day) => ({ at: `${day}T23:59:59.999Z` })),
    ),
  );
  await writer.flush();

  expect(await read(model)).toHaveLength(3);
  const keys: string[] = [];
  for await (const key of store.list(`models/${model}/log/`)) keys.push(key.split('/')[3]!);
  expect(keys).toEqual(days.map((day) => `date=${day}`));
  const one = await read(model, { from: '2013-04-10T00:00:00.000Z', to: '2013-04-11T00:00:00.000Z' });
  expect(one.map(({ inference_id }) => inference_id)).toEqual(['id-1']);
});

test('a store that does not answer delays the log only, in bounds, and writes nothing twice afterwards', async () => {
  const model = freshModel();
  let down = true;
  const failing: ObjectStore = Object.assign(Object.create(store) as ObjectStore, {
    create: async (key: string, body: { path: string }) => {
      if (key.includes('2013-04-11') && down) throw new Error('down');
      return store.create(key, body);
    },
  });
  const writer = openWriter(failing, { maxRows: 4 });
  writer.add(call(model, keepAll(), [{ at: '2013-04-10T00:00:00Z' }, { at: '2013-04-11T00:00:00Z' }]));
  await expect(writer.flush()).rejects.toThrow('down');
  for (let i = 0; i < 4; i++) writer.add(call(model, keepAll(), [{ id: `late-${i}` }]));
  expect(writer.waitingRows).toBe(4);
  expect(writer.counts).toMatchObject({ dropped: 2, failedWrites: 1, written: 0 });

  down = false;
  await writer.flush();
  const ids = (await read(model)).map(({ inference_id }) => inference_id).sort();
  expect(ids).toEqual(['id-0', 'id-1', 'late-2', 'late-3']);
  expect(writer.counts.written).toBe(4);
});

test('versions with different features share a file', async () => {
  const model = freshModel();
  const writer = openWriter();
  writer.add(call(model, keepAll(), [{}]));
  const other = logPolicy(
    { sample: 1, keep: 'all_features', hash: [], retention: 'P1D' },
    { numeric: ['carrier'], categorical: [], entity: null },
    'k',
  );
  writer.add({ ...call(model, other, [{ id: 'b' }]), numeric: Float32Array.of(7), categorical: [] });
  await writer.flush();
  const rows = await read(model);
  expect(rows.find(({ inference_id }) => inference_id === 'b')).toMatchObject({ f_carrier: '7', f_distance: null });
  expect(rows.find(({ inference_id }) => inference_id === 'id-0')).toMatchObject({ f_carrier: 'UA', f_distance: 1.5 });
});

test('a sample keeps its share of the ids, the same ones every time, and counts the rest', async () => {
  const policy = { ...keepAll(), sample: () => 0.25 };
  const [first, second] = [freshModel(), freshModel()];
  const writer = openWriter();
  for (const model of [first, second])
    writer.add(
      call(
        model,
        policy,
        Array.from({ length: 2000 }, () => ({})),
      ),
    );
  await writer.flush();
  const ids = (await read(first)).map(({ inference_id }) => inference_id);
  expect(ids.length).toBeGreaterThan(400);
  expect(ids.length).toBeLessThan(600);
  expect((await read(second)).map(({ inference_id }) => inference_id)).toEqual(ids);
  expect(writer.counts.sampledOut).toBe(4000 - 2 * ids.length);
});

test('a flush ends although predictions keep coming', async () => {
  const model = freshModel();
  const writer = openWriter();
  let sent = 0;
  const traffic = setInterval(() => writer.add(call(model, keepAll(), [{ id: `steady-${sent++}` }])), 1);
  writer.add(call(model, keepAll(), [{ id: 'before' }]));
  await writer.flush();
  clearInterval(traffic);
  expect((await read(model)).map(({ inference_id }) => inference_id)).toContain('before');
  await writer.flush();
  expect(await read(model)).toHaveLength(sent + 1);
});

test('a day of many files is read as one, which is made again when a file is added', async () => {
  const model = freshModel();
  const writer = openWriter();
  const log = async (id: string) => {
    writer.add(call(model, keepAll(), [{ id }]));
    await writer.flush();
  };
  for (const id of ['a', 'b', 'c']) await log(id);
  const range = { cacheDir: join(dir, 'cache') };
  const first = await readLog(store, model, range);
  expect(first).toHaveLength(1);
  expect((await read(model)).map(({ inference_id }) => inference_id)).toEqual(['a', 'b', 'c']);
  expect(await readLog(store, model, range)).toEqual(first);
  await log('d');
  expect(await readLog(store, model, range)).not.toEqual(first);
  expect((await read(model)).map(({ inference_id }) => inference_id)).toEqual(['a', 'b', 'c', 'd']);
});

test('5,000 waiting rows are written without being asked', async () => {
  const model = freshModel();
  const writer = openWriter(store, { flushMs: 60_000 });
  for (let i = 0; i < 5; i++)
    writer.add(
      call(
        model,
        keepAll(),
        Array.from({ length: 1000 }, (_, r) => ({ id: `${i}-${r}` })),
      ),
    );
  await expect.poll(() => writer.counts.written, { timeout: 10_000 }).toBe(5000);
});

function freshModel(): string {
  nth += 1;
  return `model-${nth}`;
}

function keepAll(): LogPolicy {
  return logPolicy({ sample: 1, keep: 'all_features', hash: [], retention: 'P1D' }, { ...fields, entity: null }, 'k');
}

function openWriter(into: ObjectStore = store, bounds: { maxRows?: number; flushMs?: number } = {}): LogWriter {
  return new LogWriter({ store: into, node: 'n1', tempDir: join(dir, 'tmp'), onError: () => {}, ...bounds });
}

interface Row {
  readonly [field: string]: string;
}

function call(model: string, policy: LogPolicy, rows: readonly Row[]): LoggedCall {
  return {
    model,
    version: 3,
    arm: 'champion',
    generation: 1,
    threshold: 0.5,
    policy,
    loggedAt: Date.parse('2013-04-10T12:00:01Z'),
    latencyMs: 1.25,
    rows: rows.map((raw, i) => ({
      raw,
      inferenceId: raw['id'] ?? `id-${i}`,
      entity: raw['tail'] ?? `entity-${i}`,
      eventTime: Date.parse(raw['at'] ?? '2013-04-10T12:00:00Z'),
      propensity: null,
      explored: null,
      digest: 'd'.repeat(64),
      scores: [0.25],
      prediction: 0.25,
      decision: 0,
      staged: false,
    })),
    numeric: Float32Array.from(rows.flatMap(() => [1.5, 180])),
    categorical: [rows.map(() => 'UA'), rows.map(() => 'Amelia')],
  };
}

async function read(model: string, range: { from?: string; to?: string } = {}): Promise<Record<string, unknown>[]> {
  const files = await readLog(store, model, { ...range, cacheDir: join(dir, 'cache') });
  if (files.length === 0) return [];
  return withDuckDb({ tempDir: join(dir, 'tmp') }, async (db) =>
    (await db.runAndReadAll(`SELECT * FROM ${parquetOf(files)} ORDER BY event_time, inference_id`)).getRowObjectsJS(),
  );
}
