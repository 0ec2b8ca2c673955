/** What a rollout sees of the prediction servers: a real store with the record of a server whose beat moves. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reading, startReadings } from '../../src/deployment/node-watch.ts';
import { psi } from '../../src/drift/distances.ts';
import { LATENCY_BOUNDS_MS, type NodeRecord } from '../../src/serving/contract.ts';
import { openStore } from '../../src/store/open-store.ts';

const limits = { cpu_share: 0.9, memory_mb: 2048, p99_ms: 250, error_share: 0.01, min_requests: 100 };
const tenths = (...counts: number[]) => Array.from({ length: 10 }, (_, i) => counts[i] ?? 0);
const arm = (requests: number, more: object = {}) => ({
  ...{ requests, errors: 0, nan: 0, fallbacks: 0, timeouts: 0, crashes: 0, entities: 0, entities_failed: 0 },
  latency: new Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0),
  ...{ latency_sum_ms: 0, max_disagreement: null, rows_checked: 0, shadow_dropped: 0, staged: 0, ...more },
});

let folder: string;
let beating: NodeJS.Timeout;
let store: ReturnType<typeof openStore>;
let arms: NodeRecord['models'][string]['arms'] = {};
let service: Partial<NonNullable<NodeRecord['service']>> = {};
let beat = 0;
let boot = 'b1';

async function write(): Promise<void> {
  beat += 1;
  const usual = {
    window_s: 300,
    requests: 1000,
    errors: 0,
    refused: 0,
    p50_ms: 2,
    p99_ms: 9,
    cpu_share: 1,
    memory_mb: 9000,
  };
  const at = { generation: 2, loaded: [1, 2], failed: [], ready: true, champion: 1, lapsed: [], arms };
  const record: NodeRecord = {
    ...{ node: 'n1', boot, beat, poll_ms: 200, url: 'http://127.0.0.1:1', at: new Date().toISOString() },
    ...{ draining: false, service: { ...usual, ...service }, models: { flights: at } },
  };
  await store.put('nodes/n1.json', Buffer.from(JSON.stringify(record)));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-watch-'));
  store = openStore(`file:${folder}`);
  await write();
  beating = setInterval(() => void write().catch(() => undefined), 40);
});
afterAll(async () => {
  clearInterval(beating);
  await new Promise((done) => setTimeout(done, 100));
  await rm(folder, { recursive: true, force: true });
});

test('counts what a shadow scored since the look began, and how far its scores are from those that were answered', async () => {
  const before = {
    requests: 10,
    compared: 10,
    difference: 1,
    absolute: 1,
    champion_tenths: tenths(10),
    tenths: tenths(0, 10),
  };
  arms = { 1: arm(10), 2: arm(10, { shadow: before }) };
  await write();
  const begun = await startReadings(store, 'flights', limits);
  const since = {
    requests: 110,
    compared: 100,
    difference: -2,
    absolute: 7,
    champion_tenths: tenths(60, 40),
    tenths: tenths(30, 70),
  };
  arms = { 1: arm(110), 2: arm(110, { shadow: since }) };
  await write();
  const seen = await reading(store, 'flights', begun, { version: 2, bake: false, limits });
  expect(seen.candidate).toMatchObject({ requests: 100, asShadow: 100 });
  expect(seen.champion).toMatchObject({ requests: 100, asShadow: 0 });
  expect(seen.scores).toEqual({
    requests: 90,
    meanDifference: -3 / 90,
    meanAbsolute: 6 / 90,
    psi: psi([50, 40], [30, 60]),
  });
  expect(seen.beyondLimits, 'CPU and memory are no business of a version').toEqual([]);
});

test('tells a server that went beyond its latency or errors since, and none that was beyond before', async () => {
  const begun = await startReadings(store, 'flights', limits);
  service = { p99_ms: 900, errors: 50 };
  await write();
  const { beyondLimits } = await reading(store, 'flights', begun, { version: 2, bake: false, limits });
  expect(beyondLimits).toEqual([
    expect.stringContaining('n1: p99 latency 900 ms (limit 250 ms)'),
    expect.stringContaining('n1: 5.0 % of answers are errors (limit 1.0 %)'),
  ]);
  const later = await startReadings(store, 'flights', limits);
  expect((await reading(store, 'flights', later, { version: 2, bake: true, limits })).beyondLimits).toEqual([]);
  expect((await reading(store, 'flights', begun, { version: 2, bake: true, limits: undefined })).beyondLimits).toEqual(
    [],
  );
});

test('entities that met an error add up over looks, steps and a restart of the server into one test', async () => {
  service = {};
  const counted = (entities: number, entities_failed: number) => arm(entities, { entities, entities_failed });
  arms = { 1: counted(5000, 5), 2: counted(0, 0) };
  await write();
  const of = { version: 2, bake: false, limits };
  const first = await startReadings(store, 'flights', limits, { version: 2, before: undefined });
  arms = { 1: counted(5950, 6), 2: counted(50, 2) };
  await write();
  const one = await reading(store, 'flights', first, of);
  expect(one.failing).toMatchObject({ candidate: { trials: 50, events: 2 }, champion: { trials: 950, events: 1 } });
  expect(one.failing?.evidence).toBeGreaterThan(1);

  const next = await startReadings(store, 'flights', limits, { version: 2, before: one.begun.failing?.test });
  boot = 'b2';
  arms = { 1: counted(400, 0), 2: counted(100, 5) };
  await write();
  const restarted = await reading(store, 'flights', next, of);
  expect(restarted.failing, 'a new boot only starts to count').toMatchObject(one.failing!);
  // An entity that answered well before and fails now.
  arms = { 1: counted(900, 0), 2: counted(100, 6) };
  await write();
  const two = await reading(store, 'flights', restarted.begun, of);
  expect(two.failing).toMatchObject({ candidate: { trials: 51, events: 3 }, champion: { trials: 1450, events: 1 } });

  const bake = await startReadings(store, 'flights', limits);
  expect((await reading(store, 'flights', bake, { ...of, bake: true })).failing).toBeNull();
});
