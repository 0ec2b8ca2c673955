/** What changes in the world while a run waits for a person, and ticks of a schedule that nobody was there for. */

import { ScheduleOverlapPolicy } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applySchedules, scheduleIds } from '../../src/client/schedules.ts';
import { configSnapshot } from '../../src/config/snapshot.ts';
import { applyConfig } from '../../src/registry/changes.ts';
import { putByDigest } from '../../src/store/content.ts';
import type { TriggerAnswer } from '../../src/workflows/contract.ts';
import type { Town } from '../town.ts';
import { promoteFirst, startSecond, townForTwo } from './champion.ts';
import { eventually } from './eventually.ts';
import { expectInvariants, served } from './invariants.ts';

let town: Town;
beforeAll(async () => {
  town = await townForTwo({
    edit: (model) => {
      model['training'] = { ...(model['training'] as object), refit: 'none' };
    },
  });
  await promoteFirst(town);
});
afterAll(() => town.close());

test('who left the group of approvers while a run waited approves nothing', async () => {
  const before = served(await town.ledger.state());
  const run = await startSecond(town, 'approved by somebody who left');
  await town.runUntil(run, 'an approval is waited for', ({ waitingFor }) => waitingFor !== null);
  await groupIs(['dana', 'kim']);
  await town.approve(run, 'ana');
  const refused = await town.runUntil(run, 'ana was answered', ({ desk }) => desk.messages.length > 0);
  expect(JSON.stringify(refused.desk.messages.at(-1))).toContain('dana');
  expect(refused.waitingFor, 'somebody who may is still waited for').not.toBeNull();

  const handle = (await town.client.temporal()).workflow.getHandle(run);
  const { packet } = refused;
  await handle.signal('reject', { packet: packet?.slice(0, 8), by: 'dana', comment: 'not without ana' });
  expect(await town.end(run)).toMatchObject({ outcome: 'rejected_by_person' });
  expect(served(await town.ledger.state())).toEqual(before);
  await groupIs(['ana', 'dana', 'kim']);
  await expectInvariants(town);

  // After its end nobody can decide any more, whoever it is.
  await expect(handle.signal('approve', { packet, by: 'ana', comment: 'late' })).rejects.toThrow(/completed|not found/);
});

test('three ticks of a schedule that came while nobody was there start one run at most when they are caught up', async () => {
  await town.setTime('2013-02-20T00:00:00Z');
  const runs = (await town.ledger.state()).nextRun;
  const configs = [...town.workspace.models.values()].map(({ config }) => config);
  await applySchedules(town.client, configs);
  const temporal = await town.client.temporal();
  const schedule = temporal.schedule.getHandle(scheduleIds(town.model).retraining);
  const { policies } = await schedule.describe();
  expect(policies.catchupWindow, 'a tick that is older than six hours is left out').toBe(6 * 3_600_000);

  // The server itself starts what was missed by this same door, all at once.
  const [start, end] = [new Date('2026-03-01T00:00:00Z'), new Date('2026-03-22T00:00:00Z')];
  await schedule.backfill({ start, end, overlap: ScheduleOverlapPolicy.ALLOW_ALL });
  const { info } = await eventually(async () => {
    const found = await schedule.describe();
    expect(found.info.recentActions).toHaveLength(3);
    return found;
  }, 30_000);
  const answers = await Promise.all(
    info.recentActions.map(({ action }) => temporal.workflow.getHandle(action.workflow.workflowId).result()),
  );
  const started = (answers as TriggerAnswer[]).filter(({ answer }) => answer === 'started');
  expect(started.length).toBeLessThanOrEqual(1);
  expect((await town.ledger.state()).nextRun - runs).toBe(started.length);
  for (const { run } of started) {
    await temporal.workflow.getHandle(String(run)).cancel();
    await town.end(String(run)).catch(() => undefined);
  }
  await schedule.delete();
  await expectInvariants(town);
});

async function groupIs(people: string[]): Promise<void> {
  const { workspace, model, store, ledger } = town;
  const hone = { ...workspace.hone, groups: { ...workspace.hone.groups, 'ops-ml': people } };
  const digest = await putByDigest(store, 'configs', configSnapshot({ ...workspace, hone }, model));
  const said = { as_of: '2013-02-12T00:00:00.000Z', actor: 'test', trust: 'system', why: 'people changed' } as const;
  await ledger.append({ ...said, effectId: `config/${digest}/${people.length}`, step: applyConfig(digest) });
}
