/** The owner may be replaced at any moment: nothing that waits is lost, and runs go on. */
import { rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownerId, sendTrigger } from '../../src/client/owner.ts';
import { findAnswer } from '../../src/registry/trigger-answers.ts';
import type { Trigger } from '../../src/workflows/contract.ts';
import { currentDetails, eventually, signal, workflow } from '../messages.ts';
import { skipTime, skipTimeUntil } from '../time.ts';
import { smallTown, type Town } from '../town.ts';

let town: Town;
let owner: string;
beforeAll(async () => {
  town = await smallTown({
    serving: false,
    edit: (model) => {
      const { training, triggers } = model as Record<string, Record<string, unknown>>;
      Object.assign(training as object, { refit: 'none' });
      Object.assign(triggers as object, { merge_window: 'PT1S' });
    },
  });
  owner = ownerId(town.model);
});
afterAll(() => town?.close());

const run = (number: number) => `${town.model}-${String(number).padStart(6, '0')}`;
const event = (eventId: string): Trigger => ({ kind: 'event', reason: `reason ${eventId}`, by: 'loader', eventId });
const ask = (eventId: string) => sendTrigger(town, town.model, event(eventId));
const describeOwner = async () => await (await workflow(town, owner)).describe();
const status = async (id: string) => (await (await workflow(town, id)).describe()).status.name;
const terminateOwner = async () => void (await (await workflow(town, owner)).terminate('a test'));
const activeRun = async () => (await town.ledger.state()).activeRun?.run ?? null;
const waits = (id: string) => town.runUntil(id, 'it waits for approval', ({ waitingFor }) => waitingFor !== null);

/** Seconds of the timers that the owner has started and that have not fired. */
async function pendingTimers(): Promise<number[]> {
  const { events = [] } = await (await workflow(town, owner)).fetchHistory();
  const fired = new Set(events?.map((one) => one.timerFiredEventAttributes?.timerId));
  const started = events?.flatMap((one) => one.timerStartedEventAttributes ?? []) ?? [];
  return started.filter(({ timerId }) => !fired.has(timerId)).map((one) => Number(one.startToFireTimeout?.seconds));
}

async function reject(id: string): Promise<void> {
  const { packet } = await waits(id);
  await signal(town, id, 'reject', { packet: packet?.slice(0, 8), by: 'ana', comment: 'a test' });
  expect(await town.end(id)).toMatchObject({ outcome: 'rejected_by_person' });
}

async function reasonsOf(id: string): Promise<string[]> {
  const body = await town.store.get(`models/${town.model}/runs/${id}/reasons.json`);
  return (JSON.parse(new TextDecoder().decode(body)) as Trigger[]).map(({ reason }) => reason);
}

describe('during a run that waits for approval', () => {
  test('an owner that begins afresh leaves its run alone and keeps what is queued', async () => {
    expect(await ask('first')).toMatchObject({ answer: 'started', run: run(1) });
    await waits(run(1));
    expect(await ask('queued-before')).toMatchObject({ answer: 'queued', run: run(1) });
    const before = (await describeOwner()).runId;

    await Promise.all(Array.from({ length: 500 }, (_, index) => signal(town, owner, 'trigger', `no trigger ${index}`)));
    await eventually('its history was long enough', describeOwner, ({ runId }) => runId !== before);

    expect(await status(run(1))).toBe('RUNNING');
    expect(await ask('queued-after')).toMatchObject({ answer: 'queued', run: run(1) });
    expect(await currentDetails(town, owner)).toContain('Refused: trigger');
  });

  test('a terminated owner is followed by one that knows the active run, what waits and what was answered', async () => {
    await terminateOwner();
    expect(await ask('after-termination')).toMatchObject({ answer: 'queued', run: run(1) });
    expect((await describeOwner()).status.name).toBe('RUNNING');
    expect(await ask('first')).toMatchObject({ answer: 'started', run: run(1) });
    expect(await ask('queued-before')).toMatchObject({ answer: 'queued', run: run(1) });
    expect(await activeRun()).toBe(run(1));
  });

  test('the end of the run brings an owner where there is none, and everything that waited is one next run', async () => {
    await terminateOwner();
    await reject(run(1));
    await waits(run(2));
    expect(await reasonsOf(run(2))).toEqual(
      ['queued-before', 'queued-after', 'after-termination'].map((id) => `reason ${id}`),
    );
    await eventually(
      'those who asked can see it',
      () => findAnswer(town.store, town.model, 'queued-after'),
      (answer) => answer?.answer === 'merged' && answer.run === run(2),
    );
  });

  test('an owner that has nothing to do begins afresh each day', async () => {
    await reject(run(2));
    await eventually('nothing is active', activeRun, (active) => active === null);
    await eventually('it waits for the day to pass', pendingTimers, (seconds) => seconds.some((one) => one > 80_000));
    const before = (await describeOwner()).runId;
    await skipTime(town, owner, 'P1D');
    await eventually('the owner is a new one', describeOwner, ({ runId }) => runId !== before);
  });

  test('a trigger whose owner is terminated before it decides is sent again and counts once', async () => {
    const asked = ask('lost-at-first');
    await eventually('the merge window is open', pendingTimers, (seconds) => seconds.includes(1));
    await terminateOwner();
    expect(await asked).toMatchObject({ answer: 'started', run: run(3) });
    expect(await reasonsOf(run(3))).toEqual(['reason lost-at-first']);
  });
});

