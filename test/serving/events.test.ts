/** Who may send events to a prediction server, and what it does not take. Nothing of this reaches an owner. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelConfig } from '../../src/config/model.ts';
import { applyConfig } from '../../src/registry/changes.ts';
import type { EventDoor } from '../../src/serving/event-endpoint.ts';
import { putByDigest } from '../../src/store/content.ts';
import { readEventKeys } from '../../src/triggers/signature.ts';
import { eventOf, SECRETS, type Sent, send, structured } from '../triggers/sender.ts';
import { model, type Node, openServed, type Served } from './served.ts';

let served: Served;
let node: Node;
let config: ModelConfig;
let handedOver = 0;
let answers: () => Promise<never> = () => Promise.reject(new Error('nothing should come this far'));
const door: EventDoor = {
  keys: readEventKeys([{ by: 'routes desk', env: 'OWN' }], SECRETS),
  handOver: () => {
    handedOver += 1;
    return answers();
  },
  asOf: async () => '2013-04-10T00:00:00.000Z',
};
beforeAll(async () => {
  served = await openServed((own) => {
    config = own;
  });
  node = await served.start({ events: door });
});
afterAll(() => served?.close());

const region = () =>
  eventOf(model, 'new_region', { since: '2013-04-01T00:00:00Z', slice: { column: 'carrier', value: 'UA' } });
const post = (one: Sent, to = model) => send(`${node.url}/v1/models/${to}/events`, one);

test('a model without a configuration takes no events, and neither does a server without a key', async () => {
  const closed = { status: 403, body: { error: { code: 'HONE_EVENTS_CLOSED', retryable: false } } };
  expect(await post(structured(region()))).toMatchObject(closed);
  const keyless = await served.start();
  expect(await send(`${keyless.url}/v1/models/${model}/events`, structured(region()))).toMatchObject(closed);
});

describe('with a configuration', () => {
  beforeAll(async () => {
    const digest = await putByDigest(served.store, 'configs', { model: config, groups: {} });
    await served.change('apply', applyConfig(digest));
  });

  test.each<[what: string, one: () => Sent, status: number, code: string, path?: string]>([
    ['no signature', () => ({ ...structured(region()), sign: false }), 401, 'HONE_EVENT_UNSIGNED'],
    ['a foreign key', () => ({ ...structured(region()), key: 'FOREIGN' }), 401, 'HONE_EVENT_SIGNATURE_INVALID'],
    [
      'a body changed on the way',
      () => ({ ...structured(region()), tamper: true }),
      401,
      'HONE_EVENT_SIGNATURE_INVALID',
    ],
    [
      'a signature of ten minutes ago',
      () => ({ ...structured(region()), ageS: 600 }),
      401,
      'HONE_EVENT_SIGNATURE_EXPIRED',
    ],
    ['no JSON', () => ({ ...structured(region()), body: '{' }), 400, 'HONE_EVENT_REFUSED', 'body'],
    ['no event', () => ({ ...structured(region()), body: '{}' }), 400, 'HONE_EVENT_REFUSED', 'specversion'],
    ['an unknown type', () => structured(eventOf(model, 'whim')), 400, 'HONE_EVENT_REFUSED', 'type'],
    [
      'no slice',
      () => structured(eventOf(model, 'new_region', { since: '2013-04-01T00:00:00Z' })),
      400,
      'HONE_EVENT_REFUSED',
      'data.slice',
    ],
    ['another model inside', () => structured(eventOf('churn', 'data_arrived')), 400, 'HONE_EVENT_REFUSED', 'subject'],
    [
      'a batch',
      () => ({ ...structured(region()), headers: { 'content-type': 'application/cloudevents-batch+json' } }),
      415,
      'HONE_EVENT_REFUSED',
    ],
    [
      'more than 64 KiB',
      () => ({ ...structured(region()), body: JSON.stringify({ x: 'x'.repeat(70_000) }) }),
      413,
      'HONE_BODY_TOO_LARGE',
    ],
  ])('%s is refused', async (_what, one, status, code, path) => {
    const answer = await post(one());
    expect(answer).toMatchObject({ status, body: { error: { code, ...(path ? { path } : {}), retryable: false } } });
    expect(handedOver).toBe(0);
  });

  test('a model that is not served is named before anything else', async () => {
    expect(await post(structured(region()), 'churn')).toMatchObject({
      status: 404,
      body: { error: { code: 'HONE_MODEL_NOT_SERVED' } },
    });
  });

  test('a hundred wait at most; the next is asked to come again', async () => {
    let release: (error: Error) => void = () => {};
    const wait = new Promise<never>((_, reject) => {
      release = reject;
    });
    answers = () => wait;
    const waiting = Array.from({ length: 100 }, (_, i) =>
      post(structured(eventOf(model, 'data_arrived', undefined, `e${i}`))),
    );
    for (const deadline = Date.now() + 20_000; handedOver < 100 && Date.now() < deadline; )
      await new Promise((done) => setTimeout(done, 10));
    expect(handedOver).toBe(100);
    const late = await post(structured(eventOf(model, 'data_arrived', undefined, 'late')));
    expect(late).toMatchObject({ status: 429, retryAfter: '10', body: { error: { code: 'HONE_EVENTS_TOO_MANY' } } });
    release(new Error('the end of the test'));
    await Promise.all(waiting);
  });

  test('the published contract names the address', async () => {
    const paths = (await (await fetch(`${node.url}/openapi.json`)).json()) as { paths: Record<string, unknown> };
    expect(Object.keys(paths.paths)).toContain('/v1/models/{model}/events');
  });
});
