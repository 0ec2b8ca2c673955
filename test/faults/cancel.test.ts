/** A run on top of a champion is cancelled in every stage: whatever it had done is undone, and nothing else moves. */
import { CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelRun } from '../../src/client/runs.ts';
import { listVersions } from '../../src/registry/versions.ts';
import type { RunStatus } from '../../src/workflows/messages.ts';
import type { Town } from '../town.ts';
import { promoteFirst, startSecond, townForTwo } from './champion.ts';
import { stillAtWorkAtUndo } from './history.ts';
import { expectInvariants, served } from './invariants.ts';
import { openTurnstile } from './turnstile.ts';

const turnstile = openTurnstile();
let town: Town;
beforeAll(async () => {
  town = await townForTwo({
    interceptors: turnstile.interceptors,
    edit: (model) => {
      model['training'] = { ...(model['training'] as object), refit: 'none' };
    },
  });
  await promoteFirst(town);
});
afterAll(() => town.close());

test.each([
  ['ingest', 'ingest'],
  ['validate', 'validate'],
  ['features', 'features'],
  ['train', 'train'],
  ['train, registering the version', 'register'],
  ['evaluate', 'evaluate'],
  ['gate', 'gate'],
  ['approve, putting the packet together', 'packet'],
])('cancelled in %s, a run leaves champion, routing and ledger as they were', async (_stage, activity) => {
  const before = served(await town.ledger.state());
  const reached = turnstile.hold(activity);
  const run = await startSecond(town, `to be cancelled in ${activity}`);
  await reached;
  await cancelRun(town.client, run);
  turnstile.release();
  await expectCancelled(run, before);
});

test('cancelled while a person is waited for, it takes no decision any more', async () => {
  const before = served(await town.ledger.state());
  const run = await startSecond(town, 'to be cancelled at the desk');
  await town.runUntil(run, 'an approval is waited for', ({ waitingFor }) => waitingFor !== null);
  await cancelRun(town.client, run);
  await expectCancelled(run, before);
});

test.each([
  ['a canary step', ({ rollout }: RunStatus) => rollout?.step === 25],
  ['the bake', ({ stage }: RunStatus) => stage === 'monitor'],
])('cancelled during %s, it takes the traffic back and no prediction fails', async (name, isThere) => {
  const before = served(await town.ledger.state());
  const traffic = town.traffic();
  const run = await startSecond(town, `to be cancelled during ${name}`);
  await town.approve(run);
  await town.runUntil(run, name, isThere);
  await cancelRun(town.client, run);
  await expectCancelled(run, before);
  expect(await traffic.stop()).toMatchObject({ failed: 0 });
});

test.each([
  ['preparing the rollout', 'prepareRollout'],
  ['promoting', 'promoteVersion'],
  ['starting its probation', 'startProbation'],
])('cancelled in %s, it gives the place of the champion back', async (_stage, activity) => {
  const before = served(await town.ledger.state());
  const traffic = town.traffic();
  const reached = turnstile.hold(activity);
  const run = await startSecond(town, `to be cancelled in ${activity}`);
  await town.approve(run);
  await reached;
  await cancelRun(town.client, run);
  turnstile.release();
  await expectCancelled(run, before);
  expect(await traffic.stop()).toMatchObject({ failed: 0 });
});

async function expectCancelled(run: string, before: ReturnType<typeof served>): Promise<void> {
  const error = await town.end(run).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WorkflowFailedError);
  expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
  expect(await town.status(run)).toMatchObject({ outcome: 'cancelled' });
  expect(await stillAtWorkAtUndo(town, run)).toEqual([]);
  const state = await town.ledger.state();
  expect(served(state)).toEqual(before);
  expect(state.budgets.runs.at(-1)).toMatchObject({ run, outcome: 'cancelled' });
  const left = (await listVersions(town.store, town.model)).filter((version) => version.run === run);
  for (const { version, status } of left) expect(status, `version ${version}`).toBe('rejected');
  await expectInvariants(town);
}
