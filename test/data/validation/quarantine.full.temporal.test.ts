/** A delivery that is refused, or of which rows are set aside, moves nothing that production stands on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newestAccepted } from '../../../src/data/accepted.ts';
import { findQuarantined } from '../../../src/data/validation/quarantine/record.ts';
import { hone } from '../../cli/story.ts';
import { smallTown, type Town } from '../../town.ts';
import { january, writeParquet } from '../surroundings.ts';

const asOf = '2013-01-25T00:00:00.000Z';
let source: string;
let town: Town;
beforeAll(async () => {
  source = await mkdtemp(join(tmpdir(), 'hone-delivery-'));
  await writeParquet(source, '2013-01.parquet', `SELECT * FROM '${january}'`);
  town = await smallTown({
    asOf,
    edit: (file) => {
      Object.assign(file['data'] as object, { source: { type: 'parquet', path: join(source, '*.parquet') } });
      Object.assign(file['training'] as object, { refit: 'none' });
    },
  });
});
afterAll(async () => {
  await town?.close();
  await rm(source, { recursive: true, force: true });
});

/** What production stands on: who answers, what drift is held against, which data was accepted last. */
async function standing() {
  const { aliases, routing, monitoring, anchor } = await town.ledger.state();
  return {
    aliases,
    routing,
    monitoring,
    anchor,
    accepted: await newestAccepted(town.store, town.model, '2014-01-01T00:00:00.000Z'),
  };
}

test('a refused delivery changes neither the live model, nor the newest-data mark, nor the drift reference', async () => {
  const first = (await town.trigger({})).run as string;
  await town.approve(first);
  expect(await town.end(first)).toMatchObject({ outcome: 'promoted', version: 1 });
  const before = await standing();
  expect(before).toMatchObject({
    aliases: { champion: { version: 1 } },
    monitoring: { reference: 1 },
    accepted: { run: first, as_of: asOf },
  });

  await town.setTime('2013-01-26T00:00:00Z');
  await writeParquet(source, '2013-01.parquet', `SELECT * REPLACE (NULL::INTEGER AS distance_miles) FROM '${january}'`);
  const second = (await town.trigger({ eventId: 'damaged' })).run as string;
  expect(await town.end(second)).toMatchObject({ outcome: 'refused_by_validation', version: null });
  expect(await standing()).toEqual(before);
  expect(await findQuarantined(town.store, town.model, second)).toBeNull();
});

test('rows set aside are recorded, and until a person approves nothing of production moves', async () => {
  const before = await standing();
  await town.setTime('2013-01-27T00:00:00Z');
  await writeParquet(
    source,
    '2013-01.parquet',
    `SELECT * REPLACE (CASE WHEN flight_id < 13 THEN 9999 ELSE sched_dep_minute END::INTEGER AS sched_dep_minute) FROM '${january}'`,
  );
  const third = (await town.trigger({ eventId: 'some-bad-rows' })).run as string;
  await town.runUntil(
    third,
    'the rows were checked',
    ({ stage }) => !['ingest', 'validate'].includes(stage ?? 'ingest'),
  );
  const { accepted, ...production } = await standing();
  const { accepted: old, ...same } = before;
  expect(production).toEqual(same);
  const record = await findQuarantined(town.store, town.model, third);
  expect(record).toMatchObject({ verdict: 'accept', aside: { file: { rows: 12 } } });
  // the mark names the rows without those that were set aside
  expect(accepted).toMatchObject({ run: third, raw: record?.raw, rows: (record?.rows ?? 0) - 12 });
  expect(accepted?.accepted).not.toBe(accepted?.raw);
  expect(old?.run).not.toBe(third);
});

test('the next run takes back the rows that a person vouched for', async () => {
  const third = `${town.model}-000003`;
  const argv = ['data', 'quarantine', 'readmit', town.model, '--run', third, '--rule', 'between', '--vouch'];
  const said = await hone(town.dir, [...argv, '--id', '1', '--id', '2', '--reason', 'seen on paper', '--by', 'ana']);
  expect(said).toMatchObject({ code: 0, err: '' });
  await (await town.client.temporal()).workflow.getHandle(third).cancel(); // too little data to decide: it would wait for labels
  await expect(town.end(third)).rejects.toThrow('cancelled');

  await town.setTime('2013-01-28T00:00:00Z');
  const fourth = (await town.trigger({ eventId: 'the-same-rows' })).run as string;
  await town.runUntil(
    fourth,
    'the rows were checked',
    ({ stage }) => !['ingest', 'validate'].includes(stage ?? 'ingest'),
  );
  expect(await findQuarantined(town.store, town.model, fourth)).toMatchObject({ aside: { file: { rows: 10 } } });
});
