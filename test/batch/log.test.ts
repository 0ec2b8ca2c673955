import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planBatch } from '../../src/batch/plan-batch.ts';
import { publishBatch } from '../../src/batch/publish-batch.ts';
import { scorePart } from '../../src/batch/score-part.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { rowsOf, withDuckDb } from '../../src/data/engine.ts';
import { parquetOf } from '../../src/data/sql-text.ts';
import { sourceAt } from '../../src/data/validation/source-at.ts';
import { inSample } from '../../src/monitoring/log/log-policy.ts';
import { readLog } from '../../src/monitoring/log/prediction-log.ts';
import type { RawRow } from '../../src/serving/contract.ts';
import { following, model, openServed, row, type Served } from '../serving/served.ts';

const KEY = 'a key of this test';
let served: Served;
let config: ModelConfig;
beforeAll(async () => {
  served = await openServed((edited) => {
    edited.monitoring.log = {
      ...{ sample: 0.8, keep: ['dep_hour', 'carrier', 'sched_dep_minute'], hash: ['tail_number'], retention: 'P30D' },
      ...{ bucket: { distance: [300, 900] }, truncate: { origin: 1 } },
    };
    config = edited;
  });
  await served.promote(1);
});
afterAll(() => served.close());

const carriers = ['UA', 'AA', 'B6', '', null];
const rows: RawRow[] = Array.from({ length: 600 }, (_, i) => ({
  ...row(i + 1, {
    event_ts: `2013-04-${i % 2 === 0 ? '10' : '11'}T${String(i % 24).padStart(2, '0')}:00:00.123Z`,
    tail_number: i % 11 === 0 ? null : `N${i % 50}`,
    carrier: carriers[i % 5],
    distance: i % 7 === 0 ? null : i * 3,
    sched_dep_minute: i,
  }),
}));

const part = () => ({
  ...{ store: served.store, model, cacheDir: join(served.dir, 'cache'), workDir: join(served.dir, 'work') },
  hashKey: () => Promise.resolve(KEY),
});

async function planned(of: readonly RawRow[], more: { asOf?: string; log?: boolean } = {}) {
  const path = join(served.dir, 'rows.jsonl');
  await writeFile(path, of.map((one) => JSON.stringify(one)).join('\n'));
  return await planBatch({
    ...{ store: served.store, config: sourceAt(config, path), version: 1, window: null, base: served.dir, log: true },
    ...{ cacheDir: join(served.dir, 'cache'), workDir: join(served.dir, 'work'), asOf: '2013-04-09T22:00:00.000Z' },
    ...more,
  });
}

async function logged(): Promise<Record<string, unknown>[]> {
  const paths = await readLog(served.store, model, { cacheDir: join(served.dir, 'read') });
  if (paths.length === 0) return [];
  return await withDuckDb({ tempDir: served.dir }, (db) =>
    rowsOf(db, `SELECT * FROM ${parquetOf(paths)} ORDER BY inference_id, node`),
  );
}

test('a batch is logged when it is published, once, as the prediction server logs the same rows', async () => {
  const { batch, parts } = await planned(rows);
  const [first, second] = parts.map(({ day }) => day);
  if (first === undefined || second === undefined) throw new Error('two days were expected');
  await Promise.all([scorePart({ ...part(), batch, day: first }), scorePart({ ...part(), batch, day: first })]);
  await scorePart({ ...part(), batch, day: second });
  expect(await logged(), 'nobody can read the batch yet').toEqual([]);
  const manifest = await publishBatch(served.store, model, batch);
  expect(await publishBatch(served.store, model, batch), 'a retry').toEqual(manifest);

  const own = await logged();
  const sampled = rows.map(({ flight_id }) => String(flight_id)).filter((id) => inSample(id, 0.8));
  expect(own.map((one) => one['inference_id'])).toEqual([...sampled].sort());
  expect(sampled.length).toBeLessThan(560);
  expect(new Set(own.map((one) => one['node']))).toEqual(new Set([`batch-${batch}`]));

  await writeFile(join(served.dir, 'key'), KEY);
  const node = await served.start({ logHashKey: { reference: { file: 'key' }, dir: served.dir } });
  await node.until('version 1', following(1));
  await node.predict(...rows);
  await node.post('/v1/flush', {});
  const asked = (await logged()).filter((one) => one['node'] === 'n1');
  const of = ({
    logged_at: _l,
    generation: _g,
    request_digest: _d,
    latency_ms: _m,
    node: _n,
    ...rest
  }: (typeof own)[number]) => rest;
  expect(own.map(of)).toEqual(asked.map(of));
  expect(own.find((one) => one['inference_id'] === '2')).toMatchObject({
    ...{ arm: 'champion', version: 1, threshold: 0.5, staged: false, b_distance: '< 300', r_sched_dep_minute: '1' },
    h_tail_number: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
});

test('the same rows not logged are another batch, and what an erasure took from the log does not come back', async () => {
  const plain = await planned(rows, { log: false });
  const { batch, parts } = await planned(rows);
  expect(plain.batch).not.toBe(batch);
  for (const { day } of plain.parts) await scorePart({ ...part(), batch: plain.batch, day });
  const before = await logged();
  await publishBatch(served.store, model, plain.batch);
  expect(await logged()).toEqual(before);
  for (const key of await keysOf(`models/${model}/log/`)) await served.store.remove(key);
  for (const { day } of parts) await scorePart({ ...part(), batch, day });
  await publishBatch(served.store, model, batch);
  expect(await keysOf(`models/${model}/log/`)).toEqual([]);
});

async function keysOf(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of served.store.list(prefix)) keys.push(key);
  return keys;
}
