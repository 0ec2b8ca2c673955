/** `hone drift` as somebody types it: files, globs and folders in, a verdict, one document or one page out. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDuckDb } from '../../src/data/engine.ts';
import { driftDocument } from '../../src/drift/document.ts';
import { ROOT } from '../config/workspace.ts';
import { hone } from './story.ts';

const flights = (months: string) => join(ROOT, `examples/flights_nyc_2013/events/2013-${months}.parquet`);
const electricity = join(ROOT, 'examples/electricity_nsw/events/*.parquet');
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-drift-cli-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const drift = (...argv: string[]) => hone(dir, ['drift', ...argv]);

async function write(name: string, query: string, options = ''): Promise<string> {
  await withDuckDb({ tempDir: dir }, (db) => db.run(`COPY (${query}) TO '${join(dir, name)}' ${options}`));
  return name;
}

test('January to March against December of flights: the document alone on stdout, and what moved is said', async () => {
  const { code, out, err } = await drift(flights('0[1-3]'), flights('12'), '--time-column', 'event_ts', '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const { columns, dataset } = driftDocument.parse(JSON.parse(out));
  expect(dataset.verdict).toBe('moved');
  expect(columns['humidity_pct']?.sentence).toMatch(
    /^humidity_pct moved: mean 58\.0 → 66\.5 \(0\.41 standard deviations\), PSI 0\.44 \(limit 0\.10, noise of the reference's own days 0\.19\), 28,191 rows, 2013-12\.parquet, 2013-12-01 to 2013-12-31, against /,
  );
  expect(columns['carrier']?.verdict).toBe('stable');
  expect(columns['flight_id']).toMatchObject({ kind: 'id', verdict: 'not_judged' });
  expect(columns['event_ts']?.kind).toBe('timestamp');
  expect(columns['dest']?.kind).toBe('high_cardinality');
  expect(columns['plane_engines']?.kind).toBe('few_values');
});

test('with a model of the workspace, or its file, label, outcome, id and time are no features', async () => {
  const file = join(ROOT, 'config/models/flights-delay.yaml');
  const asked = [flights('01'), flights('02'), '--json'];
  const byName = await hone(ROOT, ['drift', ...asked, '--model', 'flights-delay']);
  const byFile = await drift(...asked, '--model', file);
  expect(JSON.parse(byFile.out)).toEqual(JSON.parse(byName.out));
  const { columns } = driftDocument.parse(JSON.parse(byName.out));
  const untested = Object.keys(columns).filter((name) => columns[name]?.sentence.includes('not tested'));
  expect(untested.sort()).toEqual(
    ['arr_delay_min', 'arrived_late', 'event_ts', 'flight_id', 'label_available_at', 'tail_number'].sort(),
  );
  expect(columns['dep_hour']).toMatchObject({ kind: 'few_values', verdict: 'stable', n_reference: 26865 });
  expect(columns['is_gusty']?.psi).toBeGreaterThan(0);
  expect(columns['arrived_late']?.sentence).toBe(
    'arrived_late: not tested: it is the label of flights-delay, no feature.',
  );
});

test('electricity before and after its market opened says that vic_price, vic_demand and transfer moved', async () => {
  const all = `read_parquet('${electricity}')`;
  const opened = "TIMESTAMPTZ '1997-05-05 00:00:00+00'";
  const before = await write('before.parquet', `SELECT * FROM ${all} WHERE event_ts < ${opened}`);
  const after = await write('after.parquet', `SELECT * FROM ${all} WHERE event_ts >= ${opened}`);
  const { code, out } = await drift(before, after, '--time-column', 'event_ts', '--fail-on', 'moved');
  expect(code).toBe(3);
  expect(out).toMatch(/^\d of 10 columns moved [^:]*: vic_demand \(PSI\s+[\d.]+\), vic_price \(PSI[^)]+\), transfer/);
  expect(out.replaceAll(/\s+/g, ' ')).toContain(
    'vic_price moved: it stood still at 0.003467 in the whole reference and now has 3,797 other values in 100 % of rows, PSI 18.8',
  );
});

test('CSV, JSON lines, a folder and a quoted glob give what Parquet gives, and an empty CSV column is not another type', async () => {
  const rows = (months: string) =>
    `SELECT temp_f, carrier, distance_miles, NULL::DOUBLE AS never FROM read_parquet('${flights(months)}') LIMIT 5000`;
  await mkdir(join(dir, 'new'));
  const before = await write('a.parquet', rows('01'));
  const after = await write('b.parquet', rows('02'));
  await write('new/one.csv', rows('02'), '(HEADER)');
  await writeFile(join(dir, 'new/_SUCCESS'), '');
  await write('lines-1.jsonl', rows('02'));
  const strip = (text: string) => text.replaceAll(/(b\.parquet|new|lines-\*\.jsonl)/g, 'now');
  const parquet = strip((await drift(before, after, '--json')).out);
  expect(JSON.parse(parquet).columns.never.verdict).toBe('not_judged');
  for (const window of ['new', 'lines-*.jsonl'])
    expect(strip((await drift(before, window, '--json')).out)).toBe(parquet);
});

test('the page is one small file without scripts, worst column first, and a name is never markup', async () => {
  const bad = '"<script>alert(1)</script>"';
  const before = await write(
    'plain.parquet',
    `SELECT i % 10 AS ${bad}, i % 3 AS calm, '<b>' || (i % 4) AS text FROM range(5000) t(i)`,
  );
  const after = await write(
    'moved.parquet',
    `SELECT i % 5 AS ${bad}, i % 3 AS calm, '<b>' || (i % 4) AS text FROM range(5000) t(i)`,
  );
  const { code, out } = await drift(before, after, '--html', 'report.html');
  expect(code).toBe(0);
  expect(out).toContain('1 of 3 columns moved');
  const page = await readFile(join(dir, 'report.html'), 'utf8');
  expect(page).not.toMatch(/<script|<b>|https?:|src=|@import/);
  expect(page.indexOf('&lt;script&gt;')).toBeLessThan(page.indexOf('calm <span'));
  expect(page.match(/<svg/g)).toHaveLength(3);
  expect(page.match(/<details>/g)).toHaveLength(3);
  expect(page).toContain('prefers-color-scheme:dark');
});

test('three hundred columns with long names still make a page under 300 kB', async () => {
  const columns = Array.from(
    { length: 300 },
    (_, i) => `(i * ${i + 1}) % 40 AS "${'a long name '.repeat(8)}${i}"`,
  ).join(', ');
  const wide = await write('wide.parquet', `SELECT ${columns} FROM range(200) t(i)`);
  expect((await drift(wide, wide, '--html', 'wide.html')).code).toBe(0);
  expect((await readFile(join(dir, 'wide.html'))).length).toBeLessThan(300_000);
});

test.each([
  [['nothing.parquet', 'plain.parquet'], 'HONE_DRIFT_WINDOW_MISSING'],
  [['plain.parquet', 'torn.parquet'], 'HONE_DRIFT_WINDOW_UNREADABLE'],
  [['plain.parquet', 'notes.txt'], 'HONE_DRIFT_WINDOW_UNREADABLE'],
  [['plain.parquet', 'other.parquet'], 'HONE_DRIFT_NO_COMMON_COLUMNS'],
  [['plain.parquet', 'plain.parquet', '--time-column', 'when'], 'HONE_DRIFT_TIME_COLUMN'],
  [['plain.parquet', 'plain.parquet', '--model', 'no-such-model'], 'HONE_WORKSPACE_MISSING'],
  [['plain.parquet', 'plain.parquet', '--html', 'no/such/folder.html'], 'HONE_USAGE'],
  [['plain.parquet', 'plain.parquet', '--definition', 'ours'], 'HONE_USAGE'],
])('%j is refused with 2 and %s', async (argv, errorCode) => {
  await writeFile(join(dir, 'torn.parquet'), 'PAR1 and nothing more');
  await writeFile(join(dir, 'notes.txt'), 'text');
  await write('other.parquet', 'SELECT 1 AS unlike');
  const { code, out } = await drift(...argv, '--json');
  expect(code).toBe(2);
  expect(JSON.parse(out).error).toMatchObject({ code: errorCode });
});
