import { expect, test } from 'vitest';
import type { ModelConfig } from '../../../src/config/model.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { localFiles, readSnapshot } from '../../../src/data/snapshots.ts';
import { parquetOf } from '../../../src/data/sql-text.ts';
import { validate } from '../../../src/data/validation/validate.ts';
import { flightsConfig, query, type Surroundings, surroundings, tinyConfig, writeParquet } from '../surroundings.ts';

const asOf = '2013-03-01T00:00:00.000Z';

/** 40 days of 50 rows from 15 January on: two months, hence two files. */
const rowsSql = (change: Record<string, string> = {}, days = 40) => {
  const columns: Record<string, string> = {
    id: 'i',
    entity: "'e' || (i % 7)",
    at: "TIMESTAMPTZ '2013-01-15' + INTERVAL (i * 86400 // 50) SECOND",
    x: '(i % 11)::DOUBLE',
    kind: "CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END",
    y: '(i % 3 = 0)::INT',
    known_at: "TIMESTAMPTZ '2013-01-15' + INTERVAL (i * 86400 // 50 + 3600) SECOND",
    ...change,
  };
  const select = Object.entries(columns).map(([name, sql]) => `${sql} AS "${name}"`);
  return `SELECT ${select.join(', ')} FROM range(${days * 50}) AS t(i)`;
};

async function check(
  around: Surroundings,
  change: Record<string, string> = {},
  configure: (config: ModelConfig) => void = () => {},
  at = '2013-02-24T00:00:00.000Z',
) {
  const path = await writeParquet(around.dir, 'tiny.parquet', rowsSql(change));
  const config = await tinyConfig(path, configure);
  const { ref } = await ingest({ ...around, config, asOf: at });
  const report = await validate({ ...around, config, raw: ref.digest, asOf: at });
  return { report, raw: ref.digest, rules: report.findings.map(({ rule, severity }) => `${rule}: ${severity}`) };
}

test('the shipped flights are accepted, with the rows that break a quarantine rule set aside', async () => {
  const around = await surroundings();
  const config = await flightsConfig((config) => {
    config.data.source = { type: 'parquet', path: 'examples/flights_nyc_2013/events/2013-0[12].parquet' };
    config.data.rules.push({ column: 'distance_miles', between: [100, 4000], severity: 'quarantine' });
  });
  const { ref, manifest } = await ingest({ ...around, config, asOf });
  const report = await validate({ ...around, config, raw: ref.digest, asOf });
  expect(report.verdict).toBe('accept');
  const [expected] = await query(
    around.dir,
    `SELECT count(*) AS n FROM ${parquetOf(await localFiles(around.store, manifest, around.cacheDir))} WHERE distance_miles NOT BETWEEN 100 AND 4000`,
  );
  expect(report.quarantined).toBe(Number(expected?.['n']));
  expect(report.quarantined).toBeGreaterThan(0);
  const finding = report.findings.find(({ column }) => column === 'distance_miles');
  expect(finding?.examples.length).toBeLessThanOrEqual(20);
  expect(finding?.sentence).toMatch(
    /rows \(.* %\) of "distance_miles" are not within 100 to 4000\. They were set aside\./,
  );
  const accepted = await readSnapshot(around.store, report.accepted, 'raw');
  expect(accepted.rows).toBe(report.rows - report.quarantined);
});

test('clean data is accepted as it is, under its own digest', async () => {
  const around = await surroundings();
  const { report, raw } = await check(around);
  expect(report).toMatchObject({ verdict: 'accept', quarantined: 0, findings: [], accepted: raw });
  expect(report.sentence).toBe('Accepted 2000 of 2000 rows: 0 set aside, 0 warnings.');
});

test('rows without a usable time are in no snapshot, and their number and file are told', async () => {
  const around = await surroundings();
  const change = {
    at: "CASE WHEN i % 400 = 7 THEN NULL WHEN i = 9 THEN 'infinity'::TIMESTAMPTZ ELSE TIMESTAMPTZ '2013-01-15' + INTERVAL (i * 86400 // 50) SECOND END",
  };
  const { report } = await check(around, change);
  expect(report).toMatchObject({ verdict: 'accept', rows: 1994 });
  const [found] = report.findings;
  expect(found).toMatchObject({ rule: 'event_time_missing', column: 'at', severity: 'warn', count: 6 });
  expect(found?.sentence).toMatch(
    /^6 rows of 1 file, such as \S*tiny\.parquet, have no usable event time and were left out/,
  );
  const strict = await check(around, change, (config) => {
    config.data.checks = { ...config.data.checks, event_time_missing: 'reject' };
  });
  expect(strict.report.verdict).toBe('reject');
});

