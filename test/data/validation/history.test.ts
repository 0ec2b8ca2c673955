/** The newest rows against the past: silent where nothing changed, exact where something did, never judging a handful. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadWorkspace } from '../../../src/config/load.ts';
import type { ModelConfig } from '../../../src/config/model.ts';
import { historyFindings } from '../../../src/data/validation/history/history.ts';
import { USUAL_LIMITS } from '../../../src/data/validation/history/limits.ts';
import { project } from '../surroundings.ts';
import { judge, type Model, months } from './judged.ts';

/** Odd days of a quarter, one after the other, then its even days: by design nothing changed between them. */
function oddThenEven(model: Model, from: string, to: string): string {
  const day = `date_diff('day', TIMESTAMPTZ '${from}', event_ts)`;
  const shift = `to_days((CASE WHEN ${day} % 2 = 0 THEN ${day} // 2 ELSE 45 + ${day} // 2 END - ${day})::INTEGER)`;
  return `(SELECT * REPLACE (event_ts + ${shift} AS event_ts, label_available_at + ${shift} AS label_available_at), ${day} % 2 = 1 AS fresh
    FROM ${months(model, from, to)})`;
}
const flights = oddThenEven('flights-delay', '2013-01-01', '2013-04-01');
const quarter = {
  model: 'flights-delay' as const,
  recentFrom: '2013-02-15T00:00:00.000Z',
  asOf: '2013-04-01T00:00:00.000Z',
};
const electricity = oddThenEven('electricity-price', '1997-06-01', '1997-08-30');
const summer = {
  model: 'electricity-price' as const,
  recentFrom: '1997-07-16T00:00:00.000Z',
  asOf: '1997-08-30T00:00:00.000Z',
};
const damaged = (rows: string, change: string) => `SELECT * REPLACE (${change}) FROM ${rows}`;

test('between odd and even days of both data sets nothing fires', async () => {
  const limits = (config: ModelConfig) => void Object.assign(config.data, { freshness: 'P7D' });
  expect(
    (await judge(historyFindings, { ...quarter, sql: `SELECT * FROM ${flights}`, configure: limits })).fired,
  ).toEqual([]);
  expect(
    (await judge(historyFindings, { ...summer, sql: `SELECT * FROM ${electricity}`, configure: limits })).fired,
  ).toEqual([]);
});

/** The median of the same span in the four weeks before, less the last `days` before 1 April. */
function missingRows(days: number): string {
  const rows = (weeks: number) =>
    `(SELECT count(*) FROM raw WHERE event_ts < TIMESTAMPTZ '2013-04-01' - INTERVAL ${7 * weeks} DAY
      AND event_ts >= TIMESTAMPTZ '2013-04-01' - INTERVAL ${7 * weeks + days} DAY)`;
  return `SELECT round(median(n) - ${rows(0)}) FROM (SELECT unnest([${[1, 2, 3, 4].map(rows).join(', ')}]) AS n)`;
}

const page = readFileSync(join(project, 'docs/reference/validation-rules.md'), 'utf8');

