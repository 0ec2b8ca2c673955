import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDoor } from '../../src/serving/door.ts';
import { following, model, type Node, openServed, row, type Served, scoreOf } from './served.ts';

const sha256 = (token: string) => createHash('sha256').update(token).digest('hex');
const tokens = {
  shop: { token_sha256: sha256('of-the-shop'), roles: { [model]: 'caller' as const } },
  ops: { token_sha256_env: 'OPS', roles: { '*': 'operator' as const } },
};
const serving = { host: '0.0.0.0', port: 0, poll: 'PT1S', tokens };

let served: Served;
let node: Node;
let guarded: Node;
beforeAll(async () => {
  served = await openServed();
  await served.promote(1);
  node = await served.start();
  const door = openDoor({ profile: 'production', serving }, { OPS: sha256('of-ops') });
  guarded = await served.start({ ...(door && { door }), stagedFaults: true, maxWaitingRows: 10 });
  await node.until('version 1 answers', following(1));
  while ((await fetch(`${guarded.url}/ready`)).status !== 200) await new Promise((r) => setTimeout(r, 25));
}, 60_000);
afterAll(() => served.close());

const infer = `/v2/models/${model}/infer`;
const predict = `/v1/models/${model}/predict`;
const get = async (path: string, token?: string, of: Node = node) => {
  const headers = new Headers(token === undefined ? {} : { authorization: `Bearer ${token}` });
  const response = await fetch(`${of.url}${path}`, { headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const tensors = (ids: readonly number[], more: Record<string, unknown> = {}) => ({
  id: 'r1',
  inputs: [
    { name: 'flight_id', shape: [ids.length], datatype: 'INT64', data: ids },
    { name: 'carrier', shape: [ids.length, 1], datatype: 'BYTES', data: ids.map(() => ['UA']) },
    { name: 'distance', shape: [ids.length], datatype: 'INT32', data: ids.map(() => 1400) },
    { name: 'sched_dep_minute', shape: [ids.length], datatype: 'FP64', data: ids.map(() => 615) },
  ],
  ...more,
});

test('tensors of the Open Inference protocol are answered as the same rows are', async () => {
  const [own] = await node.predict(row(900));
  const answer = await node.post(infer, tensors([901, 902]));
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    model_name: model,
    model_version: '1',
    id: 'r1',
    outputs: [
      { name: 'prediction', shape: [2], datatype: 'FP64', data: [own?.prediction, own?.prediction] },
      { name: 'decision', shape: [2], datatype: 'INT64', data: [1, 1] },
      { name: 'version', shape: [2], datatype: 'INT64', data: [1, 1] },
      { name: 'arm', shape: [2], datatype: 'BYTES', data: ['champion', 'champion'] },
      { name: 'inference_id', shape: [2], datatype: 'BYTES', data: ['901', '902'] },
    ],
  });
  const one = await node.post(infer, tensors([903], { outputs: [{ name: 'prediction' }] }));
  expect(one.body['outputs']).toEqual([
    { name: 'prediction', shape: [1], datatype: 'FP64', data: [expect.closeTo(scoreOf(1), 6)] },
  ]);
});

test('health, readiness and metadata stand where the protocol says', async () => {
  expect(await get('/v2')).toEqual({ status: 200, body: { name: 'hone', version: '1', extensions: [] } });
  expect(await get('/v2/health/live')).toEqual({ status: 200, body: { live: true } });
  expect(await get('/v2/health/ready')).toEqual({ status: 200, body: { ready: true } });
  expect(await get(`/v2/models/${model}/ready`)).toEqual({ status: 200, body: { name: model, ready: true } });
  const { body } = await get(`/v2/models/${model}`);
  expect(body).toMatchObject({ name: model, platform: 'onnxruntime_onnx' });
  expect(body['inputs']).toContainEqual({ name: 'distance', datatype: 'INT32', shape: [-1] });
  expect(body['inputs']).toContainEqual({ name: 'event_ts', datatype: 'BYTES', shape: [-1] });
  expect(body['outputs']).toContainEqual({ name: 'decision', datatype: 'INT64', shape: [-1] });
  expect((await get('/v2/models/other')).status).toBe(404);
  const contract = (await get('/openapi.json')).body;
  expect(Object.keys(contract['paths'] ?? {})).toEqual(
    expect.arrayContaining(['/v2/models/{model}/infer', '/v2/health/live']),
  );
});

const inputs = (edit: (all: Record<string, unknown>[]) => void) => {
  const all = tensors([1, 2]).inputs as Record<string, unknown>[];
  edit(all);
  return { inputs: all };
};
test.each([
  ['no inputs', { inputs: [] }, 'inputs'],
  ['a field that is none', tensors([1], { rows: [] }), 'rows'],
  ['another number of rows', inputs((all) => Object.assign(all[2] ?? {}, { shape: [3] })), 'inputs[2].shape'],
  ['a matrix', inputs((all) => Object.assign(all[2] ?? {}, { shape: [2, 2] })), 'inputs[2].shape'],
  ['too few values', inputs((all) => Object.assign(all[2] ?? {}, { data: [1] })), 'inputs[2].data'],
  ['text among integers', inputs((all) => Object.assign(all[2] ?? {}, { data: [1, 'x'] })), 'inputs[2].data[1]'],
  ['a type that is none', inputs((all) => Object.assign(all[2] ?? {}, { datatype: 'INT7' })), 'inputs[2].datatype'],
  [
    'a number for a text',
    inputs((all) => Object.assign(all[1] ?? {}, { datatype: 'FP32', data: [1, 2] })),
    'inputs[1].data[0]',
  ],
  ['a tensor twice', inputs((all) => all.push({ ...all[0] })), 'inputs[4].name'],
  ['a forgotten column', inputs((all) => all.splice(2, 1)), 'inputs'],
  ['a wish that is none', tensors([1], { outputs: [{ name: 'shap' }] }), 'outputs[0].name'],
])('tensors with %s are refused with their path, in the words of the protocol', async (_name, body, path) => {
  const answer = await node.post(infer, body);
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ error: expect.any(String), code: 'HONE_REQUEST_REFUSED', retryable: false });
  expect(answer.body['path']).toBe(path);
});

