/** From data to a model file that runs at once: roles found, rules that hold, refusals that say what to do. */
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadWorkspace } from '../../src/config/load.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { buildFeatures } from '../../src/data/features/build.ts';
import { ingest } from '../../src/data/ingest/ingest.ts';
import { validate } from '../../src/data/validation/validate.ts';
import { windowGeometry } from '../../src/evaluation/geometry.ts';
import { ROOT } from '../config/workspace.ts';
import { writeParquet } from '../data/surroundings.ts';
import { hone as honeIn, workspace } from './story.ts';

const flights = ['--from', 'examples/flights_nyc_2013/events/2013-0[12].parquet'];

/** The shipped workspace with its examples. */
async function place() {
  const { dir, hone } = await workspace();
  await symlink(join(ROOT, 'examples'), join(dir, 'examples'));
  const file = (name: string) => readFile(join(dir, 'config/models', `${name}.yaml`), 'utf8');
  const config = async (name: string): Promise<ModelConfig> => {
    const found = (await loadWorkspace(dir)).models.get(name)?.config;
    if (!found) throw new Error(`no model ${name}`);
    return found;
  };
  const init = (name: string, ...argv: string[]) => hone('model', 'init', name, ...argv);
  const data = (query: string) => writeParquet(dir, 'rows.parquet', query);
  return { dir, hone, file, config, init, data };
}

/** The first three stages of a run. */
async function stagesOf(dir: string, config: ModelConfig, asOf: string) {
  const folders = {
    store: (await import('../../src/store/open-store.ts')).openStore('file:stages', dir),
    cacheDir: join(dir, 'cache'),
    workDir: join(dir, 'work'),
  };
  const { ref, manifest } = await ingest({ ...folders, config, asOf, base: dir });
  const report = await validate({ ...folders, config, asOf, raw: ref.digest });
  const geometry = windowGeometry(config, asOf, manifest.window.from);
  const features = await buildFeatures({ ...folders, config, asOf, geometry, raw: report.accepted });
  return { report, features: features.manifest };
}

test('flights: every role is found, the file is valid, its rules hold on the data and its features are built', async () => {
  const { dir, init, file, config } = await place();
  const said = await init('late-flights', ...flights, '--label', 'arrived_late');
  expect(said.code, said.err).toBe(0);
  const made = await config('late-flights');
  expect(made.data).toMatchObject({
    source: { type: 'parquet', path: 'examples/flights_nyc_2013/events/2013-0[12].parquet' },
    id: 'flight_id',
    entity: 'tail_number',
    event_time: 'event_ts',
    label: { column: 'arrived_late', positive: 1, available_at: 'label_available_at', mature_after: 'PT12H' },
    outcomes: ['arr_delay_min'],
  });
  expect(made.features.categories.columns).toEqual(['carrier', 'origin', 'dest', 'plane_manufacturer']);
  expect(made.features.use).not.toContain('flight_number');
  expect(made.approval.auto).toBe('never');
  expect([made.triggers.schedule.enabled, made.triggers.performance.enabled, made.triggers.volume]).toEqual([
    false,
    false,
    null,
  ]);
  const text = await file('late-flights');
  expect(text).toContain('# arr_delay_min: known exactly where arrived_late is');
  expect(text).toMatch(
    /available_at: label_available_at +# known exactly where arrived_late is, and never before event_ts/,
  );
  expect(text).toMatch(/column: sched_dep_minute, between: \[\d+, \d+\], severity: warn \} +# \d+ to \d+/);
  expect(text).not.toContain(dir);

  const { report, features } = await stagesOf(dir, made, '2013-03-01T12:00:00.000Z');
  expect(report.findings.filter(({ severity }) => severity !== 'warn')).toEqual([]);
  const configured = ['between', 'in', 'missing_at_most', 'type', 'unique'];
  expect(report.findings.filter(({ rule }) => configured.includes(rule))).toEqual([]);
  expect(report).toMatchObject({ verdict: 'accept', quarantined: 0 });
  expect(features.parts.map(({ part }) => part)).toEqual(['train', 'validation', 'holdout']);
});

test('electricity: no label is named, the leak is found in a difference, and the stages of a run work', async () => {
  const { dir, init, config, hone } = await place();
  const said = await init('price', '--from', 'examples/electricity_nsw/events');
  expect(said.code, said.err).toBe(0);
  expect(said.out).toContain('Label       price_up: two values, and named like a label');
  expect(said.out).toContain('hone validate price --data examples/electricity_nsw/events');
  const made = await config('price');
  expect(made.data).toMatchObject({
    id: 'interval_id',
    entity: null,
    outcomes: ['nsw_price'],
    label: { mature_after: 'PT1H' },
  });
  expect((await hone('config', 'validate')).code).toBe(0);
  const { report, features } = await stagesOf(dir, made, '1998-12-06T12:00:00.000Z');
  expect(report).toMatchObject({ verdict: 'accept', quarantined: 0 });
  expect(features.parts).toHaveLength(3);
  const holdout = features.parts[2]?.file.rows ?? 0;
  expect(holdout, 'enough for the gate').toBeGreaterThan(made.gate.uncertainty.min_rows);
});

