import { afterAll, beforeAll, expect, test } from 'vitest';
import { smallTown, type Town } from '../town.ts';

let town: Town;
beforeAll(async () => {
  town = await smallTown();
});
afterAll(() => town.close());

test('the first model goes from a trigger through eight stages and an approval to all traffic', async () => {
  const answer = await town.trigger({});
  expect(answer).toMatchObject({ answer: 'started', run: `${town.model}-000001` });
  const run = answer.run as string;

  const waiting = await town.runUntil(run, 'an approval is waited for', (status) => status.waitingFor !== null);
  expect(waiting).toMatchObject({ stage: 'approve', then: 'reject' });
  const sending = town.traffic();
  await town.approve(run);

  expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 2 });
  expect((await sending.stop()).answered).toBeGreaterThanOrEqual(0);
  const state = await town.ledger.state();
  expect(state.aliases.champion).toMatchObject({ version: 2, effectId: `${run}/deploy/promote` });
  expect(state.activeRun).toBeNull();
  expect(state.routing.arms).toEqual([{ version: 2, share: 100, lease: null }]);
  expect((await town.ledger.verify()).ok).toBe(true);
});