describe('a run that was terminated from outside', () => {
  test('is noticed within a quarter of an hour, triggers that come meanwhile or not, and its lock released', async () => {
    await waits(run(3));
    await (await workflow(town, run(3))).terminate('from outside');

    await skipTime(town, owner, 'PT10M');
    expect(await ask('ten-minutes-later')).toMatchObject({ answer: 'queued', run: run(3) });
    const released = () => town.ledger.find(`owner/${run(3)}/released`);
    await skipTimeUntil(town, owner, 'PT6M', 'its lock is released', async () => (await released()) !== null);
    expect(await released()).toMatchObject({
      actor: 'owner',
      trust: 'system',
      why: 'it closed without reporting its end',
      change: { kind: 'lock_released', run: run(3) },
      state: { activeRun: null },
    });
    await waits(run(4));
    expect(await reasonsOf(run(4))).toEqual(['reason ten-minutes-later']);
  });

  test('is noticed at once by a fresh owner', async () => {
    await waits(run(4));
    await terminateOwner();
    await (await workflow(town, run(4))).terminate('from outside');
    expect(await ask('straight-after')).toMatchObject({ answer: 'started', run: run(5) });
    expect(await town.ledger.find(`owner/${run(4)}/released`)).not.toBeNull();
  });
});

describe('an owner that cannot decide', () => {
  test('says so to who asked and goes on when the cause is gone', async () => {
    await waits(run(5));
    await reject(run(5));
    const { config } = await town.ledger.state();
    const key = `configs/${config}.json`;
    const body = await town.store.get(key);
    await town.store.remove(key);
    const answer = await ask('without-config');
    expect(answer).toMatchObject({ answer: 'skipped', run: null });
    expect(answer.reason).toContain('not decided: ');
    expect(answer.reason).toContain(key);
    await town.store.put(key, body);
    expect(await ask('with-config')).toMatchObject({ answer: 'started', run: run(6) });
  });

  test('because the store does not answer keeps the trigger, shows why, and tries again a minute later', async () => {
    await waits(run(6));
    await reject(run(6));
    await eventually('nothing is active', activeRun, (active) => active === null);
    const clock = join(town.dir, 'store', 'clock.json');
    await rename(clock, `${clock}-away`);
    await symlink(clock, clock); // whoever reads it goes round in circles
    const asked = ask('while-away');
    const shown = (details: string) => details.includes('could not decide: ') && details.includes('did not answer');
    await eventually('it is shown', () => currentDetails(town, owner), shown);
    await rm(clock);
    await rename(`${clock}-away`, clock);
    await skipTime(town, owner, 'PT2M');
    expect(await asked).toMatchObject({ answer: 'started', run: run(7) });
    expect((await town.ledger.verify()).ok).toBe(true);
  });

  test('answers for a model that nobody configured', async () => {
    const nobody = `${town.model}-nobody`;
    const answer = await sendTrigger(town, nobody, event('x'));
    expect(answer).toMatchObject({ answer: 'skipped', run: null });
    expect(answer.reason).toContain('hone config apply');
    await (await workflow(town, ownerId(nobody))).terminate('test over');
  });
});
