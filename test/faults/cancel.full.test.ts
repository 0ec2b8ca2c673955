/** The stages that `cancel.test.ts` leaves out. */
import { afterAll, beforeAll, test } from 'vitest';
import { type CancelTown, cancelApprovedIn, cancelDuring, cancelIn, cancelTown } from './cancelled.ts';

let place: CancelTown;
beforeAll(async () => {
  place = await cancelTown();
});
afterAll(() => place.town.close());

test.each([
  ['ingest', 'ingest'],
  ['validate', 'validate'],
  ['features', 'features'],
  ['train, registering the version', 'register'],
  ['evaluate', 'evaluate'],
  ['gate', 'gate'],
])('cancelled in %s, a run leaves champion, routing and ledger as they were', async (_stage, activity) => {
  await cancelIn(place, activity);
});

test.each([
  ['preparing the rollout', 'prepareRollout'],
  ['promoting', 'promoteVersion'],
  ['starting its probation', 'startProbation'],
])('cancelled in %s, it gives the place of the champion back', async (_stage, activity) => {
  await cancelApprovedIn(place, activity);
});

test('cancelled during the bake, it takes the traffic back and no prediction fails', async () => {
  await cancelDuring(place, 'the bake', ({ stage }) => stage === 'monitor');
});
