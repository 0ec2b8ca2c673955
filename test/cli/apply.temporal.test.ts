/** The configuration becomes current once, shows its difference, and takes nothing away that is served. No worker runs. */
import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { rollBackForPerson } from '../../src/client/rollbacks.ts';
import { promote, registerVersion } from '../../src/registry/changes.ts';
import { smallTown, type Town } from '../town.ts';
import { hone, type Said } from './story.ts';

let town: Town;
const cli = (...argv: string[]): Promise<Said> => hone(town.dir, argv);
const json = (said: Said) => JSON.parse(said.out);
const file = () => join(town.dir, 'config', 'models', `${town.model}.yaml`);

type File = Record<string, Record<string, unknown>>;

async function edit(change: (model: File) => void): Promise<() => Promise<void>> {
  const before = await readFile(file(), 'utf8');
  const model = parse(before) as File;
  change(model);
  await writeFile(file(), stringify(model));
  return () => writeFile(file(), before);
}

async function scheduleIds(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { scheduleId } of (await town.client.temporal()).schedule.list())
    if (scheduleId.includes(town.model) || scheduleId.endsWith(town.client.taskQueue)) ids.push(scheduleId);
  return ids.sort();
}

beforeAll(async () => {
  town = await smallTown({ worker: false, serving: false });
});
afterAll(async () => {
  const temporal = await town.client.temporal();
  for (const id of await scheduleIds()) await temporal.schedule.getHandle(id).delete();
  await town.close();
});

test('a dry run shows what would be created and changes nothing', async () => {
  const dry = await cli('config', 'apply', '--dry-run', '--json');
  expect(dry).toMatchObject({ code: 0, err: '' });
  expect(json(dry)).toMatchObject({
    dry_run: true,
    models: [{ model: town.model, change: 'unchanged' }],
    schedules: [
      { schedule: `schedule/${town.model}/retraining`, change: 'created' },
      { schedule: `schedule/${town.model}/monitoring`, change: 'created' },
      { schedule: `schedule/${town.model}/retention`, change: 'created' },
      { schedule: `schedule/reconcile/${town.client.taskQueue}`, change: 'created' },
    ],
    search_attributes: [],
  });
  expect(await scheduleIds()).toEqual([]);
});

test('applied twice, the second time changes nothing', async () => {
  expect((await cli('config', 'apply')).code).toBe(0);
  await expect.poll(scheduleIds).toHaveLength(4);
  await expect
    .poll(async () => (await cli('config', 'apply')).out)
    .toContain('Nothing has changed: 1 model is current.');
  expect((await town.ledger.head())?.seq).toBe(1);
});

test('a changed value is shown with what it was, applied with the paths as its reason, and can be taken back', async () => {
  const takeBack = await edit((model) => {
    (model['gate'] as Record<string, unknown>)['floors'] = { roc_auc: 0.65 };
    (model['triggers']?.['schedule'] as Record<string, unknown>)['cron'] = '0 5 * * TUE';
  });
  const dry = await cli('config', 'apply', '--dry-run');
  expect(dry.out).toMatch(/gate\.floors\.roc_auc +0\.5 +0\.65/);
  expect(dry.out).toMatch(/schedule\/\S+retraining +updated/);
  expect((await town.ledger.head())?.seq).toBe(1);

  expect((await cli('config', 'apply', '--by', 'dana')).code).toBe(0);
  const entry = await town.ledger.head();
  expect(entry).toMatchObject({ seq: 2, actor: 'dana', change: { kind: 'config_applied' } });
  expect(entry?.why).toBe('changed: gate.floors.roc_auc, triggers.schedule.cron');

  await takeBack();
  expect((await cli('config', 'apply')).code).toBe(0);
  expect((await town.ledger.head())?.seq).toBe(3);
  expect((await town.ledger.state()).config).toBe((await town.ledger.read(1)).state.config);
});

test('a run cannot start without a worker: 69 at once, and what to do', async () => {
  const failed = await cli('run', 'start', town.model, '--json');
  expect(failed.code).toBe(69);
  expect(json(failed).error).toMatchObject({ code: 'HONE_WORKER_MISSING', retryable: true });
  expect(failed.err).toContain('hone up');
});

test('a change that takes away what the served version needs is refused with 3, and nothing is applied', async () => {
  const as_of = '2013-01-25T00:00:00.000Z';
  const write = (effectId: string, step: Parameters<Town['ledger']['append']>[0]['step']) =>
    town.ledger.append({ effectId, as_of, actor: 'test', trust: 'system', why: 'a test', step });
  for (const version of [1, 2]) {
    await write(`v${version}`, registerVersion({ version, run: null, manifest: 'a'.repeat(64) }));
    const as = version === 1 ? 'first' : 'better';
    await write(`p${version}`, promote({ version, effectId: `p${version}`, as, as_of, labels: null }));
  }
  const { seq } = (await town.ledger.head()) ?? {};
  const takeBack = await edit((model) => {
    (model['data'] as Record<string, unknown>)['id'] = 'tail_number';
  });
  const refused = await cli('config', 'apply', '--json');
  expect(refused.code).toBe(3);
  expect(json(refused).error.message).toContain(
    `${town.model}: data.id would change from "flight_id" to "tail_number", while version 2 is served`,
  );
  expect((await town.ledger.head())?.seq).toBe(seq);
  await takeBack();
});

test('a rollback to a version that cannot be loaded is refused with 3 before anything moves', async () => {
  const { seq } = (await town.ledger.head()) ?? {};
  const refused = await cli('rollback', town.model, '--reason', 'complaints', '--by', 'dana', '--json');
  expect(refused.code).toBe(3);
  expect(json(refused).error.code).toBe('HONE_VERSION_NOT_LOADABLE');
  expect((await town.ledger.head())?.seq).toBe(seq);
});

test('a rollback that no worker takes up is written by whoever asked for it, once', async () => {
  const asOf = async () => '2013-01-25T00:00:00.000Z';
  const { client, store, model } = town;
  const order = { to: 1, reason: 'complaints', by: 'dana' };
  const back = await rollBackForPerson({ client, store, model, id: randomUUID(), asOf }, order);
  expect(back).toMatchObject({ from: 2, to: 1, by: 'ledger', seconds: null });
  expect((await town.ledger.state()).routing.arms).toEqual([{ version: 1, share: 100, lease: null }]);
  expect((await town.ledger.verify()).ok).toBe(true);
});

test('a model whose file was removed is paused, its schedules go, and what it serves stays', async () => {
  await rm(file());
  const applied = await cli('config', 'apply');
  expect(applied.out).toMatch(new RegExp(`${town.model} +paused`));
  await expect.poll(scheduleIds).toEqual([]);
  const state = await town.ledger.state();
  expect(state).toMatchObject({ paused: true, aliases: { champion: { version: 1 } } });
});
