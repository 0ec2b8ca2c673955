/**
 * A run on top of a champion is cancelled: whatever it had done is undone, and nothing else moves.
 *
 * One activity of each kind of stage here; every other one in `cancel.full.test.ts`.
 */
import { afterAll, beforeAll, test } from 'vitest';
import { cancelRun } from '../../src/client/runs.ts';
import { type CancelTown, cancelDuring, cancelIn, cancelTown, expectCancelled } from './cancelled.ts';
import { startSecond } from './champion.ts';
import { served } from './invariants.ts';

let place: CancelTown;
beforeAll(async () => {
  place = await cancelTown();
});
afterAll(() => place.town.close());

test.each([
  ['train', 'train'],
  ['approve, putting the packet together', 'packet'],
])('cancelled in %s, a run leaves champion, routing and ledger as they were', async (_stage, activity) => {
  await cancelIn(place, activity);
});

test('cancelled while a person is waited for, it takes no decision any more', async () => {
  const { town } = place;
  const before = served(await town.ledger.state());
  const run = await startSecond(town, 'to be cancelled at the desk');
  await town.runUntil(run, 'an approval is waited for', ({ waitingFor }) => waitingFor !== null);
  await cancelRun(town.client, run);
  await expectCancelled(town, run, before);
});

test('cancelled during a canary step, it takes the traffic back and no prediction fails', async () => {
  await cancelDuring(place, 'a canary step', ({ rollout }) => rollout?.step === 25);
});
