/** Signed events over real HTTP, to a real owner: one event is one run, and what it names is judged before a person. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectLazily, type HoneClient } from '../../src/client/connect.ts';
import { handOver } from '../../src/client/events.ts';
import { ownerId } from '../../src/client/owner.ts';
import { packetOfRun } from '../../src/gate/read-packet.ts';
import { whyOf } from '../../src/monitoring/why.ts';
import type { EventDoor } from '../../src/serving/event-endpoint.ts';
import { type ServingNode, startServingNode } from '../../src/serving/server.ts';
import { asOfNow } from '../../src/store/clock.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { readEventKeys } from '../../src/triggers/signature.ts';
import { smallTown, type Town } from '../town.ts';
import { binary, eventOf, SECRETS, type Sent, send, structured } from './sender.ts';

let town: Town;
const nodes: ServingNode[] = [];
const clients: HoneClient[] = [];
const keys = readEventKeys(
  [
    { by: 'routes desk', env: 'OWN' },
    { by: 'routes desk, new key', env: 'NEXT' },
  ],
  SECRETS,
);

beforeAll(async () => {
  town = await smallTown({
    serving: false,
    edit: (model) => {
      const { training, approval } = model as Record<string, Record<string, unknown>>;
      Object.assign(training as object, { refit: 'none' });
      Object.assign(approval as object, { auto: { triggers: ['event'], warnings: 'none' } });
    },
  });
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await Promise.all(clients.map((client) => client.close()));
  await town?.close();
});

async function serve(client: HoneClient): Promise<(one: Sent) => ReturnType<typeof send>> {
  const { store, model, dir } = town;
  const events: EventDoor = {
    keys,
    handOver: (name, trigger) => handOver({ client, store }, name, trigger, 60_000),
    asOf: () => asOfNow(store, 'logical'),
  };
  const node = await startServingNode({
    ...{ store, models: [model], host: '127.0.0.1', port: 0, node: `events-${nodes.length}`, pollMs: 1000, events },
    logger: createLogger('test', 'silent'),
    cacheDir: join(dir, 'cache'),
  });
  nodes.push(node);
  return (one) => send(`${node.url}/v1/models/${model}/events`, one);
}

/** Of the same installation, with another address or queue of Temporal. */
function otherClient(temporal: { address?: string; task_queue?: string }): HoneClient {
  const { hone } = town.workspace;
  const client = connectLazily({ ...hone, temporal: { ...hone.temporal, ...temporal } });
  clients.push(client);
  return client;
}

async function starts(): Promise<number> {
  let count = 0;
  for await (const { change } of town.ledger.entries()) if (change.kind === 'run_started') count += 1;
  return count;
}

/** Between a client and Temporal, until it is cut. */
async function openRelay(to: string): Promise<{ address: string; cut(): void }> {
  const [host = '', port = ''] = to.split(':');
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port) });
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => undefined);
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

const run = () => `${town.model}-000001`;
const lga = { since: '2013-01-10T00:00:00Z', slice: { column: 'origin', value: 'LGA' }, reason: 'LGA reopened' };
const region = () => structured(eventOf(town.model, 'new_region', lga, 'region-1'));

test('an event without a signature starts nothing; five copies of a signed one start one run', async () => {
  const post = await serve(town.client);
  expect(await post({ ...region(), sign: false })).toMatchObject({ status: 401 });
  expect(await starts()).toBe(0);

  const answers = await Promise.all(Array.from({ length: 5 }, () => post(region())));
  for (const { status, body } of answers) {
    expect(status).toBe(200);
    expect(body).toMatchObject({ answer: 'started', run: run(), reason: expect.stringContaining('origin LGA') });
  }
  expect(await starts()).toBe(1);
});