test('setting rows aside in one month leaves the file of the other month untouched', async () => {
  const around = await surroundings();
  const rules: ModelConfig['data']['rules'] = [{ column: 'x', between: [0, 100], severity: 'quarantine' }];
  const { report, raw } = await check(around, { x: 'CASE WHEN i = 1999 THEN -5 ELSE i % 11 END' }, (config) => {
    config.data.rules = rules;
  });
  const [before, after] = [
    await readSnapshot(around.store, raw, 'raw'),
    await readSnapshot(around.store, report.accepted, 'raw'),
  ];
  expect(after.files[0]).toEqual(before.files[0]);
  expect(after.files[1]?.rows).toBe((before.files[1]?.rows ?? 0) - 1);
  const left = await query(
    around.dir,
    `SELECT min(x) AS least FROM ${parquetOf(await localFiles(around.store, after, around.cacheDir))}`,
  );
  expect(left).toEqual([{ least: 0n }]);
});

test.each<[string, Record<string, string>, (config: ModelConfig) => void, string]>([
  ['a number feature that became text', { x: "'n/a'" }, () => {}, 'type: reject'],
  ['an outcome used as a feature', {}, (c) => void c.data.outcomes.push('x'), 'leak: reject'],
  ['a used column that is gone', {}, (c) => void c.features.use.push('gone'), 'column_missing: reject'],
  ['fewer rows than the minimum', {}, (c) => void Object.assign(c.data.volume, { min_rows: 5000 }), 'min_rows: reject'],
  ['a feature that is null throughout', { x: 'NULL::DOUBLE' }, () => {}, 'all_null: reject'],
  ['a feature with one value', { x: '1.0::DOUBLE' }, () => {}, 'constant: warn'],
  ['infinite values', { x: "CASE WHEN i = 5 THEN 'inf'::DOUBLE ELSE i % 9 END" }, () => {}, 'not_finite: warn'],
  ['a missing id', { id: 'nullif(i, 3)' }, () => {}, 'id_missing: reject'],
  ['ids with different contents', { id: 'CASE WHEN i = 4 THEN 3 ELSE i END' }, () => {}, 'unique: reject'],
  [
    'rows repeated under new ids',
    {
      at: "TIMESTAMPTZ '2013-01-15' + INTERVAL (i // 50) DAY",
      known_at: "TIMESTAMPTZ '2013-02-20'",
      x: 'i % 2',
      y: 'i % 2',
      entity: "'e'",
    },
    () => {},
    'repeated_content: warn',
  ],
  [
    'rows that are alike but labelled in two ways',
    {
      at: "TIMESTAMPTZ '2013-01-15' + INTERVAL (i // 50) DAY",
      known_at: "TIMESTAMPTZ '2013-02-20'",
      x: 'i % 2',
      entity: "'e'",
    },
    () => {},
    'conflicting_labels: warn',
  ],
  ['no label at all', { y: 'NULL::INT' }, () => {}, 'label_missing: reject'],
  ['one class only', { y: '1' }, () => {}, 'label_constant: reject'],
  ['labels other than 0 and 1', { y: 'i % 3' }, (c) => void delete c.data.label.positive, 'label_values: reject'],
  ['few labels', { y: 'CASE WHEN i % 9 < 2 THEN i % 2 END' }, () => {}, 'label_coverage: warn'],
  ['labels older than their event', { known_at: "TIMESTAMPTZ '2013-01-01'" }, () => {}, 'label_before_event: warn'],
  ['labels without a time', { known_at: 'NULL::TIMESTAMPTZ' }, () => {}, 'label_without_time: warn'],
  [
    'too many missing',
    { x: 'CASE WHEN i % 2 = 0 THEN i % 5 END::DOUBLE' },
    (c) => void c.data.rules.push({ column: 'x', missing_at_most: 0.3, severity: 'warn' }),
    'missing_at_most: warn',
  ],
  [
    'an unknown category',
    {},
    (c) => void c.data.rules.push({ column: 'kind', in: ['a'], severity: 'reject' }),
    'in: reject',
  ],
  [
    'text that is no integer',
    { kind: "CASE WHEN i % 2 = 0 THEN '7' ELSE 'seven' END" },
    (c) => void c.data.rules.push({ column: 'kind', type: 'integer', severity: 'warn' }),
    'type: warn',
  ],
  [
    'a broken SQL rule',
    {},
    (c) => void c.data.rules.push({ sql: 'x < 5 OR kind IS NULL', severity: 'warn' }),
    'sql: warn',
  ],
])('%s is found', async (_, change, configure, expected) => {
  const around = await surroundings();
  const { report, rules } = await check(around, change, configure);
  expect(rules).toContain(expected);
  expect(report.verdict).toBe(rules.some((rule) => rule.endsWith('reject')) ? 'reject' : 'accept');
  for (const { sentence, examples } of report.findings) {
    expect(sentence).toMatch(/^[A-Z0-9].*\. [A-Z].*\./s); // what happened, then what to do
    expect(examples.length).toBeLessThanOrEqual(20);
  }
});

