import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDuckDb } from '../../src/data/engine.ts';
import { parquetOf } from '../../src/data/sql-text.ts';
import { labelsAsOf } from '../../src/monitoring/labels/labels.ts';
import { readLog } from '../../src/monitoring/log/prediction-log.ts';
import { following, model, type Node, openServed, row, type Served, scoreOf, tiny } from './served.ts';
import { tinyScore } from './tiny-model.ts';

let served: Served;
let node: Node;
beforeAll(async () => {
  served = await openServed((config) => {
    config.monitoring.log = { ...config.monitoring.log, keep: 'all_features', hash: ['tail_number'] };
  });
  await served.promote(1);
  node = await served.start();
  await node.until('version 1 answers', following(1));
}, 60_000);
afterAll(() => served.close());

const predictPath = `/v1/models/${model}/predict`;

test('a raw row is answered by the champion with the features that training would have seen', async () => {
  const [answer] = await node.predict(row(1));
  expect(answer).toMatchObject({ inference_id: '1', version: 1, arm: 'champion', decision: 1 });
  expect(answer!.prediction).toBeCloseTo(scoreOf(1), 6);
  expect((await fetch(`${node.url}/ready`)).status).toBe(200);
});

test('a batch of 5,000 rows comes back in order; one more is refused with 413', async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => row(100_000 + i));
  const answers = await node.predict(...rows);
  expect(answers.map(({ inference_id }) => inference_id)).toEqual(rows.map(({ flight_id }) => String(flight_id)));
  expect(await node.post(predictPath, { rows: [...rows, row(1)] })).toMatchObject({
    status: 413,
    body: { error: { path: 'rows' } },
  });
});

test.each([
  ['no JSON', '{not json', 400, undefined],
  ['no rows', {}, 400, 'rows'],
  ['empty rows', { rows: [] }, 400, 'rows'],
  ['a row that is no object', { rows: [row(1), 7] }, 400, 'rows[1]'],
  ['a nested value', { rows: [row(2, { carrier: { a: 1 } })] }, 400, 'rows[0].carrier'],
  ['a choice of version', { rows: [row(3)], version: 'latest' }, 400, 'version'],
  ['text for a number', { rows: [row(4), row(5, { distance: 'far' })] }, 400, 'rows[1].distance'],
  ['a forgotten column', { rows: [{ flight_id: 6 }] }, 400, 'rows[0].distance'],
  ['a time that is none', { rows: [row(7, { event_ts: 'yesterday' })] }, 400, 'rows[0].event_ts'],
  ['an empty inference_id', { rows: [row(8, { inference_id: '' })] }, 400, 'rows[0].inference_id'],
  ['a number beyond doubles', '{"rows":[{"distance":1e999}]}', 400, 'rows[0].distance'],
  ['deep nesting', `{"rows":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 400, 'rows[0]'],
  ['a poisoned prototype', '{"rows":[{"__proto__":{"polluted":1}}]}', 400, undefined],
  ['a body of 10 MB', `{"rows":[{"a":"${'x'.repeat(10_000_000)}"}]}`, 413, undefined],
])('%s is refused with its path, and never with 500', async (_name, body, status, path) => {
  const answer = await node.post(predictPath, body);
  expect(answer.status).toBe(status);
  expect(answer.body.error.code).toMatch(/^HONE_/);
  expect(answer.body.error.path).toBe(path);
  expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts:\d/);
  expect(Object.prototype).not.toHaveProperty('polluted');
});

test('an unknown model, address or method is 404, and the wrong content type 415', async () => {
  expect((await node.post('/v1/models/..%2fx/predict', { rows: [row(1)] })).status).toBe(404);
  expect((await node.post('/v1/models/other/predict', { rows: [row(1)] })).body.error.code).toBe(
    'HONE_MODEL_NOT_SERVED',
  );
  expect(
    (await node.post('/v1/staged-faults', { model, version: 1, fault: 'nan', share: 1 })).status,
    'closed by default',
  ).toBe(404);
  const text = await fetch(`${node.url}${predictPath}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: 'x',
  });
  expect(text.status).toBe(415);
});

