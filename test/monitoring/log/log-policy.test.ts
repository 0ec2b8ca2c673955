/** What of a prediction is recorded, field by field and arm by arm; and what happens when more comes than can be written. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogConfig } from '../../../src/config/sections/monitoring.ts';
import { findHashKey, hashKey } from '../../../src/monitoring/log/hash-key.ts';
import { inSample, keyedHash, logPolicy } from '../../../src/monitoring/log/log-policy.ts';
import { extraColumns, type LoggedCall, lineOf } from '../../../src/monitoring/log/log-record.ts';
import { LogWriter } from '../../../src/monitoring/log/log-writer.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';

let dir: string;
let store: ObjectStore;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-log-policy-'));
  store = openStore(`file:${join(dir, 'store')}`);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const fields = { numeric: ['age', 'income'], categorical: ['postcode', 'carrier'], entity: 'customer' };
const log = (more: Partial<LogConfig>): LogConfig => ({ sample: 1, keep: [], hash: [], retention: 'P1D', ...more });

function call(
  config: LogConfig,
  numbers: readonly number[],
  texts: readonly string[],
  raw = {},
  arm = 'champion',
): LoggedCall {
  return {
    ...{ model: 'm', version: 1, arm, generation: 1, threshold: null, loggedAt: 1, latencyMs: 1 },
    policy: logPolicy(config, fields, 'k'),
    rows: [
      {
        ...{ raw, inferenceId: 'id', entity: 'C-1', eventTime: 0, propensity: null, explored: null, digest: 'd' },
        ...{ scores: [0.5], prediction: 0.5, decision: null, staged: false },
      },
    ],
    numeric: Float32Array.from(numbers),
    categorical: texts.map((text) => [text]),
  };
}
function recorded(one: LoggedCall): Record<string, unknown> {
  const [row] = one.rows;
  return row === undefined ? {} : (JSON.parse(lineOf(one, row, 0, 'n1')) as Record<string, unknown>);
}

test('a field is bucketed, truncated, hashed, kept or dropped; a field that nobody names never arrives', () => {
  const config = log({
    keep: ['carrier'],
    hash: ['customer', 'phone'],
    bucket: { age: [18, 30, 65], balance: [0] },
    truncate: { postcode: 2, street: 3 },
  });
  const raw = { customer: 'C-1', phone: '0911', balance: -3, street: 'Üß🙂 road', passport: 'P-77' };
  const one = call(config, [42, 1234.5], ['90402', 'UA'], raw);
  const row = recorded(one);
  expect(row).toMatchObject({
    b_age: '30 to < 65',
    t_postcode: '90',
    f_carrier: 'UA',
    h_customer: keyedHash('k', 'customer', 'C-1'),
    entity: keyedHash('k', 'customer', 'C-1'),
    h_phone: keyedHash('k', 'phone', '0911'),
    b_balance: '< 0',
    t_street: 'Üß🙂',
  });
  const everything = JSON.stringify(row);
  for (const personal of ['42', '1234', '90402', 'C-1', '0911', 'P-77', 'income'])
    expect(everything).not.toContain(personal);
  expect(extraColumns([one])).toEqual({
    ...{ b_age: 'VARCHAR', t_postcode: 'VARCHAR', f_carrier: 'VARCHAR', h_customer: 'VARCHAR', h_phone: 'VARCHAR' },
    ...{ b_balance: 'VARCHAR', t_street: 'VARCHAR' },
  });
});

test('edges belong to the bucket above; what is missing stays missing, and text in place of a number is not recorded', () => {
  const config = log({ bucket: { age: [18, 65], weight: [10] } });
  const bucket = (age: number, raw = {}) => recorded(call(config, [age, 0], ['', ''], raw));
  expect([17.9, 18, 64.9, 65].map((age) => bucket(age)['b_age'])).toEqual([
    '< 18',
    '18 to < 65',
    '18 to < 65',
    '>= 65',
  ]);
  expect(bucket(Number.NaN)).not.toHaveProperty('b_age');
  expect(bucket(1, { weight: 'my name' })['b_weight']).toBe('not a number');
  expect(bucket(1)).not.toHaveProperty('b_weight');
});

test('with all features kept, those under drop are not, and an entity that is truncated elsewhere is hashed as entity', () => {
  const row = recorded(
    call(log({ keep: 'all_features', drop: ['income'], truncate: { customer: 1 } }), [1, 2], ['a', 'b'], {
      customer: 'C-1',
    }),
  );
  expect(Object.keys(row).filter((name) => /^[fhbtr]_/.test(name))).toEqual([
    'f_age',
    'f_postcode',
    'f_carrier',
    't_customer',
  ]);
  expect(row).toMatchObject({ t_customer: 'C', entity: keyedHash('k', 'customer', 'C-1') });
});

test('each arm has its share; a fallback counts as the champion, and a smaller share is part of a larger one', () => {
  const { sample } = logPolicy(log({ sample: { champion: 0.1, shadow: 0.5 } }), fields, 'k');
  expect(['champion', 'fallback', 'canary', 'shadow'].map(sample)).toEqual([0.1, 0.1, 1, 0.5]);
  const ids = Array.from({ length: 2000 }, (_, i) => `id-${i}`);
  const few = ids.filter((id) => inSample(id, sample('champion')));
  const half = new Set(ids.filter((id) => inSample(id, sample('shadow'))));
  expect(few.every((id) => half.has(id))).toBe(true);
  expect(few.length / ids.length).toBeCloseTo(0.1, 1);
});

test('the key comes from where hone.yaml says, and a key that is named but missing stops the node instead of making one', async () => {
  const cacheDir = join(dir, 'keys');
  const place = { dir, cacheDir };
  const logger = createLogger('test', 'silent');
  expect(await findHashKey({ ...place, reference: { env: 'PATH' } })).toBe(process.env['PATH']);
  const own = { ...place, cacheDir: join(dir, 'own-key'), reference: undefined };
  const made = await Promise.all(Array.from({ length: 8 }, () => hashKey(own, logger)));
  expect(new Set(made).size, 'nodes that start at once agree').toBe(1);
  expect(made[0]).toMatch(/^[0-9a-f]{64}$/);
  expect((await stat(join(dir, 'own-key', 'log-hash-key'))).mode & 0o777).toBe(0o600);
  await expect(hashKey({ ...place, reference: { env: 'HONE_NO_SUCH_KEY' } }, logger)).rejects.toThrow(
    'HONE_NO_SUCH_KEY',
  );
  await expect(hashKey({ ...place, reference: { file: 'key.txt' } }, logger)).rejects.toMatchObject({
    code: 'HONE_HASH_KEY_MISSING',
    retryable: false,
  });
});

test('under more than can be written the newest wait in bounds, the oldest are counted as dropped, and adding is never slow', async () => {
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow: ObjectStore = new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name !== 'create') return typeof value === 'function' ? value.bind(target) : value;
      return async (key: string, body: Uint8Array) => {
        await held;
        return await target.create(key, body);
      };
    },
  });
  const writer = new LogWriter({
    store: slow,
    node: 'n1',
    tempDir: join(dir, 'tmp'),
    maxRows: 2000,
    flushRows: 500,
    onError: () => {},
  });
  const base = call(log({ keep: 'all_features' }), [], []);
  const [row] = base.rows;
  const block = (nth: number): LoggedCall => ({
    ...base,
    rows: Array.from({ length: 100 }, (_, i) => ({ ...row, inferenceId: `${nth}-${i}` }) as LoggedCall['rows'][number]),
    numeric: new Float32Array(200),
    categorical: [Array.from({ length: 100 }, () => 'a'), Array.from({ length: 100 }, () => 'b')],
  });
  const before = process.memoryUsage().heapUsed;
  let longest = 0;
  for (let i = 0; i < 2000; i++) {
    const one = block(i);
    const started = performance.now();
    writer.add(one);
    longest = Math.max(longest, performance.now() - started);
    expect(writer.waitingRows).toBeLessThanOrEqual(2000 + 100); // the newest call is always taken
    if (i % 100 === 0) await new Promise(setImmediate);
  }
  expect((process.memoryUsage().heapUsed - before) / 1e6).toBeLessThan(150);
  expect(longest).toBeLessThan(100); // microseconds on a free machine
  expect(writer.counts.dropped).toBe(200_000 - writer.waitingRows);
  release();
  await writer.flush();
  await writer.flush();
  expect(writer.waitingRows).toBe(0);
  expect(writer.counts.written + writer.counts.dropped).toBe(200_000);
}, 30_000);
