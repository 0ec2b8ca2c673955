/** Questions to what was recorded, as a person asks them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recordBusiness } from '../../src/monitoring/labels/business.ts';
import { recordLabels } from '../../src/monitoring/labels/labels.ts';
import { writePartitions } from '../../src/monitoring/log/partitions.ts';
import { predictionRecord } from '../../src/monitoring/log/records.ts';
import { MODEL, tellHistory, workspace } from './story.ts';

const at = (day: number) => new Date(Date.UTC(2013, 3, day)).toISOString();

/** Six predictions of two days, one of them a shadow's and one written twice; three labels, one corrected. */
async function recorded() {
  const place = await workspace();
  await tellHistory(place.store);
  const row = (id: number, arm = 'champion') => ({
    inference_id: `p${id}`,
    event_time: Date.parse(at(id < 3 ? 2 : 3)),
    model: MODEL,
    version: 2,
    arm,
    prediction: id / 10,
    f_carrier: 'UA',
  });
  const rows = [row(0), row(1), row(2), row(3), row(4), row(4, 'shadow')];
  const write = { kind: predictionRecord, model: MODEL, extra: { f_carrier: 'VARCHAR' as const }, tempDir: place.dir };
  await writePartitions(place.store, { ...write, chunks: [rows], writtenAt: 1 });
  await writePartitions(place.store, { ...write, chunks: [[row(0)]], writtenAt: 2 });
  const label = (id: string, value: number, day: number) => ({ inference_id: id, label: value, observed_at: at(day) });
  await recordLabels(place.store, MODEL, [label('p0', 0, 3), label('p1', 1, 3), label('stranger', 1, 3)]);
  await recordLabels(place.store, MODEL, [label('p0', 1, 4)]);
  const figure = { name: 'conversion', value: 0.5, observed_at: at(4) };
  await recordBusiness(place.store, MODEL, [{ ...figure, inference_id: 'p0' }]);
  const ask = async (sql: string, ...more: string[]) =>
    JSON.parse((await place.hone('query', sql, '--json', ...more)).out);
  return { ...place, ask };
}

test('predictions and labels join, a row written twice counts once, and the corrected label is the one that counts', async () => {
  const { ask } = await recorded();
  const counts = await ask('select arm, count(*) as n from predictions group by arm order by arm');
  expect(counts).toEqual({
    columns: [
      { name: 'arm', type: 'VARCHAR' },
      { name: 'n', type: 'BIGINT' },
    ],
    rows: [
      ['champion', 5],
      ['shadow', 1],
    ],
    truncated: false,
    limit: 1000,
  });
  const joined = await ask(
    `with known as (select * from labels) select p.inference_id, p.f_carrier, k.label, k.corrections, k.observed_at
     from predictions p join known k using (inference_id) order by 1`,
  );
  expect(joined.rows).toEqual([
    ['p0', 'UA', 1, 1, at(4)],
    ['p1', 'UA', 1, 0, at(3)],
  ]);
  expect((await ask('select count(*) from label_reports')).rows).toEqual([[4]]);
  expect((await ask('select model, name, value from business')).rows).toEqual([[MODEL, 'conversion', 0.5]]);
  expect((await ask('select count(*) from predictions', '--from', '2013-04-03')).rows).toEqual([[3]]);
});

test('versions, runs and the ledger are tables too', async () => {
  const { ask } = await recorded();
  const versions = await ask("select version, status, run, metrics->>'roc_auc' as auc from versions order by version");
  expect(versions.rows).toEqual([
    [1, 'production', 'flights-delay-000001', '0.701234'],
    [2, 'rejected', 'flights-delay-000002', '0.701234'],
    [3, 'staging', 'flights-delay-000003', '0.701234'],
  ]);
  const runs = await ask("select run, outcome, as_of from runs where trigger = 'schedule'", '--model', MODEL);
  expect(runs.rows).toEqual([['flights-delay-000002', 'promoted', '2013-04-01T10:00:00.000Z']]);
  const back = await ask("select actor, why, change->>'to' from ledger where kind = 'rolled_back'");
  expect(back.rows).toEqual([['kim', 'complaints from the desk at EWR, see ticket 4711', '1']]);
});

test.each([
  ['delete from predictions', 'no SELECT'],
  ['select 1; select 2', '2 statements'],
  ['select * from predictons', 'did you mean predictions?'],
  ['select predicton from predictions', 'Candidate bindings'],
  ["copy (select 1) to 'out.csv'", 'no SELECT'],
  ['select * from secrets', 'there are predictions, labels'],
  ['selec 1', 'syntax error'],
])('%s is refused with what is wrong', async (sql, problem) => {
  const { hone } = await recorded();
  const { code, out, err } = await hone('query', sql);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('The query does not run');
  expect(err).toContain(problem);
  expect(err).toContain('hone query --tables');
});

test('a query sees no file, no address and no setting of this machine', async () => {
  const { hone, dir } = await recorded();
  const secret = join(dir, 'secret.csv');
  await writeFile(secret, 'a\nSECRET-99\n');
  for (const sql of [
    `select * from read_csv('${secret}')`,
    `select * from '${secret}'`,
    `select * from read_text('/etc/hostname')`,
    "select * from read_csv('http://127.0.0.1:1/x.csv')",
    "select * from query('install httpfs')",
    `select * from glob('${dir}/*')`,
  ]) {
    const { code, out, err } = await hone('query', sql);
    expect({ sql, code, out }).toEqual({ sql, code: 2, out: '' });
    expect(err).not.toContain('SECRET-99');
  }
});

test('rows and time are limited: the rest is told, and a statement without end is stopped', async () => {
  const { ask, hone } = await recorded();
  const some = await ask('select range from range(5000)', '--limit', '10');
  expect(some.rows).toHaveLength(10);
  expect(some.truncated).toBe(true);
  const started = performance.now();
  const endless = await hone(
    'query',
    'select count(*) from range(100000000) a, range(100000000) b where a.range * b.range % 7 = 3',
    '--timeout',
    '1',
  );
  expect(endless).toMatchObject({ code: 1, out: '' });
  expect(endless.err).toContain('stopped after 1 s');
  expect(performance.now() - started).toBeLessThan(8000);
});

test('CSV quotes what must be quoted, tables fit the terminal, and nothing recorded yet is an empty answer', async () => {
  const { hone } = await recorded();
  const csv = await hone('query', "select 'a,b' as x, 'say \"hi\"' as y, null as z", '--csv');
  expect(csv).toEqual({ code: 0, out: 'x,y,z\n"a,b","say ""hi""",\n', err: '' });
  const text = await hone('query', 'select inference_id, prediction from predictions order by 1 limit 1');
  expect(text.out).toBe('inference_id  prediction\np0            0\n');
  const empty = await workspace();
  expect((await empty.hone('query', 'select * from predictions')).out).toBe('No row.\n');
  expect((await empty.hone('query', 'select * from versions')).out).toBe('No row.\n');
  const tables = await empty.hone('query', '--tables');
  expect(tables.out).toContain('label_reports');
  expect(tables.out.split('\n').filter((line) => line.length > 82)).toEqual([]);
  expect((await empty.hone('query')).code).toBe(2);
});
