import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { listBatches, readBatch } from '../../src/batch/read-batches.ts';
import { startBatch } from '../../src/client/batches.ts';
import { applySchedules, scheduleIds } from '../../src/client/schedules.ts';
import { rowsOf, withDuckDb } from '../../src/data/engine.ts';
import { parquetOf } from '../../src/data/sql-text.ts';
import { readLog } from '../../src/monitoring/log/prediction-log.ts';
import { model } from '../serving/served.ts';
import { type BatchTown, batchTown, NIGHT } from './batch-town.ts';

let town: BatchTown;
beforeAll(async () => {
  town = await batchTown(inject('temporalAddress'));
});
afterAll(() => town.close());

test('without a champion nothing is scored, and the failure says what to do', async () => {
  const { end } = await startBatch(town.client, model, '2013-04-09T00:00:00.000Z');
  const failure = await end.catch(
    (error: { cause?: { cause?: { message?: string; type?: string } } }) => error.cause?.cause,
  );
  expect(failure).toMatchObject({ type: 'HONE_NOTHING_TO_SCORE_WITH' });
  expect(await listBatches(town.served.store, model)).toEqual([]);
});

test('asked for twice at once, one batch of the champion is scored, published and pointed to', async () => {
  await town.served.promote(1);
  const [one, other] = await Promise.all([
    startBatch(town.client, model, NIGHT),
    startBatch(town.client, model, NIGHT),
  ]);
  const end = await one.end;
  expect(await other.end).toEqual(end);
  expect(end).toMatchObject({
    version: 1,
    rows: 400,
    sentence: `Version 1 of flights-delay scored 400 rows of 2 days, 2013-04-10 to 2013-04-11: batch ${end.batch}.`,
  });
  expect(await readBatch(town.served.store, model, null)).toMatchObject({ batch: end.batch, as_of: NIGHT });
  const again = await startBatch(town.client, model, NIGHT);
  expect((await again.end).batch, 'the same night, asked for later').toBe(end.batch);
  expect(await loggedRows(), 'once, whoever asked').toEqual([{ node: `batch-${end.batch}`, rows: 400 }]);
});

test('the schedule of the model file scores with the version that is champion then', async () => {
  await town.served.promote(2);
  expect(await applySchedules(town.client, [town.config], true)).toContainEqual({
    schedule: scheduleIds(model).batch,
    change: 'created',
  });
  await applySchedules(town.client, [town.config]);
  const temporal = await town.client.temporal();
  await temporal.schedule.getHandle(scheduleIds(model).batch).trigger();
  await expect
    .poll(async () => (await readBatch(town.served.store, model, null)).version, { timeout: 60_000, interval: 100 })
    .toBe(2);
  expect((await listBatches(town.served.store, model)).map(({ version }) => version).sort()).toEqual([1, 2]);
  await applySchedules(town.client, []);
});

/** What monitoring reads, by who wrote it. */
async function loggedRows(): Promise<Record<string, unknown>[]> {
  const { store, dir } = town.served;
  const paths = await readLog(store, model, { cacheDir: join(dir, 'read') });
  return await withDuckDb({ tempDir: dir }, (db) =>
    rowsOf(db, `SELECT node, count(*)::INT AS rows FROM ${parquetOf(paths)} GROUP BY node`),
  );
}