const twins: [string, typeof quarter | typeof summer, string, string, string, ((config: ModelConfig) => void)?][] = [
  [
    'a column that lost a fifth of its values',
    quarter,
    damaged(flights, 'CASE WHEN fresh AND flight_id % 5 = 0 THEN NULL ELSE humidity_pct END AS humidity_pct'),
    'missing_shift humidity_pct',
    'SELECT count(*) FROM recent WHERE humidity_pct IS NULL',
  ],
  [
    'a column whose gaps were filled',
    quarter,
    damaged(flights, 'CASE WHEN fresh THEN coalesce(wind_gust_mph, 0) ELSE wind_gust_mph END AS wind_gust_mph'),
    'missing_shift wind_gust_mph',
    'SELECT count(*) FROM recent WHERE wind_gust_mph IS NULL',
  ],
  [
    'a carrier that nobody knows',
    quarter,
    damaged(flights, "CASE WHEN fresh AND flight_id % 20 = 0 THEN 'Z' || flight_id % 3 ELSE carrier END AS carrier"),
    'new_categories carrier',
    'SELECT count(*) FROM recent WHERE carrier NOT IN (SELECT carrier FROM past)',
  ],
  [
    'a category that became an id',
    quarter,
    damaged(flights, 'CASE WHEN fresh THEN dest || flight_id % 100 ELSE dest END AS dest'),
    'level_jump dest',
    'SELECT count(DISTINCT dest) FROM recent',
  ],
  [
    'labels turned round',
    quarter,
    damaged(flights, 'CASE WHEN fresh THEN 1 - arrived_late ELSE arrived_late END AS arrived_late'),
    'label_rate arrived_late',
    "SELECT count(*) FROM recent WHERE arrived_late = 1 AND event_ts < '2013-03-31'",
  ],
  [
    'two days that are not there',
    quarter,
    `SELECT * FROM ${flights} WHERE event_ts::DATE NOT IN ('2013-03-05', '2013-03-09')`,
    'gap event_ts',
    'SELECT 2',
  ],
  [
    'a week with a quarter of its rows',
    quarter,
    `SELECT * FROM ${flights} WHERE event_ts < '2013-03-25' OR flight_id % 4 = 0`,
    'volume_week',
    missingRows(7),
  ],
  [
    'a day with a quarter of its rows',
    quarter,
    `SELECT * FROM ${flights} WHERE event_ts < '2013-03-31' OR flight_id % 4 = 0`,
    'volume_day',
    missingRows(1),
  ],
  [
    'an old delivery',
    { ...quarter, asOf: '2013-04-05T00:00:00.000Z' },
    `SELECT * FROM ${flights}`,
    'stale event_ts',
    'SELECT count(*) FROM raw',
    (config) => void Object.assign(config.data, { freshness: 'P2D', volume: { min_rows: 0, against_recent_past: 0 } }),
  ],
  [
    'near-duplicates of one carrier',
    quarter,
    `SELECT t.* REPLACE (${[
      'origin',
      'dest',
      'distance_miles',
      'sched_dep_minute',
      'sched_duration_min',
      'day_of_week',
      'plane_year',
      'plane_seats',
      'temp_f',
      'dew_point_f',
      'humidity_pct',
      'wind_speed_mph',
      'wind_gust_mph',
      'precip_in',
      'pressure_mb',
      'visibility_mi',
    ]
      .map(
        (name) =>
          `CASE WHEN t.fresh AND t.carrier = 'UA' AND t.flight_id % 2 = 0 THEN o.${name} ELSE t.${name} END AS ${name}`,
      )
      .join(', ')}) FROM ${flights} t, (SELECT * FROM ${flights} WHERE carrier = 'UA' ORDER BY flight_id LIMIT 1) o`,
    'flood carrier',
    `SELECT count(*) - count(DISTINCT hash(origin, dest, distance_miles, sched_dep_minute, sched_duration_min, day_of_week, plane_year, plane_seats, temp_f,
      dew_point_f, humidity_pct, wind_speed_mph, wind_gust_mph, precip_in, pressure_mb, visibility_mi)) FROM recent WHERE carrier = 'UA'`,
  ],
  [
    'half of the demand',
    summer,
    damaged(electricity, 'CASE WHEN fresh AND interval_id % 2 = 0 THEN NULL ELSE nsw_demand END AS nsw_demand'),
    'missing_shift nsw_demand',
    'SELECT count(*) FROM recent WHERE nsw_demand IS NULL',
  ],
  [
    'a day of electricity',
    summer,
    `SELECT * FROM ${electricity} WHERE event_ts::DATE <> '1997-08-03'`,
    'gap event_ts',
    'SELECT 1',
  ],
];

