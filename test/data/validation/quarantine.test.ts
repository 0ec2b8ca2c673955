/** Rows set aside are kept, seen under the privacy policy, taken back after a rule change, or vouched for by a person. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadWorkspace } from '../../../src/config/load.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { findQuarantined, recordQuarantine } from '../../../src/data/validation/quarantine/record.ts';
import { validate } from '../../../src/data/validation/validate.ts';
import { openLedger } from '../../../src/registry/ledger.ts';
import { setLogicalClock } from '../../../src/store/clock.ts';
import { workspace } from '../../cli/story.ts';
import { january, query, surroundings, writeParquet } from '../surroundings.ts';

const MODEL = 'flights-delay';
const RUN = `${MODEL}-000001`;
const asOf = '2013-01-04T00:00:00.000Z';

/** The first day of January in which 12 flights leave after midnight of the next day: 9 at minute 1,500, 3 at 9,999. */
const broken = `SELECT * REPLACE (CASE WHEN flight_id BETWEEN 101 AND 109 THEN 1500 WHEN flight_id BETWEEN 201 AND 203 THEN 9999
  ELSE sched_dep_minute END::INTEGER AS sched_dep_minute) FROM '${january}' WHERE event_ts < '2013-01-02 05:00'`;

async function place() {
  const { dir, store, hone } = await workspace();
  const around = await surroundings();
  const file = join(dir, 'config', 'models', `${MODEL}.yaml`);
  const edit = async (change: (model: ReturnType<typeof parse>) => void) => {
    const model = parse(await readFile(file, 'utf8'));
    change(model);
    await writeFile(file, stringify(model));
  };
  const config = async () => {
    const found = (await loadWorkspace(dir)).models.get(MODEL)?.config;
    if (!found) throw new Error('no model');
    return found;
  };
  const hone2 = parse(await readFile(join(dir, 'config', 'hone.yaml'), 'utf8'));
  await writeFile(join(dir, 'config', 'hone.yaml'), stringify({ ...hone2, clock: 'logical' }));
  await setLogicalClock(store, asOf);
  const deliver = async (sql: string) => {
    const path = await writeParquet(dir, 'delivery.parquet', sql);
    await edit((model) => {
      model.data.source = { type: 'parquet', path };
      model.data.volume = { min_rows: 0, against_recent_past: 0 };
    });
    const { ref } = await ingest({ ...around, store, config: await config(), asOf });
    return ref.digest;
  };
  const check = async (raw: string) => {
    const { vouched = [] } = await openLedger(store, MODEL).state();
    return await validate({ ...around, store, config: await config(), raw, asOf, vouched });
  };
  /** As the stage does it. */
  const run = async (raw: string) => {
    const report = await check(raw);
    if (!report.aside) throw new Error('nothing was set aside');
    const { verdict, rows, aside } = report;
    await recordQuarantine(store, MODEL, { run: RUN, as_of: asOf, raw, config: 'c'.repeat(64), verdict, rows, aside });
    return report;
  };
  const told = async (said: Awaited<ReturnType<typeof hone>>) => {
    return { ...said, json: said.out.startsWith('{') ? JSON.parse(said.out) : null };
  };
  const list = async (...argv: string[]) => told(await hone('data', 'quarantine', 'list', ...argv));
  const show = async (...argv: string[]) => told(await hone('data', 'quarantine', 'show', ...argv));
  const readmit = async (...argv: string[]) => told(await hone('data', 'quarantine', 'readmit', ...argv));
  const withdraw = async (...argv: string[]) => told(await hone('data', 'quarantine', 'withdraw', ...argv));
  return {
    dir,
    store,
    edit,
    config,
    deliver,
    check,
    run,
    list,
    show,
    readmit,
    withdraw,
    head: () => openLedger(store, MODEL).head(),
  };
}

test('rows set aside are kept with every column and the rule as it was, and a retry records the same', async () => {
  const town = await place();
  const raw = await town.deliver(broken);
  const report = await town.run(raw);
  expect(report).toMatchObject({ verdict: 'accept', quarantined: 12 });
  expect((await town.run(raw)).aside).toEqual(report.aside);
  const record = await findQuarantined(town.store, MODEL, null);
  expect(record?.aside.reasons.filter(({ count }) => count > 0)).toEqual([
    { rule: 'between', column: 'sched_dep_minute', limit: '0 to 1439', count: 12 },
  ]);
  expect(await findQuarantined(town.store, MODEL, `${MODEL}-000002`)).toBeNull();
  const sha = record?.aside.file.sha256 ?? '';
  const rows = await query(
    town.dir,
    `SELECT flight_id, tail_number FROM read_parquet('${join(town.dir, '.hone', 'store', 'blobs', sha.slice(0, 2), sha)}')`,
  );
  expect(rows.map(({ flight_id }) => Number(flight_id))).toEqual([
    101, 102, 103, 104, 105, 106, 107, 108, 109, 201, 202, 203,
  ]);
});