test('identical copies are set aside but one, and more than a fifth set aside rejects', async () => {
  const around = await surroundings();
  const copies = { id: 'i // 40 * 40 + least(i % 40, 38)' };
  const same = Object.fromEntries(
    Object.entries({
      entity: "'e'",
      at: "TIMESTAMPTZ '2013-01-15' + INTERVAL ((i // 40 * 40 + least(i % 40, 38)) * 86400 // 50) SECOND",
      x: '(least(i % 40, 38))::DOUBLE',
      kind: "'a'",
      y: '(i // 40 % 2)',
      known_at: "TIMESTAMPTZ '2013-02-23 23:59:00'",
    }),
  );
  const once = await check(around, { ...copies, ...same }, (config) => {
    config.features.use = ['x'];
    config.features.categories.columns = [];
  });
  expect(once.rules).toEqual(['unique: quarantine']);
  expect(once.report).toMatchObject({ verdict: 'accept', quarantined: 50, rows: 2000 });
  const accepted = await readSnapshot(around.store, once.report.accepted, 'raw');
  const ids = await query(
    around.dir,
    `SELECT count(DISTINCT id) AS ids, count(*) AS n FROM ${parquetOf(await localFiles(around.store, accepted, around.cacheDir))}`,
  );
  expect(ids).toEqual([{ ids: 1950n, n: 1950n }]);

  const often = await check(around, {}, (config) => {
    config.data.rules = [{ column: 'x', between: [0, 5], severity: 'quarantine' }];
  });
  expect(often.rules).toContain('quarantined: reject');
  expect(often.report.accepted).toBe(often.raw);
});

test('a week with few rows rejects, a single short day warns, and little history is not judged', async () => {
  const around = await surroundings();
  const half = (config: ModelConfig) => void Object.assign(config.data.volume, { against_recent_past: 0.5 });
  expect((await check(around, {}, half, '2013-02-28T00:00:00.000Z')).rules).toEqual(['volume_week: reject']);
  expect((await check(around, {}, half, '2013-02-25T00:00:00.000Z')).rules).toEqual(['volume_day: warn']);
  expect((await check(around, {}, half)).rules).toEqual([]);
  expect((await check(around, {}, half, '2013-01-25T00:00:00.000Z')).rules).toEqual([]);
});

test('types that changed and history that shrank since the last run are told', async () => {
  const around = await surroundings();
  const make = async (sql: string) => {
    const path = await writeParquet(around.dir, 'tiny.parquet', sql);
    const config = await tinyConfig(path);
    return { config, raw: (await ingest({ ...around, config, asOf: '2013-06-01T00:00:00.000Z' })).ref.digest };
  };
  const before = await make(rowsSql({}, 100));
  const after = await make(
    `SELECT * REPLACE (x::INTEGER AS x) FROM (${rowsSql({}, 100)}) WHERE NOT (month("at") = 2 AND id % 2 = 0)`,
  );
  const report = await validate({ ...around, ...after, asOf: '2013-06-01T00:00:00.000Z', previous: before.raw });
  expect(report.findings.map(({ rule }) => rule)).toEqual(['type_changed', 'history_shrank']);
  expect(report.findings[1]?.sentence).toMatch(/2013-02 had 1400 rows .* and has 700 now/);
});

test("a rule that does not run is the model file's fault, and no rule can leave the data", async () => {
  const around = await surroundings();
  for (const sql of ['nothing > 1', 'x >', "(SELECT count(*) FROM read_csv('/etc/hosts')) > 0", '1) OR (1=1']) {
    const run = check(around, {}, (config) => void config.data.rules.push({ sql, severity: 'warn' }));
    await expect(run).rejects.toMatchObject({ code: 'HONE_USER_SQL_FAILED', exitCode: 2 });
  }
});
