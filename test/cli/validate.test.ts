/** `hone validate` as somebody types it: a file in, a verdict, an exit code, one document or one page out. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsOf, withDuckDb } from '../../src/data/engine.ts';
import { ROOT } from '../config/workspace.ts';
import { hone } from './story.ts';

const february = join(ROOT, 'examples/flights_nyc_2013/events/2013-02.parquet');
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-validate-cli-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function twin(name: string, change: string): Promise<string> {
  const from = `read_parquet('${february}') WHERE flight_id % 10 = 0`;
  await withDuckDb({ tempDir: dir }, (db) => db.run(`COPY (SELECT ${change} FROM ${from}) TO '${join(dir, name)}'`));
  return join(dir, name);
}

async function eventsFrom(day: string): Promise<number> {
  return withDuckDb({ tempDir: dir }, async (db) => {
    const [row] = await rowsOf(
      db,
      `SELECT count(*) AS n FROM '${february}' WHERE event_ts >= TIMESTAMPTZ '${day} 00:00:00Z'`,
    );
    return Number(row?.['n']);
  });
}

test('a clean delivery passes with 0, and its document alone stands on stdout', async () => {
  const { code, out } = await hone(ROOT, ['validate', 'flights-delay', '--data', february, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({
    verdict: 'pass',
    as_of: '2013-02-28T23:59:00.001Z',
    findings: [],
    rows: { read: 24_936, accepted: 24_936, quarantined: 0 },
  });
});

test('rows set aside end with 0, a refused delivery with 3, and both are told within 80 columns', async () => {
  const aside = await twin(
    'aside.parquet',
    '* REPLACE (CASE WHEN flight_id = 27000 THEN -1 ELSE sched_dep_minute END AS sched_dep_minute)',
  );
  const quarantine = await hone(ROOT, ['validate', 'flights-delay', '--data', aside]);
  expect(quarantine.code).toBe(0);
  expect(quarantine.out).toMatch(/^Quarantine: fit to train on without the rows set aside\./);
  expect(quarantine.out).toContain('quarantine between\n  1 row (');

  const broken = await twin(
    'broken.parquet',
    "* REPLACE (temp_f::VARCHAR AS temp_f, TIMESTAMPTZ '2013-02-20' AS event_ts)",
  );
  const reject = await hone(ROOT, ['validate', 'flights-delay', '--data', broken]);
  expect(reject.code).toBe(3);
  expect(reject.out).toMatch(/^Reject: the whole delivery is refused\./);
  expect(reject.out).toContain('reject type\n  Feature "temp_f" should be a number');
  for (const { out } of [quarantine, reject]) {
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  }
});

test('a model file anywhere will do, without a workspace, a store or a server', async () => {
  const place = join(dir, 'elsewhere');
  await mkdir(join(place, 'models'), { recursive: true });
  await copyFile(join(ROOT, 'config/defaults.yaml'), join(place, 'defaults.yaml'));
  await copyFile(join(ROOT, 'config/models/flights-delay.yaml'), join(place, 'models/mine.yaml'));
  const argv = ['validate', 'models/mine.yaml', '--data', await twin('few.parquet', '*')];
  expect((await hone(place, argv)).code).toBe(0);

  const file = join(place, 'models/mine.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('between: [0, 1439]', 'between: [1439, 0]'));
  const wrong = await hone(place, [...argv, '--json']);
  expect(wrong.code).toBe(2);
  expect(JSON.parse(wrong.out).error.problems).toMatchObject([{ file, path: 'data.rules[0].between' }]);
});

test('an earlier --as-of makes later rows the future, and a history is compared with', async () => {
  const early = await hone(ROOT, ['validate', 'flights-delay', '--data', february, '--as-of', '2013-02-28', '--json']);
  expect(early.code).toBe(3);
  expect(JSON.parse(early.out).findings[0]).toMatchObject({
    rule: 'future_event',
    severity: 'reject',
    count: await eventsFrom('2013-02-28'),
  });
  const past = await twin('past.parquet', '* REPLACE (event_ts - INTERVAL 28 DAY AS event_ts)');
  const asked = ['validate', 'flights-delay', '--data', february, '--history', past, '--json'];
  const compared = await hone(ROOT, asked);
  expect(JSON.parse(compared.out).rows.read).toBe(24_936);
});

test('what is wrongly asked for is refused with 2: no such model, no such data, no time', async () => {
  for (const argv of [
    ['flights-dely', '--data', february],
    ['flights-delay', '--data', join(dir, 'nothing-*.parquet')],
    ['flights-delay', '--data', february, '--as-of', 'tomorrow'],
    ['flights-delay'],
  ]) {
    expect((await hone(ROOT, ['validate', ...argv])).code).toBe(2);
  }
});
