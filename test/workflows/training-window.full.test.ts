/** A run that trains since a break which its own event named, on rows that fade: what it leaves, and that it can be repeated. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runStory } from '../../src/client/run-story.ts';
import { readSnapshot } from '../../src/data/snapshots.ts';
import { packetOfRun } from '../../src/gate/read-packet.ts';
import { readVersion } from '../../src/registry/versions.ts';
import { reproduce } from '../../src/training/reproduce.ts';
import { smallTown, type Town } from '../town.ts';

let town: Town;
beforeAll(async () => {
  town = await smallTown({
    serving: false,
    asOf: '2013-02-15T00:00:00Z',
    edit: (file) => {
      const window = {
        type: 'since_break',
        min_rows: 20_000,
        fallback: { type: 'all_history' },
        decay: { half_life: 'P30D' },
      };
      Object.assign(file['training'] as object, { window });
    },
  });
});
afterAll(() => town.close());

test('a break that an event named is confirmed, trained after, told and kept; the same rows train the same model', async () => {
  const { store, model, client, ledger } = town;
  const since = '2013-01-04T12:00:00.000Z';
  const asked = { kind: 'event', reason: 'new rules on board', by: 'authority', demand: { since } } as const;
  const run = (await town.trigger(asked)).run as string;
  const { packet } = await town.runUntil(run, 'a packet waits', (status) => status.waitingFor !== null);
  expect(packet).not.toBeNull();

  const confirmed = { at: since, source: 'event', by: 'event by authority', reason: 'new rules on board' };
  expect((await ledger.state()).breaks).toEqual([confirmed]);
  const judged = await readVersion(store, model, 1);
  const trained = await readSnapshot(store, judged.data?.features ?? '', 'features');
  expect(judged.geometry?.train.from).toBe('2013-01-05T00:00:00.000Z');
  expect(trained.training_window).toMatchObject({
    used: 'since_break',
    break: confirmed,
    rows: trained.parts[0]?.file.rows,
  });
  expect(trained.decay).toEqual({ half_life: 'P30D', newest: judged.geometry?.train.to });
  const served = await readVersion(store, model, 2);
  const refitted = await readSnapshot(store, served.data?.features ?? '', 'features');
  expect(refitted.training_window).toEqual(trained.training_window);
  expect(refitted.decay?.newest).toBe(served.fit_end);

  const sentence = trained.training_window?.sentence ?? expect.fail();
  expect((await packetOfRun(store, model, run))?.data.findings.slice(0, 2)).toEqual([
    sentence,
    'Training rows count half as much for every P30D of age; judged rows count alike.',
  ]);
  expect((await runStory(client, store, run)).changes).toContain(sentence);

  await (await client.temporal()).workflow
    .getHandle(run)
    .signal('reject', { packet: packet?.slice(0, 8), by: 'ana', comment: 'a test' });
  await town.end(run);
  const record = JSON.parse(Buffer.from(await store.get(`models/${model}/runs/${run}/record.json`)).toString());
  expect(record.training_window).toEqual(trained.training_window);

  const folders = { cacheDir: join(town.dir, 'cache'), workDir: join(town.dir, 'again'), base: town.dir };
  expect(await reproduce(model, 2, { store, ...folders })).toMatchObject({ equal: true, identical: true });
});
