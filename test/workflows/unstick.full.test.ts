/** Workflows that do not get on are listed with the command that frees them, and are freed, on a real Temporal server. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connectLazily, type HoneClient } from '../../src/client/connect.ts';
import { queuesOf } from '../../src/client/liveness.ts';
import { stuckWorkflows } from '../../src/client/stuck.ts';
import { unstick } from '../../src/client/unstick.ts';
import { loadWorkspace } from '../../src/config/load.ts';
import { project } from '../data/surroundings.ts';
import { eventually } from '../messages.ts';
import '../setup/quiet-runtime.ts';

const queue = `unstick-${randomBytes(4).toString('hex')}`;
let client: HoneClient;
let connection: NativeConnection;
let worker: Worker;
let running: Promise<void>;
let failing = true;
beforeAll(async () => {
  const { hone } = await loadWorkspace(project);
  const address = inject('temporalAddress');
  client = connectLazily({ ...hone, temporal: { ...hone.temporal, address, task_queue: queue } });
  connection = await NativeConnection.connect({ address });
  const workflowsPath = join(import.meta.dirname, 'builds', 'wedging.ts');
  const silent = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  worker = await Worker.create({
    ...{ connection, taskQueue: queue },
    workflowBundle: await bundleWorkflowCode({ workflowsPath, logger: silent }),
    activities: {
      async flaky() {
        const nextRetryDelay = activityInfo().attempt < 5 ? '1ms' : '1 hour';
        if (failing) throw ApplicationFailure.create({ message: 'the table is locked', nextRetryDelay });
      },
    },
  });
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await client.close();
  await connection.close();
});

const start = async (workflowId: string, withStep: boolean) =>
  await (await client.temporal()).workflow.start('retraining', { workflowId, taskQueue: queue, args: [withStep] });
const look = () => stuckWorkflows(client, new Date().toISOString());

test('work that no worker takes is listed after a minute, and so is the queue', async () => {
  const handle = await start(`${queue}-000000`, false);
  const inTwoMinutes = new Date(Date.now() + 120_000).toISOString();
  const found = await eventually(
    'it is listed',
    () => stuckWorkflows(client, inTwoMinutes),
    (all) => all.length > 0,
  );
  expect(found).toMatchObject([{ workflow: handle.workflowId, why: 'not_taken', command: 'hone up' }]);
  expect((await queuesOf(client)).map(({ pollers }) => pollers)).toEqual([0, 0, 0]);
  expect(await unstick(client, handle.workflowId, 'kim'), 'it waits for less than a minute').toMatchObject({
    did: null,
  });
  running = worker.run();
  await handle.signal('go');
  expect(await handle.result()).toBe('went on');
  expect((await queuesOf(client)).map(({ pollers }) => pollers > 0)).toEqual([true, true, false]);
});

test('a run whose code fails at a message goes back to before it, and the message is named as lost', async () => {
  const handle = await start(`${queue}-000001`, false);
  await eventually(
    'it waits',
    async () => (await handle.fetchHistory()).events?.length ?? 0,
    (count) => count >= 4,
  );
  await handle.signal('poison');
  const [stuck] = await eventually('it is listed', look, (all) => all.length > 0);
  expect(stuck).toMatchObject({ why: 'task_fails', command: `hone run unstick ${handle.workflowId}` });

  const freed = await unstick(client, handle.workflowId, 'kim');
  expect(freed).toMatchObject({ did: 'reset_without_messages', dropped_messages: 1 });
  expect(await look()).toEqual([]);
  const again = (await client.temporal()).workflow.getHandle(handle.workflowId);
  await again.signal('go');
  expect(await again.result()).toBe('went on');
});

test('a step that fails again and again is tried at once', async () => {
  const handle = await start(`${queue}-000002`, true);
  const [stuck] = await eventually('it is listed', look, (all) => all.length > 0);
  expect(stuck).toMatchObject({ why: 'activity_fails', sentence: expect.stringContaining('the table is locked') });
  failing = false;
  expect(await unstick(client, handle.workflowId, 'kim')).toMatchObject({ did: 'retried', dropped_messages: 0 });
  await handle.signal('go');
  expect(await handle.result()).toBe('went on');
  await expect(unstick(client, handle.workflowId, 'kim')).rejects.toMatchObject({ code: 'HONE_RUN_UNKNOWN' });
});

test('a step that a person paused in Temporal goes on', async () => {
  failing = true;
  const handle = await start(`${queue}-000003`, true);
  const { workflowService, options } = await client.temporal();
  const execution = { workflowId: handle.workflowId };
  await eventually(
    'its step has begun',
    async () => (await handle.describe()).raw.pendingActivities ?? [],
    ([step]) => (step?.attempt ?? 0) >= 5,
  );
  const paused = { namespace: options.namespace, execution, identity: 'kim', reason: 'a look' };
  await workflowService.pauseActivity({ ...paused, type: 'flaky' });
  const [stuck] = await eventually('it is listed', look, (all) => all.some(({ why }) => why === 'activity_paused'));
  expect(stuck).toMatchObject({ why: 'activity_paused', command: `hone run unstick ${handle.workflowId}` });
  failing = false;
  expect(await unstick(client, handle.workflowId, 'kim')).toMatchObject({ did: 'unpaused', dropped_messages: 0 });
  await eventually('nothing is stuck', look, (all) => all.length === 0);
  await handle.signal('go');
  expect(await handle.result()).toBe('went on');
});

test('a run that a person paused in Temporal goes on, with the messages that came meanwhile', async () => {
  failing = false;
  const handle = await start(`${queue}-000004`, false);
  const { workflowService, options } = await client.temporal();
  const { workflowId } = handle;
  const by = { namespace: options.namespace, identity: 'kim', reason: 'a look', requestId: workflowId };
  await workflowService.pauseWorkflowExecution({ ...by, workflowId });
  const [stuck] = await eventually('it is listed', look, (all) => all.length > 0);
  expect(stuck).toMatchObject({ why: 'workflow_paused', command: `hone run unstick ${workflowId}` });
  await handle.signal('go');
  expect((await handle.describe()).status.name).toBe('PAUSED');
  expect(await unstick(client, workflowId, 'kim')).toMatchObject({ did: 'unpaused', dropped_messages: 0 });
  expect(await handle.result()).toBe('went on');
});