const days = (count: number) => `FROM range(${count} * 24)`;
const at = `TIMESTAMP '2024-01-01' + to_hours(range) AS at`;

test('a column that is filled only where the label is yes is an outcome, whatever its values', async () => {
  const { init, config, data } = await place();
  const path = await data(`SELECT r AS customer_id, TIMESTAMP '2025-01-01' + INTERVAL 10 MINUTE * r AS seen_at,
    (hash(r) % 97)::INT AS visits, (hash(r + 1) % 5 = 0)::INT AS churned,
    CASE WHEN hash(r + 1) % 5 = 0 THEN (hash(r + 2) % 50)::DOUBLE END AS refund FROM range(8000) rows(r)`);
  const said = await init('churn', '--from', path);
  expect(said.code, said.err).toBe(0);
  expect(await config('churn')).toMatchObject({ data: { outcomes: ['refund'] }, features: { use: ['visits'] } });
});

test('several possible labels are refused with their names where nobody can answer, and asked where somebody can', async () => {
  const { dir, data, init, config } = await place();
  const path = await data(
    `SELECT range AS id, ${at}, range % 3 = 0 AS red, range % 5 = 0 AS blue, random() AS x ${days(60)}`,
  );
  const refused = await init('colours', '--from', path);
  expect(refused).toMatchObject({ code: 2, out: '' });
  expect(refused.err).toContain('It could be "red", "blue". Nothing was written. Say it with --label <column>.');
  const asked: string[] = [];
  const answer = (reply: string) => async (question: string) => {
    asked.push(question);
    return reply;
  };
  const argv = ['model', 'init', 'colours', '--from', path];
  expect((await honeIn(dir, argv, process.env, answer('green'))).code).toBe(2);
  const said = await honeIn(dir, argv, process.env, answer('2'));
  expect(said.code, said.err).toBe(0);
  expect(asked[1]).toContain('  2  blue');
  expect((await config('colours')).data.label.column).toBe('blue');
});

test('a file that is there is kept without --force, and replaced with it', async () => {
  const { init, file } = await place();
  const before = await file('flights-delay');
  const refused = await init('flights-delay', ...flights);
  expect(refused).toMatchObject({ code: 2, out: '' });
  expect(refused.err).toContain('config/models/flights-delay.yaml is there already');
  expect(await file('flights-delay')).toBe(before);
  expect((await init('flights-delay', ...flights, '--force')).code).toBe(0);
  expect(await file('flights-delay')).toContain('Written by `hone model init`');
});

test.each([
  [
    'no time',
    `SELECT range AS id, range % 3 = 0 AS late, random() AS x, 1700000000 + range AS created ${days(60)}`,
    'no column is a time that is known on every row; "created" may be seconds since 1970',
  ],
  ['no label', `SELECT range AS id, ${at}, random() AS x ${days(60)}`, 'no column has exactly two values'],
  [
    'no id',
    `SELECT range // 2 AS id, ${at}, range % 3 = 0 AS late, random() AS x ${days(60)}`,
    'no column is an id, unique on every row',
  ],
  [
    'nothing to predict from',
    `SELECT range AS id, ${at}, range % 3 = 0 AS late, NULL::INT AS empty, 1 AS one ${days(60)}`,
    '"empty" (no value at all); "one" (one value only)',
  ],
  ['one row', `SELECT 1 AS id, ${at}, true AS late, 0.5 AS x ${'FROM range(1)'}`, 'it has 1 row'],
  [
    'five days',
    `SELECT range AS id, ${at}, range % 3 = 0 AS late, random() AS x ${days(5)}`,
    'it spans 5 days, and a run needs at least 18',
  ],
])('data with %s is refused with what is missing, and nothing is written', async (_, query, sentence) => {
  const { data, init, file } = await place();
  const said = await init(
    'mine',
    '--from',
    await data(query),
    ...(query.includes('true AS late') ? ['--label', 'late'] : []),
  );
  expect(said).toMatchObject({ code: 2, out: '' });
  expect(said.err).toContain(sentence);
  await expect(file('mine')).rejects.toThrow('ENOENT');
});

test('hostile names and values are quoted, left out or refused; the file says what it means', async () => {
  const { data, init, config, file } = await place();
  const names = ['a: b', '# c', `it's "q"`, '[x]', 'yes', '<script>alert(1)</script>', 'ünï', '1.0', '{a}'];
  const numbers = names.map((name, i) => `random() * ${i + 1} AS "${name.replaceAll('"', '""')}"`).join(', ');
  const kinds = `CASE range % 4 WHEN 0 THEN 'no' WHEN 1 THEN ']: #' ELSE 'x' || chr(10) || 'y' END AS "kind, of"`;
  const path = await data(
    `SELECT range AS id, ${at}, range % 3 = 0 AS late, ${numbers}, ${kinds}, random() AS "line\nbreak", random() AS "${'l'.repeat(200)}" ${days(60)}`,
  );
  const said = await init('hostile', '--from', path);
  expect(said.code, said.err).toBe(0);
  const {
    features,
    data: { rules },
  } = await config('hostile');
  expect(features.use).toEqual(['kind, of', ...names]);
  expect(rules).toContainEqual({ column: 'kind, of', in: [']: #', 'no', 'x\ny'], severity: 'warn' });
  expect(await file('hostile')).toContain('# left out: "line\\nbreak": hone cannot use this name');
  expect(Object.keys(parse(await file('hostile')))).toContain('triggers');
});

