/** A prediction server that does not serve what the ledger says takes routing up anew, and tries again what it could not load. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connectLazily, type HoneClient } from '../../src/client/connect.ts';
import { reconcileAll } from '../../src/client/reconcile.ts';
import { loadWorkspace } from '../../src/config/load.ts';
import { readVersion } from '../../src/registry/versions.ts';
import { MODEL_FILE } from '../../src/serving/contract.ts';
import { project } from '../data/surroundings.ts';
import { model, openServed, type Served } from '../serving/served.ts';

let served: Served;
let client: HoneClient;
beforeAll(async () => {
  served = await openServed();
  const { hone } = await loadWorkspace(project);
  const queue = `nodes-${randomBytes(4).toString('hex')}`;
  client = connectLazily({
    ...hone,
    temporal: { ...hone.temporal, address: inject('temporalAddress'), task_queue: queue },
  });
});
afterAll(async () => {
  await served.close();
  await client.close();
});

test('a version that was damaged when a node looked, and is whole again, is served after the next look', async () => {
  await served.promote(1);
  const node = await served.start();
  await node.until('version 1 answers', ({ models }) => models[model]?.champion === 1);
  await served.register(2);
  const sha = (await readVersion(served.store, model, 2)).files.find(({ name }) => name === MODEL_FILE)?.sha256 ?? '';
  const keys: string[] = [];
  for await (const key of served.store.list('')) if (key.includes(sha)) keys.push(key);
  const file = join(served.dir, 'store', keys[0] ?? '');
  const whole = await readFile(file);
  await writeFile(file, Buffer.from('not a model'));
  await served.promote(2);
  await node.until('version 2 cannot be loaded', ({ models }) =>
    models[model]?.failed.some(({ version }) => version === 2),
  );
  await writeFile(file, whole);

  const inFiveMinutes = new Date(Date.now() + 300_000).toISOString();
  const input = { client, store: served.store, clock: 'wall' as const, scratchDir: served.dir };
  const early = await reconcileAll({ ...input, now: new Date().toISOString() });
  expect(early.repairs, 'it is given time').toEqual([]);
  const { repairs } = await reconcileAll({ ...input, now: inFiveMinutes });
  expect(repairs).toMatchObject([{ finding: { kind: 'node_disagrees' }, result: 'repaired' }]);
  expect(repairs[0]?.sentence).toMatch(/n1 serves version 2 \(generation \d+\), read back/);
  expect((await served.ledger.head())?.change).toEqual({ kind: 'repaired', what: 'nodes', subject: 'n1' });
  expect((await reconcileAll({ ...input, now: inFiveMinutes })).repairs).toEqual([]);
});
