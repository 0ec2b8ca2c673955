/** What may start a run, however it asks and however often: one run at a time, and every trigger gets an answer. */
import { WithStartWorkflowOperation } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownerId, sendTrigger } from '../../src/client/owner.ts';
import { applySchedules, reconcileScheduleId, scheduleIds } from '../../src/client/schedules.ts';
import { findAnswer } from '../../src/registry/trigger-answers.ts';
import type { RunOrder, Trigger, TriggerAnswer } from '../../src/workflows/contract.ts';
import { currentDetails, eventually, signal, signalBytes, update, updateBytes, workflow } from '../messages.ts';
import { smallTown, type Town } from '../town.ts';

let town: Town;
let owner: string;
const towns: Town[] = [];
async function openTown(mergeWindow: string): Promise<void> {
  town = await smallTown({
    edit: (model) => {
      const { training, deploy, triggers } = model as Record<string, Record<string, unknown>>;
      Object.assign(training as object, { refit: 'none' });
      Object.assign(deploy as object, {
        canary: { steps: [25, 100], bake: 'PT1S', min_requests: 0, max_wait: 'PT1M' },
      });
      Object.assign(triggers as object, { merge_window: mergeWindow });
    },
  });
  towns.push(town);
  owner = ownerId(town.model);
}
afterAll(() => Promise.all(towns.map((one) => one.close())));

const run = (number: number) => `${town.model}-${String(number).padStart(6, '0')}`;
const drift = (more: Partial<Trigger>): Trigger => ({ kind: 'drift', reason: 'moved', by: 'monitoring', ...more });

async function reasonsOf(id: string): Promise<Trigger[]> {
  return JSON.parse(new TextDecoder().decode(await town.store.get(`models/${town.model}/runs/${id}/reasons.json`)));
}

async function orderOf(id: string): Promise<RunOrder> {
  const { events } = await (await workflow(town, id)).fetchHistory();
  const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
  return JSON.parse(new TextDecoder().decode(input ?? new Uint8Array()));
}

async function startsInLedger(): Promise<string[]> {
  const runs: string[] = [];
  for await (const { change } of town.ledger.entries()) if (change.kind === 'run_started') runs.push(change.run);
  return runs;
}

