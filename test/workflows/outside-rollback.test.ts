/** Back through a pipeline, on tiny versions: read back, and paged with the exact command where the pipeline fails. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connectLazily, type HoneClient } from '../../src/client/connect.ts';
import { tellDeployed } from '../../src/client/deployments.ts';
import { rollBackForPerson } from '../../src/client/rollbacks.ts';
import { loadWorkspace } from '../../src/config/load.ts';
import { happeningOfEntry } from '../../src/notifications/happenings.ts';
import { applyConfig } from '../../src/registry/changes.ts';
import type { LedgerEntry } from '../../src/registry/contract.ts';
import { putByDigest } from '../../src/store/content.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { startWorkers } from '../../src/worker.ts';
import { ROOT } from '../config/workspace.ts';
import { type Pipeline, SECRET, startPipeline } from '../deployment/pipeline.ts';
import { model, openServed, type Served } from '../serving/served.ts';
import { skipTimeUntil } from '../time.ts';
import '../setup/quiet-runtime.ts';

const name = (what: string) => `HONE_T${randomBytes(4).toString('hex').toUpperCase()}_${what}`;
const [urlEnv, keyEnv, callbackEnv] = [name('URL'), name('KEY'), name('CALLBACK')];
let pipeline: Pipeline;
let served: Served;
let client: HoneClient;
let worker: Awaited<ReturnType<typeof startWorkers>>;

beforeAll(async () => {
  pipeline = await startPipeline();
  let config: unknown;
  served = await openServed((edited) => {
    edited.deploy.target = {
      ...{ kind: 'webhook', url_env: urlEnv, status_url_env: null, key_env: keyEnv },
      ...{ callback_url_env: callbackEnv, github: null },
    };
    edited.deploy.pipeline = { answer_within: 'PT30M', settle_within: 'PT1S', look_every: 'PT1S' };
    config = edited;
  });
  const digest = await putByDigest(served.store, 'configs', { model: config, groups: {} });
  await served.change('apply', applyConfig(digest));
  for (const version of [1, 2, 3]) await served.promote(version);
  Object.assign(pipeline.serving, { version: 3, share: 100 });

  const { hone } = await loadWorkspace(ROOT);
  const temporal = { ...hone.temporal, address: inject('temporalAddress'), task_queue: `queue-${randomUUID()}` };
  const installation = { ...hone, temporal, store: `file:${served.dir}/store` };
  client = connectLazily(installation);
  worker = await startWorkers({ workspace: served.dir, hone: installation, logger: createLogger('test', 'silent') });
  const node = await served.start({
    deployments: { environment: process.env, tell: (workflow, key) => tellDeployed(client, workflow, key) },
  });
  Object.assign(process.env, { [urlEnv]: pipeline.url, [keyEnv]: SECRET, [callbackEnv]: node.url });
});
afterAll(async () => {
  await worker?.stop();
  await client?.close();
  await served?.close();
  await pipeline?.close();
  for (const variable of [urlEnv, keyEnv, callbackEnv]) delete process.env[variable];
});

const back = (id: string, to: number) =>
  rollBackForPerson(
    { client, store: served.store, model, id, asOf: async () => '2013-04-02T00:00:00.000Z' },
    { to, reason: 'complaints', by: 'dana' },
  );

test('a rollback is asked of the pipeline, answered by callback and read back', async () => {
  const end = await back(randomUUID(), 2);
  expect(end).toMatchObject({ from: 3, to: 2, by: 'workflow' });
  expect(end.sentence).toContain('the deployment target shows version 2 at 100 %');
  expect(end.seconds).toBeLessThan(30);
  expect(pipeline.serving).toMatchObject({ version: 2, share: 100 });
  expect(pipeline.told).toEqual(['200 accepted']);
});

test('a rollback that the pipeline fails pages once with the exact command, and goes on until it is done', async () => {
  pipeline.next.push('failed');
  const id = randomUUID();
  const ended = back(id, 1);
  const paged = async () => {
    let found: LedgerEntry | undefined;
    for await (const entry of served.ledger.entries()) if (entry.change.kind === 'return_failed') found = entry;
    return found;
  };
  for (const until = Date.now() + 20_000; !(await paged()) && Date.now() < until; )
    await new Promise((done) => setTimeout(done, 50));
  const entry = await paged();
  expect(happeningOfEntry(model, entry as LedgerEntry)).toMatchObject({
    type: 'rollback.failed',
    severity: 'page',
    sentence: expect.stringContaining(`npx hone deployment rollback ${model} --to 1`),
  });
  await skipTimeUntil({ client }, `rollback/${model}/${id}`, 'PT2M', 'it was tried again', async () => {
    return pipeline.serving.version === 1;
  });
  expect((await ended).sentence).toContain('the deployment target shows version 1 at 100 %');
});
