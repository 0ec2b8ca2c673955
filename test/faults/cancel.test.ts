/**
 * A run on top of a champion is cancelled: whatever it had done is undone, and nothing else moves.
 *
 * One activity of each kind of stage here; every other one in `cancel.full.test.ts`.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelRun } from '../../src/client/runs.ts';
import type { RunStatus } from '../../src/workflows/messages.ts';
import { type CancelTown, cancelApprovedIn, cancelIn, cancelTown, expectCancelled } from './cancelled.ts';
import { startSecond } from './champion.ts';
import { served } from './invariants.ts';

let place: CancelTown;
beforeAll(async () => {
  place = await cancelTown();
});
afterAll(() => place.town.close());

test.each([
  ['ingest', 'ingest'],
  ['train', 'train'],
  ['evaluate', 'evaluate'],
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

test.each([
  ['a canary step', ({ rollout }: RunStatus) => rollout?.step === 25],
  ['the bake', ({ stage }: RunStatus) => stage === 'monitor'],
])('cancelled during %s, it takes the traffic back and no prediction fails', async (name, isThere) => {
  const { town } = place;
  const before = served(await town.ledger.state());
  const traffic = town.traffic();
  const run = await startSecond(town, `to be cancelled during ${name}`);
  await town.approve(run);
  await town.runUntil(run, name, isThere);
  await cancelRun(town.client, run);
  await expectCancelled(town, run, before);
  expect(await traffic.stop()).toMatchObject({ failed: 0 });
});

test('cancelled in promoting, it gives the place of the champion back', async () => {
  await cancelApprovedIn(place, 'promoteVersion');
});
