/** Several prediction servers while a version is rolled out: one starts again in the middle, one never follows. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readNodes, writeNode } from '../../src/serving/nodes.ts';
import { type ServingNode, startServingNode } from '../../src/serving/server.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import type { Town } from '../town.ts';
import { canaryAnswers, endlessCanary, promoteFirst, startSecond, townForTwo } from './champion.ts';
import { eventually } from './eventually.ts';
import { expectInvariants, served } from './invariants.ts';

let town: Town;
beforeAll(async () => {
  town = await townForTwo({
    edit: (model) => {
      model['training'] = { ...(model['training'] as object), refit: 'none' };
      model['deploy'] = endlessCanary;
    },
  });
  await promoteFirst(town);
});
afterAll(() => town.close());

const second = (): Promise<ServingNode> =>
  startServingNode({
    ...{ store: town.store, models: [town.model], host: '127.0.0.1', port: 0, node: 'second', pollMs: 100 },
    ...{ logger: createLogger('test', 'silent'), cacheDir: join(town.dir, 'cache-second') },
  });
const generation = async () => (await town.ledger.state()).routing.generation;
const follows = async (name: string) =>
  eventually(async () => {
    const at = (await readNodes(town.store)).find(({ node }) => node === name)?.models[town.model];
    expect(at).toMatchObject({ generation: await generation(), ready: true });
    return at;
  }, 30_000);

test('a server that starts again in the middle of a rollout joins at its current step, and the rollout goes on', async () => {
  let node = await second();
  await follows('second');
  const traffic = town.traffic();
  const run = await startSecond(town);
  await town.approve(run);
  await canaryAnswers(town, run);
  await node.close();
  node = await second();
  const joined = await follows('second');
  const { challenger } = (await town.ledger.state()).aliases;
  expect(joined?.loaded, 'with the candidate').toContain(challenger?.version);

  const handle = (await town.client.temporal()).workflow.getHandle(run);
  await handle.signal('promote', { by: 'dana', reason: 'enough traffic' });
  await town.runUntil(run, 'all traffic is there', ({ rollout }) => rollout?.step === 100);
  await node.close();
  node = await second();
  await follows('second');
  expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: challenger?.version });
  expect(await traffic.stop()).toMatchObject({ failed: 0 });
  await expectInvariants(town);
  await node.close();
});

test('a server that lives and never follows holds the rollout up, is named, and everything goes back', {
  timeout: 240_000,
}, async () => {
  const before = served(await town.ledger.state());
  const [real] = await readNodes(town.store);
  if (!real) throw new Error('there is no prediction server');
  let beat = 0;
  let last: Promise<void> = Promise.resolve();
  const beating = setInterval(() => {
    last = writeNode(town.store, { ...real, node: 'wedged', boot: 'wedged', beat: ++beat });
  }, 100);
  try {
    await town.setTime('2013-02-20T00:00:00Z');
    const run = await startSecond(town, 'while one of the servers is wedged');
    await town.approve(run);
    const end = await town.end(run);
    expect(end).toMatchObject({ outcome: 'rolled_back' });
    expect(end.sentence).toMatch(/wedged is still at generation \d+/);
    expect(served(await town.ledger.state())).toEqual(before);
  } finally {
    clearInterval(beating);
    await last;
    await town.store.remove('nodes/wedged.json');
  }
  await expectInvariants(town);
});
