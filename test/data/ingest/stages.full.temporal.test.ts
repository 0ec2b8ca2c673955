/** The stages ingest and validate in a real worker: what they leave for the next run and for people. */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runStory } from '../../../src/client/run-story.ts';
import { newestAccepted } from '../../../src/data/accepted.ts';
import { keptChanges } from '../../../src/data/ingest/kept-changes.ts';
import { smallTown, type Town } from '../../town.ts';
import { january, writeParquet } from '../surroundings.ts';

let town: Town;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-delivered-'));
  await mkdir(join(folder, 'events'));
  await copyFile(january, join(folder, 'events', '2013-01.parquet'));
  town = await smallTown({
    asOf: '2013-02-01T00:00:00.000Z',
    edit: (file) => {
      Object.assign(file['data'] as object, { source: { type: 'parquet', path: join(folder, 'events') } });
    },
  });
});
afterAll(async () => {
  await town.close();
  await rm(folder, { recursive: true, force: true });
});

test('a run records its accepted data once, the next one is compared with it, and its story tells the difference', async () => {
  const { store, model } = town;
  const first = (await town.trigger({})).run as string;
  await town.runUntil(first, 'an approval is waited for', (status) => status.waitingFor !== null);
  const accepted = await newestAccepted(store, model, '2013-02-01T00:00:00.000Z');
  expect(accepted).toMatchObject({ run: first, as_of: '2013-02-01T00:00:00.000Z' });
  expect((await keptChanges(store, model, first))?.since).toBeNull();
  expect((await runStory(town.client, store, first)).changes.at(-1)).toMatch(
    /^First data: 2[0-9],[0-9]{3} rows, January 2013\.$/,
  );
  await town.approve(first);
  await town.end(first);
  await town.setTime('2013-02-02T00:00:00.000Z');

  await writeParquet(
    join(folder, 'events'),
    '2013-01.parquet',
    `SELECT * REPLACE (distance_miles + 1 AS distance_miles) FROM '${january}'`,
  );
  const second = (await town.trigger({ reason: 'January was corrected' })).run as string;
  await town.runUntil(second, 'the data is checked', ({ stages }) => stages.length > 2);
  expect(await keptChanges(store, model, second)).toMatchObject({ since: { run: first, raw: accepted?.raw } });
  const { changes } = await runStory(town.client, store, second);
  expect(changes[0]).toMatch(/^January 2013 was corrected: 2[0-9],[0-9]{3} rows that were there before/);
  expect(await newestAccepted(store, model, '2013-02-02T00:00:00.000Z')).toMatchObject({ run: second });
});