test.each(twins)(
  '%s: found alone, with its exact count and what to do',
  async (name, around, sql, rule, count, configure) => {
    const { fired, findings, number } = await judge(historyFindings, {
      ...around,
      sql,
      ask: { count },
      ...(configure ? { configure } : {}),
    });
    expect(fired).toEqual([rule]);
    expect(findings[0]?.count).toBe(number['count']);
    expect(findings[0]?.examples.length).toBeLessThanOrEqual(20);
    expect(findings[0]?.sentence).toMatch(/^["0-9A-Z].*[.;?] .*\.$/s);
    const first = twins.find(([, , , other]) => other.split(' ')[0] === rule.split(' ')[0]);
    if (first?.[0] === name) expect(page).toContain(`\n> ${findings[0]?.sentence}\n`);
  },
);

test('the same damage in a handful of rows is not judged', async () => {
  for (const [, around, sql, , , configure] of twins.filter(([, , , rule]) => !/^(stale|gap|volume)/.test(rule))) {
    const few = `SELECT * FROM (${sql}) WHERE NOT fresh OR hash(event_ts) % 150 = 0`;
    const off = (config: ModelConfig) => {
      configure?.(config);
      config.data.volume.against_recent_past = 0;
      config.data.checks = { ...config.data.checks, gap: 'off' };
    };
    expect((await judge(historyFindings, { ...around, sql: few, configure: off })).fired).toEqual([]);
  }
});

test('a category that older rows know is not new, and one that the log policy guards is not named', async () => {
  const sql = damaged(flights, "CASE WHEN fresh AND flight_id % 20 = 0 THEN 'ZZ' ELSE carrier END AS carrier");
  const named = await judge(historyFindings, { ...quarter, sql });
  expect(named.findings[0]?.examples).toEqual([expect.stringMatching(/^ZZ \(\d+ rows\)$/), 'OO (1 row)']);
  const hashed = await judge(historyFindings, {
    ...quarter,
    sql,
    configure: (config) => void config.monitoring.log.hash.push('carrier'),
  });
  expect(hashed.findings).toMatchObject([{ rule: 'new_categories', examples: [] }]);
  const older = `SELECT * FROM (${sql}) UNION ALL SELECT * REPLACE (-1 AS flight_id, 'ZZ' AS carrier, event_ts - INTERVAL 300 DAY AS event_ts, label_available_at - INTERVAL 300 DAY AS label_available_at)
    FROM (SELECT * FROM ${flights} LIMIT 1)`;
  expect((await judge(historyFindings, { ...quarter, sql: older })).fired).toEqual([]);
});

test('limits and grades come from the model file, and stored configurations without them have the defaults', async () => {
  const { models } = await loadWorkspace(project);
  expect(models.get('flights-delay')?.config.data.against_past).toEqual(USUAL_LIMITS);
  const [, , sql = ''] = twins[0] ?? [];
  const wide = await judge(historyFindings, {
    ...quarter,
    sql,
    configure: (config) => void Object.assign(config.data, { against_past: { ...USUAL_LIMITS, missing_change: 0.5 } }),
  });
  expect(wide.fired).toEqual([]);
  const off = await judge(historyFindings, {
    ...quarter,
    sql,
    configure: (config) => void Object.assign(config.data, { checks: { missing_shift: 'off' } }),
  });
  expect(off.fired).toEqual([]);
  const strict = await judge(historyFindings, {
    ...quarter,
    sql,
    configure: (config) => {
      config.data.checks = { missing_shift: 'reject' };
      delete config.data.against_past;
    },
  });
  expect(strict.findings).toMatchObject([{ severity: 'reject' }]);
});

test('hostile names and times from the end of days neither break nor delay a comparison', async () => {
  const name = 'we"ird\'); DROP TABLE aside; --';
  const quoted = `"${name.replaceAll('"', '""')}"`;
  const sql = `SELECT * EXCLUDE (humidity_pct), CASE WHEN fresh AND flight_id % 5 = 0 THEN NULL ELSE humidity_pct END AS ${quoted} FROM ${flights}
    UNION ALL BY NAME SELECT -1 AS flight_id, TIMESTAMPTZ '9999-12-31' AS event_ts, 'UA' AS carrier`;
  const hostile = (config: ModelConfig) => {
    config.features.use = config.features.use.map((one) => (one === 'humidity_pct' ? name : one));
  };
  const { findings } = await judge(historyFindings, { ...quarter, sql, configure: hostile });
  expect(findings.map(({ rule, column }) => [rule, column])).toEqual([['missing_shift', name]]);
  expect(findings[0]?.sentence).toContain('we\\"ird');
});
