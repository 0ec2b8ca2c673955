/** Retention and erasure as workflows: by schedule and by a person, once however often they are tried, and without names. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { erase } from '../../src/client/erasures.ts';
import { applySchedules, scheduleIds } from '../../src/client/schedules.ts';
import { recordLabels } from '../../src/monitoring/labels/labels.ts';
import { partitionFiles } from '../../src/monitoring/log/partition-files.ts';
import { writePartitions } from '../../src/monitoring/log/partitions.ts';
import { predictionRecord } from '../../src/monitoring/log/records.ts';
import type { RetentionEnd } from '../../src/workflows/retention.ts';
import { hone } from '../cli/story.ts';
import { smallTown, type Town } from '../town.ts';

const SUBJECT = 'N-CANARY-7';
let town: Town;
beforeAll(async () => {
  process.env['HONE_LOG_HASH_KEY'] = 'a key of the test';
  town = await smallTown({ serving: false, asOf: '2013-09-01T00:00:00Z' });
  const row = (id: string, day: string, entity: string) => ({
    ...{ inference_id: id, event_time: Date.parse(day), model: town.model, version: 1, arm: 'champion', entity },
  });
  const rows = [row('old', '2013-01-05', 'N1'), row('a', '2013-08-30', SUBJECT), row('b', '2013-08-30', 'N1')];
  const place = { model: town.model, writtenAt: 1, tempDir: town.dir };
  await writePartitions(town.store, { kind: predictionRecord, ...place, chunks: [rows] });
  const labels = ['a', 'b'].map((inference_id) => ({ inference_id, label: 1, observed_at: '2013-08-31T00:00:00Z' }));
  await recordLabels(town.store, town.model, labels, { tempDir: town.dir });
}, 60_000);
afterAll(async () => {
  for (const id of Object.values(scheduleIds(town.model)))
    await (await town.client.temporal()).schedule
      .getHandle(id)
      .delete()
      .catch(() => {});
  await town.close();
});

const days = async () => (await partitionFiles(town.store, town.model, 'log')).map(({ day }) => day);

test('the schedule of a model removes what is older than its retention, and the next firing finds nothing', async () => {
  const temporal = await town.client.temporal();
  await applySchedules(
    town.client,
    [...town.workspace.models.values()].map(({ config }) => config),
  );
  const schedule = temporal.schedule.getHandle(scheduleIds(town.model).retention);
  await schedule.trigger();
  const fired = async () => (await schedule.describe()).info.recentActions.at(-1)?.action.workflow.workflowId;
  await expect.poll(fired, { timeout: 20_000 }).toBeDefined();
  const end = (await temporal.workflow.getHandle((await fired()) ?? '').result()) as RetentionEnd;
  expect(end).toMatchObject({ removed: 1, sentence: expect.stringContaining('older than P180D') });
  expect(await days()).toEqual(['2013-08-30']);
  await town.setTime('2013-09-01T12:00:00Z');
  await schedule.trigger();
  await expect.poll(async () => (await schedule.describe()).info.recentActions.length, { timeout: 20_000 }).toBe(2);
  const again = (await temporal.workflow.getHandle((await fired()) ?? '').result()) as RetentionEnd;
  expect(again).toMatchObject({ removed: 0, sentence: expect.stringContaining('Nothing of') });
});

test('a subject is erased and read back; the ledger notes it, and neither history nor store names it afterwards', async () => {
  const asked = { subject: SUBJECT, reason: 'ticket 4711', by: 'kim' };
  const { subject, reason, by } = asked;
  const argv = ['monitor', 'erase', town.model, '--subject', subject, '--reason', reason, '--by', by, '--json'];
  const said = await hone(town.dir, argv);
  expect(said).toMatchObject({ code: 0, err: '' });
  const { erasure: id, model: _, ...end } = JSON.parse(said.out);
  expect(end).toEqual({
    rows: { log: 1, labels: 1, business: 0, quarantined: 0 },
    snapshots: [],
    sentence: expect.stringMatching(
      /^Erased 1 predictions, 1 labels, 0 business figures and 0 rows that were set aside of the subject/,
    ),
  });
  const entry = await town.ledger.head();
  expect(entry).toMatchObject({ actor: 'kim', why: 'ticket 4711', change: { kind: 'subject_erased', rows: 2 } });
  const temporal = await town.client.temporal();
  const history = await temporal.workflow.getHandle(`erasure/${town.model}/${id}`).fetchHistory();
  const payloads = (history.events ?? []).flatMap((event) => JSON.stringify(event));
  const told = [JSON.stringify(entry), ...payloads, ...(await documents())].join('\n');
  expect(told).not.toContain(SUBJECT);
  expect(told).not.toContain(Buffer.from(SUBJECT).toString('base64').slice(0, 12));
  expect((await town.ledger.verify()).ok).toBe(true);
});

test('the same erasure tried again after a lost answer is one erasure; a reason that names the subject is refused', async () => {
  const before = (await town.ledger.head())?.seq;
  const { id, end } = await erase(town, town.model, { subject: 'b', reason: 'ticket 4712', by: 'kim' });
  const first = await end;
  const temporal = await town.client.temporal();
  const again = await temporal.workflow.execute('erasure', {
    workflowId: `erasure/${town.model}/${id}/again`,
    taskQueue: town.client.taskQueue,
    args: [{ model: town.model, request: id }],
  });
  expect(again).toEqual(first);
  expect((await town.ledger.head())?.seq).toBe((before ?? 0) + 1);
  expect(await days()).toEqual([]);
  await expect(erase(town, town.model, { subject: 'N9', reason: 'for n9', by: 'kim' })).rejects.toThrow(
    'its reason names the subject',
  );
});

/** Every JSON document of the model. */
async function documents(): Promise<string[]> {
  const found: string[] = [];
  for await (const key of town.store.list(`models/${town.model}/`)) {
    if (key.endsWith('.json')) found.push(Buffer.from(await town.store.get(key)).toString('utf8'));
  }
  return found;
}