test('sent again, with a new signature, by another key, to another node, it has the answer that it had', async () => {
  const post = await serve(town.client);
  const again = await post({ ...region(), key: 'NEXT' });
  expect(again).toMatchObject({ status: 200, body: { answer: 'started', run: run(), repeated: true } });
  const other = structured(eventOf(town.model, 'new_region', { ...lga, reason: 'something else' }, 'region-1'));
  expect(await post(other)).toMatchObject({ status: 409, body: { error: { code: 'HONE_EVENT_REPLAYED' } } });
  expect(await starts()).toBe(1);
});

test('another event waits for the end of the run, in binary mode as well', async () => {
  const post = await serve(town.client);
  const answer = await post(binary(eventOf(town.model, 'data_arrived')));
  expect(answer).toMatchObject({ status: 200, body: { answer: 'queued', run: run(), repeated: false } });
});

test('the sender of the documentation is understood', async () => {
  await serve(town.client);
  const page = await readFile(new URL('../../docs/how-to/start-runs-from-events.md', import.meta.url), 'utf8');
  const script = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const env = { ...process.env, MODEL: town.model, HONE_URL: nodes.at(-1)?.url, HONE_EVENT_KEY: SECRETS.NEXT };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { env });
  expect(stdout).toMatch(/^200 .*"answer":"queued"/);
});

test('the rows that it names are judged, and a person is asked although events are approved automatically', async () => {
  await town.runUntil(run(), 'a person is asked', ({ waitingFor }) => waitingFor !== null);
  const packet = await packetOfRun(town.store, town.model, run());
  const rule = packet?.gate.rules.find((one) => one.rule.startsWith('demanded/'));
  expect(rule).toMatchObject({ rule: 'demanded/origin=LGA/roc_auc', outcome: 'pass', value: expect.any(Number) });
  expect(packet?.evaluation.slices[0]).toMatchObject({
    ...lga.slice,
    not_judged: null,
    demanded: { since: '2013-01-10T00:00:00.000Z' },
  });
  expect(packet?.gate.person).toContainEqual(
    expect.stringMatching(/^Asked for by event by routes desk, which a person has to approve: new_region: origin LGA/),
  );
  const why = await whyOf(town.store, town.model, 10);
  expect(why.sentence).toContain('asked for by event (by routes desk): new_region: origin LGA, since 2013-01-10');
});

test('while Temporal is away an event is not taken, and one that was decided has its answer still', async () => {
  const post = await serve(otherClient({ address: '127.0.0.1:1' }));
  expect(await post(structured(eventOf(town.model, 'data_arrived')))).toMatchObject({
    status: 503,
    retryAfter: '5',
    body: { error: { code: 'HONE_TEMPORAL_UNREACHABLE', retryable: true } },
  });
  expect(await post(region())).toMatchObject({ status: 200, body: { answer: 'started', repeated: true } });
});

test('a Temporal that goes away after it was there takes no event either', async () => {
  const relay = await openRelay(town.workspace.hone.temporal.address);
  const client = otherClient({ address: relay.address });
  const trigger = { kind: 'event' as const, reason: 'a test', by: 'routes desk', eventId: 'lost' };
  await client.temporal();
  relay.cut();
  const began = Date.now();
  await expect(handOver({ client, store: town.store }, town.model, trigger, 1500)).rejects.toMatchObject({
    code: 'HONE_EVENT_NOT_CONFIRMED',
    retryable: true,
  });
  expect(Date.now() - began).toBeLessThan(10_000);
});

test('while nobody decides an event is accepted, which says that it is safe and not decided', async () => {
  const client = otherClient({ task_queue: `nobody-${town.model}` });
  const model = `${town.model}-unheard`;
  const trigger = { kind: 'event' as const, reason: 'a test', by: 'routes desk', eventId: 'e1' };
  expect(await handOver({ client, store: town.store }, model, trigger, 1500)).toBeNull();
  const owner = (await client.temporal()).workflow.getHandle(ownerId(model));
  expect((await owner.describe()).status.name).toBe('RUNNING');
  await owner.terminate('test over');
});
