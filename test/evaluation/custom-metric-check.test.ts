/** Statements of `gate.metrics` are bound when the files are checked, not when a run has trained a model. */
import { expect, test } from 'vitest';
import { customMetricProblems } from '../../src/evaluation/custom-metric-check.ts';
import { flightsConfig } from '../data/surroundings.ts';

const problemsOf = async (sql: string) => {
  const config = await flightsConfig(({ gate }) => {
    gate.metrics = { own: { sql, better: 'lower' } };
  });
  const at = { file: 'config/models/flights-delay.yaml', line: 40, column: 12 };
  const origins = new Map([['gate.metrics.own.sql', { value: sql, at }]]);
  return await customMetricProblems({ config, file: at.file, origins });
};

test('a statement over label, score, decision, weight, slices and features is accepted', async () => {
  const good = `SELECT sum(weight * (score - label) ^ 2) / sum(weight) FROM predictions
    WHERE carrier = 'UA' AND dep_hour > 12 AND event_time > TIMESTAMP '2013-01-01' AND decision = 1`;
  expect(await problemsOf(good)).toEqual([]);
});

test('an unknown column is told with the place of the statement and the place in it', async () => {
  const [problem, ...others] = await problemsOf('SELECT avg(score)\n  - avg(lable) FROM predictions');
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ line: 40, column: 12, path: 'gate.metrics.own.sql' });
  expect(problem?.message).toContain('"lable" not found');
  expect(problem?.message).toContain('(line 2, column 9 of the statement)');
  expect(problem?.hint).toMatch(
    /^predictions has the columns id, entity, event_time, label, score, decision, weight, /,
  );
});

test.each([
  ['an outcome, which is no feature', 'SELECT avg(arr_delay_min) FROM predictions', '"arr_delay_min" not found'],
  [
    'a place far in a long line',
    `SELECT ${'avg(score) + '.repeat(30)}avg(scor) FROM predictions`,
    '(line 1, column 402 of the statement)',
  ],
  ['two columns', 'SELECT 1, 2 FROM predictions', 'it gives 2 columns, not one number'],
  ['two statements', 'SELECT 1; SELECT 2', 'The SQL of the statement does not run'],
  ['another file', "SELECT count(*) FROM read_csv('/etc/passwd')", 'Permission Error'],
])('%s is refused', async (_, sql, message) => {
  expect((await problemsOf(sql))[0]?.message).toContain(message);
});