describe('triggers', () => {
  beforeAll(() => openTown('PT2S'));

  test('a hundred at once, by signal, by update and by hone itself, give one run that lists all the reasons', async () => {
    const temporal = await town.client.temporal();
    const start = { workflowId: owner, taskQueue: town.client.taskQueue, args: [{ model: town.model }] };
    const bySignal = (reason: string) =>
      temporal.workflow
        .signalWithStart('model', { ...start, signal: 'trigger', signalArgs: [drift({ reason, eventId: reason })] })
        .then(() => null);
    const byUpdate = (reason: string) =>
      temporal.workflow.executeUpdateWithStart('trigger', {
        startWorkflowOperation: new WithStartWorkflowOperation('model', {
          ...start,
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
        args: [drift({ reason })],
      });
    const byHone = (reason: string) => sendTrigger(town, town.model, drift({ reason }));
    const ways = [...Array(45).fill(bySignal), ...Array(5).fill(byUpdate), ...Array(50).fill(byHone)];
    const answers = await Promise.all(
      ways.map((ask, index) => ask(`reason ${index}`) as Promise<TriggerAnswer | null>),
    );

    const given = answers.filter((answer) => answer !== null);
    expect(given).toHaveLength(55);
    expect(new Set(given.map((answer) => answer.run))).toEqual(new Set([run(1)]));
    expect(given.filter(({ answer }) => answer !== 'merged').length).toBeLessThanOrEqual(1);
    expect(await startsInLedger()).toEqual([run(1)]);

    const all = Array.from({ length: 100 }, (_, index) => `reason ${index}`);
    expect((await reasonsOf(run(1))).map(({ reason }) => reason).sort()).toEqual(all.sort());
    const order = await orderOf(run(1));
    expect(order.reasonCount).toBe(100);
    expect(order.reasons).toHaveLength(20);
    expect(order.starters).toEqual([]);

    const signalled = await eventually(
      'the answer to a signal is kept',
      () => findAnswer(town.store, town.model, 'reason 7'),
      (answer) => answer !== null,
    );
    expect(signalled).toMatchObject({ run: run(1), answer: expect.stringMatching(/started|merged/) });
  });

  test('during a run one is queued; the same event again, at once or later, gets the same answer', async () => {
    const event = drift({ kind: 'event', reason: 'load 17 is in', eventId: 'load-17', by: 'loader' });
    const answers = await Promise.all(Array.from({ length: 5 }, () => sendTrigger(town, town.model, event)));
    const queued = { answer: 'queued', run: run(1), reason: `${run(1)} is active; judged again when it ends` };
    expect(answers).toEqual(Array(5).fill(queued));
    expect(await sendTrigger(town, town.model, { ...event, reason: 'sent again' })).toEqual(queued);
    expect(await update(town, owner, 'trigger', event)).toEqual(queued);
  });

  test.each([
    ['nothing', []],
    ['null', [null]],
    ['a word', ['retrain']],
    ['an unknown kind', [{ kind: 'whim', reason: 'because', by: 'eve' }]],
    ['no reason', [{ kind: 'manual', reason: '', by: 'eve' }]],
    ['a field without end', [{ kind: 'manual', reason: 'x', by: 'eve', ['y'.repeat(500_000)]: 1 }]],
    ['evidence without end', [{ kind: 'manual', reason: 'x', by: 'eve', evidence: { rows: 'z'.repeat(9000) } }]],
  ])('%s is no trigger: refused where it can be seen', async (_what, body) => {
    await signal(town, owner, 'trigger', ...body);
    const refused = 'Send {"kind":"manual","reason":"';
    const seen = (details: string) => details.split('\n').at(-1)?.includes('Refused: ') ?? false;
    expect(await eventually('the refusal is shown', () => currentDetails(town, owner), seen)).toContain('Refused: ');
    const said = await update(town, owner, 'trigger', ...body).then(String, (error) => error.cause.message as string);
    expect(said).toContain(refused);
    expect(said.length).toBeLessThan(500);
    await expect(sendTrigger(town, town.model, body[0] as Trigger)).rejects.toMatchObject({
      code: 'HONE_TRIGGER_REFUSED',
    });
  });

  test('bytes that are no JSON and misspelt names do not stop the owner', async () => {
    const rubbish = { encoding: 'json/plain', bytes: '{not json' };
    await signalBytes(town, owner, 'trigger', rubbish);
    await signalBytes(town, owner, 'runFinished', rubbish);
    await signalBytes(town, owner, 'triger', rubbish);
    expect(await updateBytes(town, owner, 'trigger', rubbish)).toContain('could not be decoded as JSON');
    const details = await eventually(
      'both are shown',
      () => currentDetails(town, owner),
      (text) => text.includes('Unknown signal "triger". Did you mean trigger?'),
    );
    expect(details).toContain('the trigger could not be decoded as JSON');
  });

  test('at the end of the run what waits is judged again: old evidence is dropped, the rest is one run', async () => {
    const old = drift({ reason: 'moved in January', as_of: '2013-01-20T00:00:00Z', eventId: 'old' });
    const unsaid = drift({ reason: 'moved, when is not said', eventId: 'unsaid' });
    const person = drift({ kind: 'manual', reason: 'new planes', by: 'dana', eventId: 'planes' });
    for (const one of [old, unsaid, person])
      expect(await sendTrigger(town, town.model, one)).toMatchObject({ answer: 'queued', run: run(1) });
    expect(await startsInLedger()).toEqual([run(1)]);

    await town.approve(run(1));
    expect(await town.end(run(1))).toMatchObject({ outcome: 'promoted', version: 1 });
    await town.runUntil(run(2), 'it has begun', (status) => status.stages.length > 0);

    expect((await reasonsOf(run(2))).map(({ reason }) => reason)).toEqual(['load 17 is in', 'new planes']);
    expect((await orderOf(run(2))).starters).toEqual(['loader', 'dana']);
    const kept = async (id: string) => (await findAnswer(town.store, town.model, id)) ?? { answer: null };
    await eventually(
      'the new answers are kept',
      () => kept('planes'),
      ({ answer }) => answer !== 'queued',
    );
    expect(await kept('load-17')).toMatchObject({ answer: 'started', run: run(2) });
    expect(await kept('planes')).toMatchObject({ answer: 'merged', run: run(2) });
    for (const id of ['old', 'unsaid'])
      expect(await kept(id)).toMatchObject({
        answer: 'skipped',
        reason: 'its evidence is older than the new champion',
      });
  });
});

describe('a Temporal Schedule', () => {
  beforeAll(() => openTown('PT3S'));

  const answersOf = async (count: number): Promise<TriggerAnswer[]> => {
    const temporal = await town.client.temporal();
    const schedule = temporal.schedule.getHandle(scheduleIds(town.model).retraining);
    const { info } = await eventually(
      `${count} start(s) of the schedule`,
      () => schedule.describe(),
      (found) => found.info.recentActions.length >= count,
    );
    const ids = info.recentActions.map(({ action }) => action.workflow.workflowId);
    return (await Promise.all(ids.map((id) => temporal.workflow.getHandle(id).result()))) as TriggerAnswer[];
  };

  test('is made from the model file, and made once', async () => {
    const configs = [...town.workspace.models.values()].map(({ config }) => config);
    const { retraining, monitoring, retention } = scheduleIds(town.model);
    const made = (await applySchedules(town.client, configs)).map(({ schedule, change }) => [schedule, change]);
    expect(made).toEqual([
      [retraining, 'created'],
      [monitoring, 'created'],
      [retention, 'created'],
      [reconcileScheduleId(town.client.taskQueue), 'created'],
    ]);
    await eventually(
      'nothing is left to change',
      () => applySchedules(town.client, configs, true),
      (changes) => changes.length === 0,
    );
  });

  test('started twice within the merge window gives one run, and each start says so with its reason', async () => {
    const schedule = (await town.client.temporal()).schedule.getHandle(scheduleIds(town.model).retraining);
    await schedule.trigger();
    await eventually(
      'the first start',
      () => schedule.describe(),
      ({ info }) => info.recentActions.length === 1,
    );
    await new Promise((done) => setTimeout(done, 1000)); // a schedule's starts are named by their second
    await schedule.trigger();
    // Each first counts labels, so either may come first.
    const answers = (await answersOf(2)).toSorted((a, b) =>
      a.answer === 'started' ? -1 : b.answer === 'started' ? 1 : 0,
    );
    const reason = 'schedule 0 6 * * MON America/New_York';
    expect(answers).toEqual([
      { answer: 'started', run: run(1), reason },
      { answer: 'merged', run: run(1), reason },
    ]);
    const reasons = await reasonsOf(run(1));
    expect(reasons.map(({ kind, by }) => [kind, by])).toEqual(Array(2).fill(['schedule', 'schedule']));
    expect(reasons[0]).toMatchObject({
      as_of: '2013-01-25T00:00:00.000Z',
      evidence: { champion: null, new_mature_labels: expect.any(Number) },
    });
  });

  test('that fires while a run is active is queued, and says so', async () => {
    const schedule = (await town.client.temporal()).schedule.getHandle(scheduleIds(town.model).retraining);
    await schedule.trigger();
    expect((await answersOf(3)).at(-1)).toEqual({
      answer: 'queued',
      run: run(1),
      reason: `${run(1)} is active; judged again when it ends`,
    });
    const removed = await applySchedules(town.client, []);
    expect(removed.map(({ change }) => change)).toContain('removed');
  });
});