test('the rows can be looked at with their reasons; what the log policy does not keep is left out unless asked for', async () => {
  const town = await place();
  await town.run(await town.deliver(broken));
  const list = await town.list(MODEL);
  expect(list.out).toMatch(
    /^flights-delay-000001, data as of .* UTC, accepted: 12 of 842 rows set aside\n {2}12 under between sched_dep_minute \(limit: 0 to 1439\)$/m,
  );

  const shown = await town.show(MODEL, '--limit', '2', '--json');
  expect(shown.json).toMatchObject({
    run: RUN,
    total: 12,
    rows: [{ reasons: ['between sched_dep_minute'], values: { flight_id: '101', origin: expect.any(String) } }, {}],
  });
  expect(shown.json.hidden).toEqual(expect.arrayContaining(['tail_number', 'arr_delay_min']));
  expect(shown.out).not.toMatch(/"tail_number": "/);
  const clear = await town.show(MODEL, '--run', RUN, '--rule', 'between', '--clear', '--json');
  expect(clear.json).toMatchObject({ hidden: [], total: 12 });
  expect(clear.json.rows[11].values).toMatchObject({
    flight_id: '203',
    sched_dep_minute: '9999',
    tail_number: expect.any(String),
  });
  expect((await town.show(MODEL)).out).toContain('--clear shows them');
  expect((await town.show(MODEL, '--rule', 'nothing')).out).toContain('There are "between sched_dep_minute"');
  expect((await town.show(MODEL, '--run', `${MODEL}-000009`)).code).toBe(2);
  expect((await town.show(MODEL, '--limit', '0')).code).toBe(2);
});

test('after a rule change the rows that hold it are re-admitted once, with a ledger entry, and the others are named', async () => {
  const town = await place();
  const raw = await town.deliver(broken);
  await town.run(raw);
  const readmit = (...more: string[]) =>
    town.readmit(MODEL, '--run', RUN, '--reason', 'night flights', '--by', 'ana', '--json', ...more);
  const none = await readmit();
  expect(none).toMatchObject({ code: 3, json: { error: { code: 'HONE_READMISSION_REFUSED' } } });
  expect(none.err).toContain('between sched_dep_minute (12 rows)');
  expect(await town.head()).toBeNull();

  await town.edit((model) => {
    model.data.rules[0].between = [0, 2000];
  });
  const some = await readmit();
  expect(some.json).toMatchObject({ rows: 9, already: false, ledger_seq: 1, held: [{ rule: 'between', count: 3 }] });
  expect(await town.head()).toMatchObject({
    actor: 'ana',
    why: 'night flights',
    change: { kind: 'rows_readmitted', run: RUN, how: 'rule_changed', rows: 9, readmission: some.json.readmission },
  });
  expect((await readmit()).json).toMatchObject({ rows: 9, already: true, ledger_seq: 1 });
  expect((await town.check(raw)).quarantined).toBe(3); // they are in the source, so the next run takes them in
});

test('a person vouches for rows: they stay in while rule and row are the same, and until the vouch is withdrawn', async () => {
  const town = await place();
  const raw = await town.deliver(broken);
  await town.run(raw);
  const vouch = (...more: string[]) =>
    town.readmit(MODEL, '--run', RUN, '--vouch', '--reason', 'seen on paper', '--json', ...more);
  for (const wrong of [['--id', '101', '--all'], [], ['--rule', 'between', '--id', '999'], ['--rule', 'in', '--all']]) {
    expect([2, 3]).toContain((await vouch(...wrong)).code);
  }
  expect(await town.head()).toBeNull();

  const given = await vouch('--rule', 'between', '--id', '101', '--id', '203');
  expect(given.json).toMatchObject({ how: 'vouched', rows: 2, already: false });
  expect((await vouch('--rule', 'between', '--id', '101', '--id', '203')).json).toMatchObject({ already: true });
  expect((await town.head())?.state.vouched).toEqual([given.json.readmission]);
  const report = await town.check(raw);
  expect(report).toMatchObject({ quarantined: 10, vouched: 2 });
  expect(report.sentence).toContain('10 set aside, 2 kept because a person vouched for them');

  const changed = await town.deliver(
    `SELECT * REPLACE (CASE WHEN flight_id = 203 THEN 'XX' ELSE carrier END AS carrier) FROM (${broken})`,
  );
  expect(await town.check(changed)).toMatchObject({ quarantined: 11, vouched: 1 }); // another row under the same id
  const labelled = await town.deliver(
    `SELECT * REPLACE (coalesce(arrived_late, 1)::INTEGER AS arrived_late) FROM (${broken})`,
  );
  expect(await town.check(labelled)).toMatchObject({ vouched: 2 });
  await town.edit((model) => {
    model.data.rules[0].between = [0, 1400];
  });
  expect((await town.check(raw)).vouched).toBeUndefined(); // another rule
  await town.edit((model) => {
    model.data.rules[0].between = [0, 1439];
  });

  expect((await town.list(MODEL)).out).toContain(`Vouches in force: ${given.json.readmission.slice(0, 8)}`);
  expect((await town.withdraw(MODEL, 'ffffffff', '--reason', 'x')).code).toBe(2);
  expect((await town.withdraw(MODEL, given.json.readmission.slice(0, 8), '--reason', 'mistake')).code).toBe(0);
  expect((await town.check(raw)).quarantined).toBe(12);
  expect((await vouch('--rule', 'between', '--id', '101', '--id', '203')).json).toMatchObject({ already: false });
  expect((await openLedger(town.store, MODEL).verify()).ok).toBe(true);
});
