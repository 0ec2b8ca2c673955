/** A subject is taken out of rows that were set aside; snapshots that hold it are named. */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { snapshotsHolding } from '../../../src/data/subject-snapshots.ts';
import { eraseQuarantined } from '../../../src/data/validation/quarantine/erase.ts';
import {
  listQuarantined,
  quarantineRecord,
  readReadmission,
  recordQuarantine,
  recordReadmission,
} from '../../../src/data/validation/quarantine/record.ts';
import { validate } from '../../../src/data/validation/validate.ts';
import { fetchBlob } from '../../../src/store/content.ts';
import { FilesystemStore } from '../../../src/store/filesystem-store.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { flightsConfig, january, query, surroundings, writeParquet } from '../surroundings.ts';

const asOf = '2013-01-04T00:00:00.000Z';
const MODEL = 'flights-delay';
const note = `models/${MODEL}/note.json`;

let made: Awaited<ReturnType<typeof make>>;
beforeAll(async () => {
  made = await make();
});
afterAll(() => rm(made.dir, { recursive: true, force: true }));

/** Flights 101 to 103 leave after midnight; two runs have set them aside, the second one those of 104 as well. */
async function make() {
  const dir = await mkdtemp(join(tmpdir(), 'hone-set-aside-'));
  const around = {
    store: new FilesystemStore(join(dir, 'store')),
    cacheDir: join(dir, 'cache'),
    workDir: join(dir, 'work'),
  };
  const config = await flightsConfig((changed) => {
    changed.data.volume = { min_rows: 0, against_recent_past: 0 };
  });
  const run = async (n: number, last: number) => {
    const late = `CASE WHEN flight_id BETWEEN 101 AND ${last} THEN 1500 ELSE sched_dep_minute END::INTEGER AS sched_dep_minute`;
    const sql = `SELECT * REPLACE (${late}) FROM '${january}' WHERE event_ts < '2013-01-02 05:00'`;
    config.data.source = { type: 'parquet', path: await writeParquet(dir, `delivery-${n}.parquet`, sql) };
    const { ref } = await ingest({ ...around, config, asOf });
    const { aside, verdict, rows } = await validate({ ...around, config, raw: ref.digest, asOf });
    if (aside === undefined) throw new Error('nothing was set aside');
    const digests = { raw: ref.digest, config: 'c'.repeat(64) };
    const record = { run: `${MODEL}-00000${n}`, as_of: asOf, ...digests, verdict, rows, aside };
    await recordQuarantine(around.store, MODEL, record);
    return { raw: ref.digest, aside };
  };
  return { dir, config, first: await run(1, 103), second: await run(2, 104) };
}

/** A copy of that store for one test. */
async function setAside() {
  const around = await surroundings();
  for (const folder of ['store', 'cache'])
    await cp(join(made.dir, folder), join(around.dir, folder), { recursive: true });
  const { config, first, second } = made;
  const erase = (subject: string, inForce: string[] = [], store: ObjectStore = around.store) =>
    eraseQuarantined({ ...around, store, config, subject, inForce, note });
  return { around, config, first, second, erase };
}

/** Rows of a flight in any blob of the store that holds rows that were set aside, and in this machine's copies. */
async function copiesOf({ dir }: { dir: string }, flight: number): Promise<number> {
  let rows = 0;
  for (const folder of [join(dir, 'store', 'blobs'), join(dir, 'cache')]) {
    for (const name of await readdir(folder, { recursive: true })) {
      if (!/[0-9a-f]{64}$/.test(name)) continue;
      const from = `FROM read_parquet('${join(folder, name)}')`;
      const columns = (await query(dir, `DESCRIBE SELECT * ${from}`)).map((row) => row['column_name']);
      if (!columns.includes('hone:reasons')) continue;
      const [found] = await query(dir, `SELECT count(*)::INT AS n ${from} WHERE flight_id = ${flight}`);
      rows += Number(found?.['n']);
    }
  }
  return rows;
}

test('a subject leaves the rows of every run that set it aside, counts and files with them; snapshots that hold it are named', async () => {
  const { around, config, erase, first, second } = await setAside();
  const holding = async (subject: string) =>
    (await snapshotsHolding({ ...around, config, subject })).map(({ digest }) => digest).sort();
  const [{ tail_number: plane } = {}] = await query(
    around.dir,
    `SELECT tail_number FROM '${january}' WHERE flight_id = 102`,
  );
  expect(await holding('nobody')).toEqual([]);
  expect(await holding(String(plane))).toEqual(expect.arrayContaining([first.raw, second.raw]));

  expect(await copiesOf(around, 102)).toBeGreaterThan(0);
  expect(await erase('102')).toEqual({ rows: 2, vouches: [] });
  const records = await listQuarantined(around.store, MODEL);
  expect(records.map(({ aside }) => aside.file.rows)).toEqual([2, 3]);
  expect(records.map(({ aside }) => aside.reasons.reduce((sum, { count }) => sum + count, 0))).toEqual([2, 3]);
  expect(records.map(({ raw }) => raw)).toEqual([first.raw, second.raw]);
  for (const record of records) {
    expect(quarantineRecord.parse(record)).toEqual(record);
    await fetchBlob(around.store, record.aside.file.sha256, around.cacheDir);
  }
  expect(await copiesOf(around, 102)).toBe(0);
  expect(await copiesOf(around, 101)).toBeGreaterThan(0);
  expect(await around.store.find(note)).toBeUndefined();
  expect(await erase('102')).toEqual({ rows: 0, vouches: [] });

  expect(await holding('102')).toEqual([first.raw, second.raw].sort());

  for (const flight of ['101', '103']) await erase(flight);
  expect((await listQuarantined(around.store, MODEL)).map(({ run }) => run)).toEqual([`${MODEL}-000002`]);
});

test('an erasure that was stopped leaves no file behind when it is tried again', async () => {
  const { around, erase } = await setAside();
  for (const allowed of [0, 1]) {
    let left = allowed;
    const stopped = new Proxy(around.store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (name !== 'remove') return typeof value === 'function' ? value.bind(target) : value;
        return async (key: string) => {
          if (left-- <= 0) throw new Error('killed');
          await target.remove(key);
        };
      },
    });
    await expect(erase('103', [], stopped)).rejects.toThrow('killed');
  }
  expect(await copiesOf(around, 103)).toBeGreaterThan(0);
  await erase('103');
  expect(await copiesOf(around, 103)).toBe(0);
  expect((await listQuarantined(around.store, MODEL)).map(({ aside }) => aside.file.rows)).toEqual([2, 3]);
});

test('a readmission goes with its rows, unless somebody vouches for them now: then it stays and is named', async () => {
  const { around, erase, first, second } = await setAside();
  const entry = (how: 'vouched' | 'rule_changed', { aside }: typeof first) =>
    recordReadmission(around.store, MODEL, { run: `${MODEL}-000001`, how, config: 'c'.repeat(64), rows: aside });
  const [vouched, changed] = [await entry('vouched', first), await entry('rule_changed', second)];
  expect(await erase('101', [vouched])).toEqual({ rows: 2, vouches: [vouched] });
  const stays = await readReadmission(around.store, MODEL, vouched);
  await fetchBlob(around.store, stays.rows.file.sha256, around.cacheDir);
  await expect(readReadmission(around.store, MODEL, changed)).rejects.toMatchObject({ code: 'HONE_OBJECT_MISSING' });
  await erase('101'); // withdrawn meanwhile
  expect(await copiesOf(around, 101)).toBe(0);
});
