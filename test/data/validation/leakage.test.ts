/** Answers that leaked into features are found, by whatever name; nothing honest in either data set is accused. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadWorkspace } from '../../../src/config/load.ts';
import type { ModelConfig } from '../../../src/config/model.ts';
import { withDuckDb } from '../../../src/data/engine.ts';
import { leakageFindings } from '../../../src/data/validation/leakage/leakage.ts';
import { type LeakSample, USUAL_LEAKAGE_LIMITS } from '../../../src/data/validation/leakage/sample.ts';
import { orderSkillOf, skillOf } from '../../../src/data/validation/leakage/skill.ts';
import { project, surroundings } from '../surroundings.ts';
import { judge, months } from './judged.ts';

const winter = { model: 'flights-delay' as const, asOf: '2013-02-08T00:00:00.000Z' };
/** Every third flight: enough to judge, and quick. */
const flights = `(SELECT * FROM ${months('flights-delay', '2013-01-01', '2013-02-08')} WHERE flight_id % 3 = 0)`;
const autumn = { model: 'electricity-price' as const, asOf: '1997-12-01T00:00:00.000Z' };
const electricity = months('electricity-price', '1997-08-01', '1997-12-01');
const use =
  (...names: string[]) =>
  (config: ModelConfig) =>
    void config.features.use.push(...names);
const category = (name: string) => (config: ModelConfig) => {
  config.features.use.push(name);
  config.features.categories.columns.push(name);
};
const known = "SELECT count(arrived_late) FROM raw WHERE event_ts < '2013-02-07'";

test('nothing in the shipped data sets is taken for a leak', async () => {
  const all = months('flights-delay', '2013-01-01', '2013-03-01');
  const later = { ...winter, asOf: '2013-03-01T00:00:00.000Z' };
  expect((await judge(leakageFindings, { ...later, sql: `SELECT * FROM ${all}` })).fired).toEqual([]);
  expect((await judge(leakageFindings, { ...autumn, sql: `SELECT * FROM ${electricity}` })).fired).toEqual([]);
});

const twins: [string, typeof winter | typeof autumn, string, (config: ModelConfig) => void, string, string][] = [
  [
    'the label in other words',
    winter,
    `SELECT *, CASE arrived_late WHEN 1 THEN 'late' WHEN 0 THEN 'fine' END AS mood FROM ${flights}`,
    category('mood'),
    'label_copy mood: reject',
    known,
  ],
  [
    'a column that is filled only when the answer is yes',
    winter,
    `SELECT *, CASE WHEN arrived_late = 1 THEN 7 END AS gate_agent FROM ${flights}`,
    use('gate_agent'),
    'label_copy gate_agent: reject',
    known,
  ],
  [
    'a score of the delay',
    winter,
    `SELECT *, arr_delay_min * arr_delay_min * sign(arr_delay_min) AS pain FROM ${flights}`,
    use('pain'),
    'predicts_label pain: reject',
    known,
  ],
  [
    'a score that no order shows',
    winter,
    `SELECT *, CASE WHEN arrived_late = 1 THEN flight_id % 40 ELSE flight_id % 40 + CASE WHEN flight_id % 2 = 0 THEN 100 ELSE -100 END END AS odd FROM ${flights}`,
    use('odd'),
    'predicts_label odd: reject',
    known,
  ],
  [
    'a noisy copy',
    winter,
    `SELECT *, arrived_late + (flight_id * 7919 % 1000) / 720.0 AS hint FROM ${flights}`,
    use('hint'),
    'predicts_label hint: warn',
    known,
  ],
  [
    'an outcome under another name',
    winter,
    `SELECT *, arr_delay_min AS gate_delay FROM ${flights}`,
    use('gate_delay'),
    'outcome_copy gate_delay: reject',
    known,
  ],
  [
    'an outcome in hours',
    winter,
    `SELECT *, 5 - arr_delay_min / 60.0 AS hours FROM ${flights}`,
    use('hours'),
    'outcome_copy hours: reject',
    known,
  ],
  [
    'a plan that is later than the event',
    winter,
    `SELECT *, label_available_at AS landed FROM ${flights}`,
    (config) =>
      void Object.assign(config.features.sql, {
        minutes: { type: 'int32', expr: "date_diff('minute', event_ts, landed) % 7" },
      }),
    'newer_than_event landed: warn',
    'SELECT count(*) FROM raw WHERE landed > event_ts',
  ],
  [
    'training rows under new ids in the holdout',
    winter,
    `SELECT * FROM ${flights} UNION ALL SELECT * REPLACE (flight_id + 900000 AS flight_id, event_ts + INTERVAL 21 DAY AS event_ts, label_available_at + INTERVAL 21 DAY AS label_available_at)
     FROM ${flights} WHERE event_ts < '2013-01-12' AND flight_id % 4 = 0 AND event_ts >= '2013-01-05'`,
    () => {},
    'shared_rows: warn',
    "SELECT count(*) FROM raw WHERE flight_id > 900000 AND event_ts >= '2013-01-24' AND event_ts < '2013-02-07'",
  ],
  [
    'the price that the label is computed from, under another name',
    autumn,
    `SELECT *, nsw_price AS spot FROM ${electricity}`,
    use('spot'),
    'outcome_copy spot: reject',
    "SELECT count(price_up) FROM raw WHERE event_ts < '1997-11-30 23:00'",
  ],
  [
    'the price that the label is computed from, with nobody having said that it is an outcome',
    autumn,
    `SELECT * FROM ${electricity}`,
    (config) => {
      config.data.outcomes = [];
      config.features.use.push('nsw_price');
    },
    'predicts_label nsw_price: reject',
    "SELECT count(price_up) FROM raw WHERE event_ts < '1997-11-30 23:00'",
  ],
];

