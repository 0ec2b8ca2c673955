/** A run again from one of its stages: on the same rows, as a run of its own, and only while nothing has changed. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planRetry } from '../../src/client/retry.ts';
import { configSnapshot } from '../../src/config/snapshot.ts';
import { applyConfig } from '../../src/registry/changes.ts';
import { lineage } from '../../src/registry/lineage.ts';
import { readVersion } from '../../src/registry/versions.ts';
import { putByDigest } from '../../src/store/content.ts';
import { smallTown, type Town } from '../town.ts';

let town: Town;
let first: string;
beforeAll(async () => {
  town = await smallTown({
    serving: false,
    edit: (model) => {
      model['training'] = { ...(model['training'] as object), refit: 'none' };
    },
  });
  first = String((await town.trigger({ reason: 'the first' })).run);
  await reject(first);
});
afterAll(() => town?.close());

async function reject(run: string): Promise<void> {
  const { packet } = await town.runUntil(run, 'it waits', ({ waitingFor }) => waitingFor !== null);
  const body = { packet: packet?.slice(0, 8), by: 'ana', comment: 'a test' };
  await (await town.client.temporal()).workflow.getHandle(run).signal('reject', body);
  expect(await town.end(run)).toMatchObject({ outcome: 'rejected_by_person' });
}

async function activitiesOf(run: string): Promise<string[]> {
  const { events } = await (await town.client.temporal()).workflow.getHandle(run).fetchHistory();
  return (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
}

async function apply(change: (config: ReturnType<typeof configSnapshot>['model']) => void): Promise<void> {
  const snapshot = structuredClone(configSnapshot(town.workspace, town.model));
  change(snapshot.model);
  const digest = await putByDigest(town.store, 'configs', snapshot);
  const { seq } = (await town.ledger.head()) ?? { seq: 0 };
  await town.ledger.append({
    ...{ effectId: `config/${digest}/after-${seq}`, as_of: '2013-01-25T00:00:00.000Z', actor: 'test', trust: 'system' },
    ...{ why: 'a test', step: applyConfig(digest) },
  });
}

test('a run tried again from train takes its rows and features over, and lineage says whose', async () => {
  await town.setTime('2013-01-26T00:00:00Z');
  const retry = { run: first, from: 'train' as const };
  const { answer, run } = await town.trigger({ reason: 'again', retry });
  expect(answer).toBe('started');
  await reject(String(run));

  const done = await activitiesOf(String(run));
  expect(done).not.toContain('ingest');
  expect(done).not.toContain('validate');
  expect(done).not.toContain('features');
  expect(done).toContain('train');
  const made = await readVersion(town.store, town.model, 2);
  const before = await readVersion(town.store, town.model, 1);
  expect(made).toMatchObject({ run, retry_of: retry, data: before.data, as_of: before.as_of });
  expect(made.files[0], 'trained on the same rows with the same seed').toEqual(before.files[0]);
  expect(await lineage(town.store, town.model, 2)).toMatchObject({ run, retry_of: retry });
  expect((await lineage(town.store, town.model, 1)).retry_of).toBeNull();
});

test('a retry of a retry from evaluate trains nothing', async () => {
  const second = `${town.model}-000002`;
  const { run } = await town.trigger({ reason: 'once more', retry: { run: second, from: 'evaluate' } });
  await reject(String(run));
  expect(await activitiesOf(String(run))).not.toContain('train');
  expect((await readVersion(town.store, town.model, 3)).retry_of).toEqual({ run: second, from: 'evaluate' });
});

test('it is refused with reasons where what comes before the stage has changed, or was never made', async () => {
  const plan = async (run: string, from: 'features' | 'train') =>
    (await planRetry(town, town.model, { run, from })).refused;
  await apply((config) => {
    config.training.seed += 1;
  });
  expect(await plan(first, 'train'), 'the seed is read by train itself').toEqual([]);
  await apply((config) => {
    config.training.split = { ...config.training.split, holdout: 'P6D' };
  });
  expect(await plan(first, 'train')).toEqual([
    'training.split.holdout has changed since, and what comes before train was made with the old value',
  ]);
  expect(await plan(first, 'features')).toEqual([]);
  expect(await plan(`${town.model}-000099`, 'train')).toEqual([
    `${town.model}-000099 is unknown, or its history is gone`,
  ]);
  expect(await plan('other-model-000001', 'train')).toEqual([`other-model-000001 is no run of ${town.model}`]);
  const answer = await town.trigger({ reason: 'no', retry: { run: first, from: 'train' } });
  expect(answer).toMatchObject({ answer: 'skipped', reason: expect.stringContaining('training.split.holdout') });
});
