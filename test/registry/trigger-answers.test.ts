import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import {
  type Answered,
  addWaiting,
  findAnswer,
  readWaiting,
  rememberAnswer,
  rememberWaiting,
  triggersSeen,
  waitingOf,
} from '../../src/registry/trigger-answers.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from '../../src/store/open-store.ts';

let dir: string;
let store: ObjectStore;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-triggers-'));
  store = openStore('file:store', dir);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const answered = (at: Date): Answered => ({
  trigger: { kind: 'event', eventId: 'load-17' },
  answer: 'queued',
  run: 'churn-000001',
  reason: 'churn-000001 is active',
  decided: true,
  at: at.toISOString(),
});

test('an answer is found by its event id, of its model only, and forgotten after seven days', async () => {
  const eventId = 'load/17 \u202e: any text at all';
  await rememberAnswer(store, 'churn', eventId, answered(new Date()));
  expect(await findAnswer(store, 'churn', eventId)).toMatchObject({ answer: 'queued', run: 'churn-000001' });
  expect(await findAnswer(store, 'spend', eventId)).toBeNull();
  await rememberAnswer(store, 'churn', eventId, answered(new Date(Date.now() - 8 * 86_400_000)));
  expect(await findAnswer(store, 'churn', eventId)).toBeNull();
});

test('what waits is read in the order in which it came, however many batches it came in', async () => {
  const none = await addWaiting(store, [], null);
  expect(none).toBeNull();
  let newest = await addWaiting(store, ['a', 'b'], null);
  for (const batch of [['c'], [], ['d', 'e', 'f']]) newest = await addWaiting(store, batch, newest);
  expect(newest?.count).toBe(6);
  expect(await readWaiting(store, newest, z.string())).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);

  expect(await waitingOf(store, 'churn')).toBeNull();
  await rememberWaiting(store, 'churn', newest);
  expect(await waitingOf(store, 'churn')).toEqual(newest);
  await rememberWaiting(store, 'churn', null);
  expect(await waitingOf(store, 'churn')).toBeNull();
});

test('triggers of some kinds are found again with the time of their evidence, whatever became of them', async () => {
  const as_of = '2013-04-09T00:00:00.000Z';
  const asked = [
    { kind: 'performance', as_of },
    { kind: 'drift', as_of },
    { kind: 'performance' },
    { eventId: 'undecided' },
  ];
  for (const [i, trigger] of asked.entries())
    await rememberAnswer(store, 'seen', `event ${i}`, { ...answered(new Date()), trigger, answer: 'skipped' });
  expect(await triggersSeen(store, 'seen', new Set(['performance', 'calibration']))).toEqual([
    { kind: 'performance', as_of },
  ]);
  expect(await triggersSeen(store, 'seen', new Set<string>())).toEqual([]);
});