const page = readFileSync(join(project, 'docs/reference/validation-rules.md'), 'utf8');

test.each(twins)('%s is found, once, with its exact count', async (name, around, sql, configure, expected, count) => {
  const all = (config: ModelConfig) => {
    configure(config);
    config.data.leakage = { ...USUAL_LEAKAGE_LIMITS, sample_rows: 100_000 };
  };
  const { findings, number } = await judge(leakageFindings, { ...around, sql, configure: all, ask: { count } });
  const told = findings.map(
    ({ rule, column, severity }) => `${rule}${column === null ? '' : ` ${column}`}: ${severity}`,
  );
  expect(told).toEqual([expected]);
  expect(findings[0]?.count).toBe(number['count']);
  expect(findings[0]?.sentence).toMatch(/\. (If|Remove|Look|Deliver) .*\.$|: .*\.$/);
  const first = twins.find(([, , , , other]) => other.split(/[ :]/)[0] === expected.split(/[ :]/)[0]);
  if (first?.[0] === name) expect(page).toContain(`\n> ${findings[0]?.sentence}\n`);
});

test('the same ids in training and holdout are told where a rule lets them in', async () => {
  const sql = `SELECT * FROM ${flights} UNION ALL SELECT * REPLACE (event_ts + INTERVAL 21 DAY AS event_ts, 'XX' AS carrier) FROM ${flights} WHERE event_ts < '2013-01-06' AND event_ts >= '2013-01-05'`;
  const copies = "SELECT count(*) - count(DISTINCT flight_id) FROM raw WHERE event_ts < '2013-02-07'";
  const letIn = (config: ModelConfig) => void config.data.rules.push({ unique: ['flight_id'], severity: 'warn' });
  const { findings, number } = await judge(leakageFindings, { ...winter, sql, configure: letIn, ask: { copies } });
  expect(findings).toMatchObject([{ rule: 'shared_rows', column: 'flight_id', count: number['copies'] }]);
  expect((await judge(leakageFindings, { ...winter, sql })).fired).toEqual([]); // the rule on ids speaks for itself
});

test('a regression is judged by ranks, several classes by the most common one', async () => {
  const regression = (config: ModelConfig) => {
    config.task = 'regression';
    Object.assign(config.data, {
      label: { ...config.data.label, column: 'arr_delay_min' },
      outcomes: ['arrived_late'],
    });
    delete config.data.label.positive;
    config.features.use.push('pain', 'copy');
  };
  const sql = `SELECT *, exp(arr_delay_min / 300.0) AS pain, arr_delay_min AS copy FROM ${flights}`;
  expect((await judge(leakageFindings, { ...winter, sql, configure: regression })).fired).toEqual([
    'predicts_label pain',
    'label_copy copy',
  ]);
  const classes = (config: ModelConfig) => {
    config.task = 'multiclass';
    Object.assign(config.data, {
      label: { ...config.data.label, column: 'kind' },
      outcomes: ['arrived_late', 'arr_delay_min'],
    });
    delete config.data.label.positive;
    category('words')(config);
  };
  const kinds = `SELECT *, 'k' || kind AS words FROM (SELECT *, CASE WHEN arr_delay_min > 60 THEN 2 WHEN arr_delay_min > 0 THEN 1 WHEN arr_delay_min IS NOT NULL THEN 0 END AS kind FROM ${flights})`;
  expect((await judge(leakageFindings, { ...winter, sql: kinds, configure: classes })).fired).toEqual([
    'label_copy words',
  ]);
});

test('a handful of rows is not judged, and grades and limits come from the model file', async () => {
  const [, around = winter, sql = '', configure = () => {}] = twins[0] ?? [];
  const few = `SELECT * FROM (${sql}) ORDER BY hash(flight_id) LIMIT 300`;
  expect((await judge(leakageFindings, { ...around, sql: few, configure })).fired).toEqual([]);
  const off = (config: ModelConfig) => {
    configure(config);
    config.data.checks = { label_copy: 'off', predicts_label: 'off' };
  };
  expect((await judge(leakageFindings, { ...around, sql, configure: off })).fired).toEqual([]);
  const { models } = await loadWorkspace(project);
  expect(models.get('electricity-price')?.config.data.leakage).toEqual(USUAL_LEAKAGE_LIMITS);
});

test('AUC with ties and rank correlation are those of scikit-learn and scipy', async () => {
  const published = JSON.parse(await readFile(new URL('./fixtures/skill.json', import.meta.url), 'utf8'));
  const { dir } = await surroundings();
  await withDuckDb({ tempDir: dir }, async (db) => {
    const rows = published.rows.map((row: (number | null)[]) => `(${row.map((value) => value ?? 'NULL').join(', ')})`);
    await db.run(
      `CREATE TABLE leak_sample AS SELECT y::DOUBLE AS label, x::DOUBLE AS f0, a::DOUBLE AS f1, m::DOUBLE AS f2, (row_number() OVER () % 5) AS fold FROM (VALUES ${rows.join(', ')}) t(y, x, a, m)`,
    );
    const sample: LeakSample = { db, rows: rows.length, limits: USUAL_LEAKAGE_LIMITS, features: [], outcomes: [] };
    const binary = { sql: 'label', kind: 'binary' as const };
    expect(await orderSkillOf(sample, 'f0', binary)).toBeCloseTo(published.auc, 12);
    expect(await orderSkillOf(sample, 'f2', binary)).toBeCloseTo(published.auc_missing, 12);
    expect(await orderSkillOf(sample, 'f0', { sql: 'f1', kind: 'number' })).toBeCloseTo(published.spearman, 12);
    expect(await skillOf(sample, '(row_number() OVER ())::VARCHAR', true, binary)).toBeCloseTo(0.5, 6); // an id tells nothing
  });
});
