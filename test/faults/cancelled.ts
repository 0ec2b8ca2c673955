/** A town in which runs are cancelled at chosen points, and what must hold after each. */
import { CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { expect } from 'vitest';
import { cancelRun } from '../../src/client/runs.ts';
import { listVersions } from '../../src/registry/versions.ts';
import type { RunStatus } from '../../src/workflows/messages.ts';
import type { Town } from '../town.ts';
import { promoteFirst, startSecond, townForTwo } from './champion.ts';
import { stillAtWorkAtUndo } from './history.ts';
import { expectInvariants, served } from './invariants.ts';
import { openTurnstile, type Turnstile } from './turnstile.ts';

export interface CancelTown {
  readonly town: Town;
  readonly turnstile: Turnstile;
}

/** A champion is live; whatever comes is on top of it. */
export async function cancelTown(): Promise<CancelTown> {
  const turnstile = openTurnstile();
  const town = await townForTwo({
    interceptors: turnstile.interceptors,
    edit: (model) => {
      model['training'] = { ...(model['training'] as object), refit: 'none' };
    },
  });
  await promoteFirst(town);
  return { town, turnstile };
}

/** Before anybody is asked: nothing of the model has moved yet. */
export async function cancelIn({ town, turnstile }: CancelTown, activity: string): Promise<void> {
  const before = served(await town.ledger.state());
  const reached = turnstile.hold(activity);
  const run = await startSecond(town, `to be cancelled in ${activity}`);
  await reached;
  await cancelRun(town.client, run);
  turnstile.release();
  await expectCancelled(town, run, before);
}

/** After the approval, with traffic that must not notice. */
export async function cancelApprovedIn({ town, turnstile }: CancelTown, activity: string): Promise<void> {
  const before = served(await town.ledger.state());
  const traffic = town.traffic();
  const reached = turnstile.hold(activity);
  const run = await startSecond(town, `to be cancelled in ${activity}`);
  await town.approve(run);
  await reached;
  await cancelRun(town.client, run);
  turnstile.release();
  await expectCancelled(town, run, before);
  expect(await traffic.stop()).toMatchObject({ failed: 0 });
}

/** While a canary answers, with traffic that must not notice. @param isThere when to cancel */
export async function cancelDuring(
  { town }: CancelTown,
  name: string,
  isThere: (status: RunStatus) => boolean,
): Promise<void> {
  const before = served(await town.ledger.state());
  const traffic = town.traffic();
  const run = await startSecond(town, `to be cancelled during ${name}`);
  await town.approve(run);
  await town.runUntil(run, name, isThere);
  await cancelRun(town.client, run);
  await expectCancelled(town, run, before);
  expect(await traffic.stop()).toMatchObject({ failed: 0 });
}

export async function expectCancelled(town: Town, run: string, before: ReturnType<typeof served>): Promise<void> {
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
