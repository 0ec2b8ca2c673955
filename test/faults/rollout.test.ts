/** What goes wrong while a second version takes over from a champion, and who wins. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rollBackForPerson } from '../../src/client/rollbacks.ts';
import { listVersions } from '../../src/registry/versions.ts';
import { readNodes } from '../../src/serving/nodes.ts';
import { asOfNow } from '../../src/store/clock.ts';
import type { Town } from '../town.ts';
import { openSite } from '../web/site.ts';
import { canaryAnswers, endlessCanary, promoteFirst, startSecond, townForTwo } from './champion.ts';
import { eventually } from './eventually.ts';
import { expectInvariants, served } from './invariants.ts';

let town: Town;
beforeAll(async () => {
  town = await townForTwo({
    edit: (model) => {
      model['training'] = { ...(model['training'] as object), refit: 'none' };
      model['deploy'] = endlessCanary;
    },
  });
  await promoteFirst(town);
});
afterAll(() => town.close());

test('a version that answers NaN in its canary is rolled back by itself, and no prediction fails', async () => {
  const before = served(await town.ledger.state());
  const faulty = (await town.ledger.state()).nextVersion;
  await stageNan(faulty, 0.5);
  const run = await startSecond(town, 'a version that misbehaves in production');
  await town.runUntil(run, 'an approval is waited for', ({ waitingFor }) => waitingFor !== null);
  const traffic = town.traffic();
  await town.approve(run);

  const end = await town.end(run);
  expect(end).toMatchObject({ outcome: 'rolled_back' });
  expect(end.sentence).toMatch(/guardrail nan: .*read back after/);
  expect(served(await town.ledger.state())).toEqual(before);
  expect(await traffic.stop(), 'the champion answered').toMatchObject({ failed: 0 });
  expect(await statusOf(faulty)).toBe('rejected');
  await stageNan(faulty, 0);
  expect(await undoSeconds(run), 'from the breach until the nodes had confirmed').toBeLessThan(30);
  await expectInvariants(town);
});

test("an operator's rollback during a rollout wins, and the run records that it was superseded", async () => {
  const { champion } = served(await town.ledger.state());
  const { run, traffic } = await runInCanary('a version that people complain about');
  const site = await openSite({ workspace: town.workspace, client: town.client });
  await eventually(async () => {
    const { body } = await site.browser().get(`/models/${town.model}/rollout`);
    expect(body, 'the page counts as the worker does').toContain('This step has been watched since');
    expect(body).toMatch(/of \d+ \([\d.]+ %\) met an error, with the champion [^<]+; evidence \d/);
  }, 20_000);
  await site.close();
  const { client, store, model } = town;
  const asOf = () => asOfNow(store, 'logical');
  const back = await rollBackForPerson(
    { client, store, model, id: randomUUID(), asOf },
    { to: champion ?? 0, reason: 'complaints', by: 'dana' },
  );
  expect(back).toMatchObject({ to: champion, by: 'workflow' });

  expect(await town.end(run)).toMatchObject({ outcome: 'superseded', sentence: expect.stringContaining('superseded') });
  const state = await town.ledger.state();
  expect(state.aliases.champion).toMatchObject({ version: champion, effectId: expect.stringMatching(/^rollback\//) });
  expect(await traffic.stop()).toMatchObject({ failed: 0 });
  expect(back.seconds, 'from its ledger entry until all nodes followed').toBeLessThan(30);
  await expectInvariants(town);
});

test('a run terminated in its canary: the arm expires by itself, then the owner releases the lock', async () => {
  const before = served(await town.ledger.state());
  const { run, traffic } = await runInCanary('a version whose run is terminated');
  const version = (await town.ledger.state()).aliases.challenger?.version ?? 0;
  const temporal = await town.client.temporal();
  await temporal.workflow.getHandle(run).terminate('the machine room is on fire');

  await eventually(async () => {
    const [node] = await readNodes(town.store);
    expect(node?.models[town.model]?.lapsed).toEqual([version]);
  }, 30_000);
  expect((await town.ledger.state()).activeRun?.run, 'nobody has cleaned up yet').toBe(run);
  const asked = async () => (await readNodes(town.store))[0]?.models[town.model]?.arms[version]?.requests;
  const asOfLapse = await asked();
  await new Promise((done) => setTimeout(done, 1000));
  expect(await asked(), 'its traffic goes to the champion').toBe(asOfLapse);
  expect(await traffic.stop()).toMatchObject({ failed: 0 });

  // The owner looks every quarter of an hour; a fresh one looks at once.
  await temporal.workflow.getHandle(`model/${town.model}`).terminate('on fire too');
  const next = await startSecond(town, 'after the fire');
  const released = (await town.ledger.state()).activeRun?.run;
  expect(released).toBe(next);
  await temporal.workflow.getHandle(next).cancel();
  await town.end(next).catch(() => undefined);
  expect(served(await town.ledger.state())).toEqual(before);
  await expectInvariants(town);
});

async function runInCanary(reason: string) {
  const run = await startSecond(town, reason);
  await town.runUntil(run, 'an approval is waited for', ({ waitingFor }) => waitingFor !== null);
  const traffic = town.traffic();
  await town.approve(run);
  await canaryAnswers(town, run);
  return { run, traffic };
}

async function stageNan(version: number, share: number): Promise<void> {
  const answer = await fetch(`${town.serving?.url}/v1/staged-faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: town.model, version, fault: 'nan', share }),
  });
  expect(answer.ok).toBe(true);
}

async function statusOf(version: number): Promise<string | undefined> {
  const listed = await listVersions(town.store, town.model);
  return listed.find((one) => one.version === version)?.status;
}

/** From the breach being known to Temporal until the undo had read the nodes back. */
async function undoSeconds(run: string): Promise<number> {
  const { events } = await (await town.client.temporal()).workflow.getHandle(run).fetchHistory();
  const millis = (time: { seconds?: unknown; nanos?: number | null } | null | undefined) =>
    Number(time?.seconds) * 1000 + (time?.nanos ?? 0) / 1e6;
  const breach = events?.find((event) => event.activityTaskFailedEventAttributes);
  const asked = events?.find(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'undoRollout',
  );
  const undone = events?.find((event) =>
    event.activityTaskCompletedEventAttributes?.scheduledEventId?.eq(asked?.eventId ?? 0),
  );
  return (millis(undone?.eventTime) - millis(breach?.eventTime)) / 1000;
}
