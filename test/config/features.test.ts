import { expect, test } from 'vitest';
import { MODEL_FILE, testWorkspace } from './workspace.ts';

const week = (rest: string) => `windows: { w: { type: float32, length: P7D, delay: PT1H, doc: a week, ${rest} } }`;
const planes = (rest: string) => `joins: { planes: { path: planes.csv, valid_from: null, ${rest} } }`;
const seats = 'columns: { seats: { type: int32, doc: seats } }';

/** The section `features` of the shipped model with one more line. */
async function problemsWith(line: string, from = 'features:', to = 'features:') {
  const workspace = await testWorkspace();
  await workspace.edit(MODEL_FILE, from, to);
  await workspace.edit(MODEL_FILE, 'features:\n', `features:\n  ${line}\n`);
  return await workspace.problems();
}

test('joins and windows over what is known beforehand are valid', async () => {
  const join = planes(`key: { tail_number: tail }, ${seats}`);
  expect(await problemsWith(`${join}\n  ${week('by: [carrier], expr: avg(arrived_late), of_labels: true')}`)).toEqual(
    [],
  );
});

test.each([
  [
    'a label as key of a window',
    week('by: [arrived_late], expr: count(*)'),
    'features.windows.w.by[0]',
    'it is the label',
  ],
  ['the event time as key', week('by: [event_ts], expr: count(*)'), 'features.windows.w.by[0]', 'may not be a key'],
  [
    'an outcome as key of a join',
    planes(`key: { arr_delay_min: x }, ${seats}`),
    'features.joins.planes.key.arr_delay_min',
    'may not be a key',
  ],
  [
    'a window over labels that does not say so',
    week('by: [carrier], expr: avg(arrived_late)'),
    'features.windows.w.expr',
    'it is the label',
  ],
  [
    'a window of no length',
    week('by: [carrier], expr: count(*)').replace('P7D', 'PT0S'),
    'features.windows.w.length',
    'more than nothing',
  ],
  ['a window without a key', week('by: [], expr: count(*)'), 'features.windows.w.by', ''],
  [
    'a window without words',
    week('by: [carrier], expr: count(*)').replace('doc: a week, ', ''),
    'features.windows.w.doc',
    '',
  ],
  [
    'a window named like a feature',
    week('by: [carrier], expr: count(*)').replace('w:', 'dep_hour:'),
    'features.windows.dep_hour',
    'is a feature already',
  ],
  [
    'a join named like the windows',
    planes(`key: { tail_number: tail }, ${seats}`).replace('planes:', 'windows:'),
    'features.joins.windows',
    'kept for hone',
  ],
  [
    'a join of nothing',
    planes('key: { tail_number: tail }, columns: {}'),
    'features.joins.planes.columns',
    'at least one column',
  ],
  ['a join without a key', planes(`key: {}, ${seats}`), 'features.joins.planes.key', 'at least one column'],
  ['ready features that are computed too', 'precomputed: true', 'features.sql', 'must be empty'],
])('%s is refused at its own line', async (_, line, path, message) => {
  const problems = await problemsWith(line);
  expect(problems.map((problem) => problem.path)).toContain(path);
  const problem = problems.find((each) => each.path === path);
  expect(problem?.message).toContain(message);
  expect(problem?.line).toBeGreaterThan(1);
});

test('a window of labels needs the time at which labels become known', async () => {
  const line = week('by: [carrier], expr: avg(arrived_late), of_labels: true');
  const problems = await problemsWith(line, 'available_at: label_available_at', 'available_at: null');
  expect(problems.map(({ path }) => path)).toContain('features.windows.w.of_labels');
});