test('one bad row fails its own request only, also when requests are scored together', async () => {
  const results = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      node.post(predictPath, {
        rows: [row(9000 + i, i % 13 === 7 ? { distance: 'far' } : { sched_dep_minute: 60 * i })],
      }),
    ),
  );
  results.forEach(({ status, body }, i) => {
    if (i % 13 === 7) expect({ status, path: body.error.path }).toEqual({ status: 400, path: 'rows[0].distance' });
    else expect(body.predictions[0]?.prediction).toBeCloseTo(tinyScore(tiny(1), [1400, i], 'UA'), 6);
  });
});

test('the same inference id gets the same answer and one log line; with another row it is a conflict', async () => {
  const mine = row(77, { inference_id: 'mine' });
  const [first, second] = await Promise.all([node.predict(mine), node.predict(mine)]);
  expect(second).toEqual(first);
  expect(await node.predict(mine)).toEqual(first);
  const other = await node.post(predictPath, { rows: [row(1), row(78, { inference_id: 'mine' })] });
  expect(other).toMatchObject({
    status: 409,
    body: { error: { code: 'HONE_INFERENCE_ID_REUSED', path: 'rows[1].inference_id' } },
  });
  await node.post('/v1/flush', {});
  expect(await logged("inference_id = 'mine'")).toHaveLength(1);
});

test('what was answered is logged by the privacy policy, under the day of the event', async () => {
  await node.predict(
    row(501, { event_ts: '2013-05-02 08:00:00', passport: 'CANARY-PII', propensity: 0.25, explored: true }),
  );
  await node.post('/v1/flush', {});
  const [line] = await logged("inference_id = '501'");
  expect(line).toMatchObject({
    version: 1,
    arm: 'champion',
    f_distance: 1400,
    f_dep_hour: 10,
    f_carrier: 'UA',
    propensity: 0.25,
    explored: true,
    staged: false,
  });
  expect(line!['event_time']).toEqual(new Date('2013-05-02T08:00:00Z'));
  expect(line!['prediction']).toBeCloseTo(scoreOf(1), 6);
  const text = JSON.stringify(line, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
  expect(text).not.toMatch(/CANARY-PII|N501/);
  expect(
    await readLog(served.store, model, { from: '2013-05-02', to: '2013-05-03', cacheDir: `${served.dir}/cache` }),
  ).toHaveLength(1);
});

test('labels are durable when the answer comes, and refused with a path when they make no sense', async () => {
  const at = '2013-04-11T00:00:00Z';
  const answer = await node.post(`/v1/models/${model}/labels`, {
    labels: [
      { inference_id: '1', label: true, observed_at: at },
      { inference_id: '2', label: 0, observed_at: at },
    ],
  });
  expect(answer.body).toEqual({ recorded: 2 });
  const { counts } = await labelsAsOf(served.store, model, { asOf: at, cacheDir: `${served.dir}/cache` });
  expect(counts.labelled).toBe(2);
  const bad = await node.post(`/v1/models/${model}/labels`, {
    labels: [{ inference_id: '1', label: 1, observed_at: 'now' }],
  });
  expect(bad).toMatchObject({ status: 400, body: { error: { path: 'labels[0].observed_at' } } });
  const strange = await node.post(`/v1/models/${model}/labels`, {
    labels: [{ inference_id: '1', label: 'late', observed_at: at }],
  });
  expect(strange).toMatchObject({ status: 400, body: { error: { path: 'labels[0].label' } } });
  const figure = { name: 'rebookings_per_1000', value: 4.2, observed_at: at };
  const window = { from: at, to: '2013-04-12T00:00:00Z' };
  expect((await node.post(`/v1/models/${model}/business`, { records: [{ ...figure, window }] })).body).toEqual({
    recorded: 1,
  });
  expect((await node.post(`/v1/models/${model}/business`, { records: [figure] })).status).toBe(400);
});

test('metrics and the published contract are there', async () => {
  const metrics = await (await fetch(`${node.url}/metrics`)).text();
  expect(metrics).toMatch(/hone_predictions_total\{model="flights-delay",version="1",arm="champion"\} \d+/);
  const contract = (await (await fetch(`${node.url}/openapi.json`)).json()) as { paths: object };
  expect(Object.keys(contract.paths)).toContain('/v1/models/{model}/predict');
});

async function logged(where: string): Promise<Record<string, unknown>[]> {
  const files = await readLog(served.store, model, { cacheDir: `${served.dir}/cache` });
  return withDuckDb({ tempDir: served.dir }, async (db) =>
    (await db.runAndReadAll(`SELECT * FROM ${parquetOf(files)} WHERE ${where}`)).getRowObjectsJS(),
  );
}