test('a node with tokens answers their holders only, each for what the role allows', async () => {
  const rows = { rows: [row(1)] };
  expect(await guarded.post(predict, rows)).toMatchObject({
    status: 401,
    body: { error: { code: 'HONE_ACCESS_REFUSED' } },
  });
  expect((await guarded.post(predict, rows)).headers.get('www-authenticate')).toBe('Bearer');
  expect((await guarded.post(predict, rows, 'wrong')).status).toBe(401);
  expect((await guarded.post(predict, rows, 'of-the-shop')).status).toBe(200);
  expect((await guarded.post(infer, tensors([5]), 'of-the-shop')).status).toBe(200);
  expect((await guarded.post(predict, rows, 'of-ops')).status, 'a higher role may do what a lower may').toBe(200);
  expect(
    (await guarded.post('/v1/models/other/predict', rows, 'of-the-shop')).status,
    'not even whether it is there',
  ).toBe(403);
  for (const path of ['/v1/node', '/metrics']) expect((await get(path, 'of-the-shop', guarded)).status, path).toBe(403);
  expect((await guarded.post('/v1/flush', {}, 'of-the-shop')).status).toBe(403);
  expect((await get('/v1/node', 'of-ops', guarded)).status).toBe(200);
  for (const path of ['/live', '/ready', '/v2/health/live', '/openapi.json'])
    expect((await get(path, undefined, guarded)).status, path).toBe(200);
});

test('without tokens a server starts in the local profile on loopback only', () => {
  const alone = { host: '127.0.0.1', port: 0, poll: 'PT1S' };
  expect(openDoor({ profile: 'local', serving: alone }, {})).toBeUndefined();
  expect(() => openDoor({ profile: 'local', serving: { ...alone, host: '0.0.0.0' } }, {})).toThrow(
    /everybody who reaches/,
  );
  expect(() => openDoor({ profile: 'production', serving: alone }, {})).toThrow(/holders of a token only/);
  expect(() => openDoor({ profile: 'production', serving }, {})).toThrow(/OPS holds no SHA-256 for ops/);
});

test('what would wait too long is refused at once with the time to come back; what was taken is answered', async () => {
  await guarded.post('/v1/staged-faults', { model, version: 1, fault: 'slow', share: 1 }, 'of-ops');
  const send = (from: number) =>
    guarded.post(predict, { rows: Array.from({ length: 8 }, (_, i) => row(from + i)) }, 'of-the-shop');
  const answers = await Promise.all([send(1000), send(2000), send(3000)]);
  await guarded.post('/v1/staged-faults', { model, version: 1, fault: 'slow', share: 0 }, 'of-ops');
  const taken = answers.filter(({ status }) => status === 200);
  expect(taken).toHaveLength(1);
  expect(taken[0]?.body.predictions).toHaveLength(8);
  const busy = answers.filter(({ status }) => status === 503);
  expect(busy.map(({ body, headers }) => [body.error.code, headers.get('retry-after')])).toEqual([
    ['HONE_NODE_BUSY', '1'],
    ['HONE_NODE_BUSY', '1'],
  ]);
  expect((await send(4000)).status, 'room again').toBe(200);
});
