/** Every worker is gone for a while: what comes is kept, whoever looks is told, and the first worker goes on with all of it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applySchedules, scheduleIds } from '../../src/client/schedules.ts';
import { stuckWorkflows } from '../../src/client/stuck.ts';
import type { TriggerAnswer } from '../../src/workflows/contract.ts';
import type { Town } from '../town.ts';
import { promoteFirst, startSecond, townForTwo } from './champion.ts';
import { eventually } from './eventually.ts';
import { expectInvariants } from './invariants.ts';
import { startWorkerProcess } from './worker-process.ts';

let town: Town;
beforeAll(async () => {
  town = await townForTwo({
    worker: false,
    edit: (model) => {
      model['training'] = { ...(model['training'] as object), refit: 'none' };
      model['deploy'] = { canary: { steps: [25, 100], bake: 'PT4S', min_requests: 20, max_wait: 'PT2M' } };
    },
  });
});
afterAll(() => town?.close());

test('an approval, a tick and a canary that meet no worker are kept, and all go on with the next one', {
  timeout: 5 * 60_000,
}, async () => {
  const worker = await startWorkerProcess(town);
  await promoteFirst(town);
  const traffic = town.traffic();
  const run = await startSecond(town);
  const { packet } = await town.runUntil(run, 'an approval is waited for', ({ waitingFor }) => waitingFor !== null);
  await worker.kill();

  const temporal = await town.client.temporal();
  const handle = temporal.workflow.getHandle(run);
  await handle.signal('approve', { packet: packet?.slice(0, 8), by: 'ana', comment: 'nobody works' });
  await applySchedules(
    town.client,
    [...town.workspace.models.values()].map(({ config }) => config),
  );
  const schedule = temporal.schedule.getHandle(scheduleIds(town.model).retraining);
  await schedule.trigger();
  const inTwoMinutes = new Date(Date.now() + 120_000).toISOString();
  await eventually(async () => {
    const waiting = (await stuckWorkflows(town.client, inTwoMinutes)).filter(({ why }) => why === 'not_taken');
    const ids = waiting.map(({ workflow }) => workflow);
    expect(ids).toContain(run);
    expect(ids).toContainEqual(expect.stringMatching(`^request-run/${town.model}`));
    expect(waiting[0]?.command).toBe('hone up');
  }, 30_000);
  expect((await handle.describe()).status.name, 'it waits').toBe('RUNNING');

  const next = await startWorkerProcess(town);
  expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 2 });
  expect(await traffic.stop(), 'predictions went on').toMatchObject({ failed: 0 });
  const [tick] = (await schedule.describe()).info.recentActions;
  const answer = (await temporal.workflow.getHandle(tick?.action.workflow.workflowId ?? '').result()) as TriggerAnswer;
  expect(['queued', 'merged', 'skipped', 'started']).toContain(answer.answer);
  if (answer.run && answer.run !== run) {
    await temporal.workflow.getHandle(answer.run).cancel();
    await town.end(answer.run).catch(() => undefined);
  }
  for (const id of Object.values(scheduleIds(town.model)))
    await temporal.schedule
      .getHandle(id)
      .delete()
      .catch(() => undefined);
  await eventually(async () => expect((await town.ledger.state()).activeRun).toBeNull(), 60_000);
  await expectInvariants(town);
  await next.stop();
});
