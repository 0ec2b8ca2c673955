/** The network between callers and a prediction server, and between hone and a webhook, goes wrong: nothing counts twice, nothing is lost. */
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDuckDb } from '../../src/data/engine.ts';
import { parquetOf } from '../../src/data/sql-text.ts';
import { readLog } from '../../src/monitoring/log/prediction-log.ts';
import { senderOf } from '../../src/notifications/senders.ts';
import { noticeOf } from '../notifications/notices.ts';
import { httpReceiver } from '../notifications/receivers.ts';
import { following, model, type Node, openServed, row, type Served, scoreOf } from '../serving/served.ts';
import { type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.ts';

let served: Served;
let node: Node;
let proxy: FaultProxy;
beforeAll(async () => {
  served = await openServed();
  await served.promote(1);
  node = await served.start();
  await node.until('version 1 is served', following(1));
  proxy = await startFaultProxy(node.url);
});
afterAll(async () => {
  await proxy?.close();
  await served?.close();
});

const predict = (body: string, patienceMs = 20_000) =>
  fetch(`${proxy.endpoint}/v1/models/${model}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(patienceMs),
  });

test.each<[Fault, string]>([
  ['drop-answer', 'lost-1'],
  ['cut-answer', 'cut-1'],
  ['duplicate', 'twice-1'],
  [{ delayMs: 300 }, 'late-1'],
  [{ bytesPerSecond: 40 }, 'slow-1'],
])('a prediction asked again after %j has its first answer', async (fault, id) => {
  const body = JSON.stringify({ rows: [row(1, { inference_id: id })] });
  proxy.plan({ method: 'POST', fault, times: 1 });
  const first = await predict(body, 500)
    .then((answer) => answer.json())
    .catch(() => null);
  const second = await (await predict(body)).json();
  if (first !== null) expect(second).toEqual(first);
  expect(second).toMatchObject({ predictions: [{ inference_id: id, prediction: expect.closeTo(scoreOf(1), 5) }] });
});

test('a request that arrives torn or damaged is no prediction, and the next one is answered', async () => {
  proxy.plan({ method: 'POST', fault: 'tear-upload', times: 1 });
  const torn = JSON.stringify({ rows: [row(2, { inference_id: 'torn-1' })] });
  await expect(predict(torn)).rejects.toThrow();
  proxy.plan({ method: 'POST', fault: 'flip-upload', times: 1 });
  const damaged = await predict(JSON.stringify({ rows: [row(3, { inference_id: 'damaged-1' })] }));
  expect(damaged.status).toBe(400);
  expect((await predict(JSON.stringify({ rows: [row(4)] }))).status).toBe(200);
});

test('whatever was asked again stands in the log once, and what was refused not at all', async () => {
  await node.post('/v1/flush', {});
  const files = await readLog(served.store, model, { cacheDir: `${served.dir}/cache` });
  const ids = await withDuckDb({ tempDir: served.dir }, async (db) =>
    (await db.runAndReadAll(`SELECT inference_id FROM ${parquetOf(files)}`)).getRows().map(([id]) => id),
  );
  expect(ids.toSorted()).toEqual(['4', 'cut-1', 'late-1', 'lost-1', 'slow-1', 'twice-1']);
});

test('a webhook that goes wrong in any way is told again, by the same id and a signature that holds', async () => {
  const { received, url } = await httpReceiver();
  const { origin, pathname, search } = new URL(url);
  const between = await startFaultProxy(origin);
  const key = `whsec_${randomBytes(32).toString('base64')}`;
  const route = { type: 'cloudevents', url_env: 'URL', key_env: 'KEY' } as const;
  const send = senderOf('bus', route, { URL: `${between.endpoint}${pathname}${search}`, KEY: key });
  const letter = { notice: noticeOf({ seq: 42 }), links: [] };
  for (const fault of ['drop-answer', { status: 503, code: 'busy' }, 'tear-upload'] as const) {
    between.plan({ method: 'POST', fault, times: 1 });
    await expect(send(letter, new Date())).rejects.toMatchObject({
      code: 'HONE_NOTIFY_NOT_DELIVERED',
      retryable: true,
    });
  }
  await send(letter, new Date());
  await between.close();
  const ids = received.map(({ body, headers }) => (new Webhook(key).verify(body, headers) as { id: string }).id);
  expect(ids.length, 'told once where its answer was lost, and once more').toBe(2);
  expect(new Set(ids).size, 'whoever takes it can tell that it is one').toBe(1);
});