test('500 columns, and a label that is a number, make a valid file', async () => {
  const { data, init, config } = await place();
  const many = Array.from({ length: 496 }, (_, i) => `random() * ${i + 1} AS c${i}`).join(', ');
  const path = await data(`SELECT range AS id, ${at}, sin(range) * 50 AS demand, ${many} ${days(60)}`);
  const said = await init('wide', '--from', path, '--label', 'demand');
  expect(said.code, said.err).toBe(0);
  const made = await config('wide');
  expect(made).toMatchObject({ task: 'regression', gate: { primary: 'root_mean_squared_error' } });
  expect(made.features.use).toHaveLength(496);
});

test('CSV and JSON lines are read as a run reads them, and a broken line is named', async () => {
  const { dir, init, config } = await place();
  const rows = Array.from({ length: 1500 }, (_, i) => {
    const time = new Date(Date.UTC(2024, 0, 1) + i * 3_600_000).toISOString();
    return { key: `k${i}`, time, size: i % 97, shop: `s${i % 4}`, churned: i % 5 === 0 ? 'yes' : 'no' };
  });
  const csv = ['key;time;size;shop;churned', ...rows.map((row) => Object.values(row).join(';'))];
  await writeFile(join(dir, 'rows.csv'), csv.join('\n'));
  await writeFile(join(dir, 'rows.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
  for (const type of ['csv', 'jsonl']) {
    const said = await init(`churn-${type}`, '--from', `rows.${type}`);
    expect(said.code, said.err).toBe(0);
    const made = await config(`churn-${type}`);
    expect(made.data).toMatchObject({
      source: { type, path: `rows.${type}` },
      id: 'key',
      label: { column: 'churned', positive: type === 'csv' ? true : 'yes' },
    });
    expect(made.features.categories.columns).toEqual(['shop']);
    expect(made.data.label.available_at).toBeNull();
  }
  await writeFile(join(dir, 'rows.csv'), `${csv.slice(0, 7).join('\n')}\nk7;too few\n${csv.slice(8).join('\n')}`);
  const broken = await init('churn', '--from', 'rows.csv');
  expect(broken.code).toBe(1);
  expect(broken.err).toContain('line 8: too few columns');
});

test('with --json the roles, the split and the profile are one document', async () => {
  const { init } = await place();
  const { code, out, err } = await init('late', ...flights, '--quiet', '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const document = JSON.parse(out);
  expect(document).toMatchObject({
    model: 'late',
    file: 'config/models/late.yaml',
    rows: 51_801,
    roles: { id: { column: 'flight_id' } },
  });
  expect(document.columns).toHaveLength(27);
});

test('names with spaces and signs are quoted in every line, also in the example that somebody may take over', async () => {
  const { dir, init, file } = await place();
  const day = (i: number) => new Date(Date.UTC(2026, 7, 1 + Math.floor(i / 40), i % 24)).toISOString().slice(0, 19);
  const rows = Array.from(
    { length: 2000 },
    (_, i) => `S-${i},${day(i)},${30 + (i % 170)},${100_000 + (i % 170) * 1000 + ((i * 7919) % 997) * 200}`,
  );
  await writeFile(join(dir, 'house prices.csv'), ['Sale ID,Sold at,Area (m²),Price €', ...rows].join('\n'));
  const said = await init('prices', '--from', 'house prices.csv', '--label', 'Price €');
  expect(said.code, said.err).toBe(0);
  const text = await file('prices');
  expect(parse(text)).toMatchObject({ task: 'regression', data: { id: 'Sale ID', event_time: 'Sold at' } });
  const example = /sql: \{\} +# such as (.*)$/m.exec(text)?.[1] ?? '';
  expect(parse(example)).toEqual({ hour: { type: 'int32', expr: 'extract(hour FROM "Sold at")' } });
});

test.each([
  ['../evil', ['--from', 'x.parquet'], 'is no name of a model'],
  ['mine', ['--from', 'nowhere/*.parquet'], 'No file matches'],
  ['mine', [], "required option '--from <data>'"],
  ['mine', [...flights, '--label', 'nothing'], 'it has no column "nothing"'],
  ['mine', [...flights, '--id', 'carrier'], '--id "carrier" has 16 different values in 51,801 rows'],
  ['mine', [...flights, '--time', 'carrier'], '--time "carrier" is VARCHAR, which is no time'],
])('model init %s %j is refused before anything is written', async (name, argv, sentence) => {
  const { init } = await place();
  const said = await init(name, ...argv);
  expect(said.code).not.toBe(0);
  expect(said.out).toBe('');
  expect(said.err).toContain(sentence);
});
