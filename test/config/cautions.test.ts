import { expect, test } from 'vitest';
import { cautionSentence, cautionsOf, placedCautions } from '../../src/config/cautions.ts';
import { loadWorkspace, modelOf } from '../../src/config/load.ts';
import { MODEL_FILE, testWorkspace } from './workspace.ts';

const ALL = 'window: { type: all_history }';
const YEARLY = ['outcomes: [arr_delay_min]', 'season: yearly\n  outcomes: [arr_delay_min]'] as const;

async function cautions(window: string, season = true) {
  const workspace = await testWorkspace();
  await workspace.edit(MODEL_FILE, ALL, `window: ${window}`);
  if (season) await workspace.edit(MODEL_FILE, ...YEARLY);
  expect(await workspace.problems()).toEqual([]);
  const model = modelOf(await loadWorkspace(workspace.dir), 'flights-delay');
  expect(placedCautions(model)).toHaveLength(cautionsOf(model.config).length);
  return { model, workspace, found: placedCautions(model) };
}

test('a rolling window under a year is warned of where the file declares a yearly season, at its own line', async () => {
  const { found, model, workspace } = await cautions('{ type: rolling, length: P364D }');
  expect(found).toMatchObject([{ path: 'training.window.length', file: MODEL_FILE }]);
  expect(`${found[0]?.line}:${found[0]?.column}`).toBe(await workspace.place(MODEL_FILE, 'P364D'));
  expect(cautionsOf(model.config).map(cautionSentence)[0]).toMatch(
    /^training\.window\.length: data\.season says that the year repeats.*; read P364D\. To change it, write at least P365D/,
  );
});

test.each([
  ['{ type: since_break, min_rows: 1000, fallback: { type: rolling, length: P90D } }', 1],
  ['{ type: since_break, min_rows: 1000, fallback: { type: all_history } }', 0],
  ['{ type: rolling, length: P365D }', 0],
  ['{ type: all_history, decay: { half_life: P30D } }', 0],
])('a yearly season and the window %s give %i warnings', async (window, expected) => {
  expect((await cautions(window)).found).toHaveLength(expected);
});

test('without a declared season nothing is guessed', async () => {
  expect((await cautions('{ type: rolling, length: P42D }', false)).found).toEqual([]);
});

test.each([
  ['{ type: since_break, fallback: { type: all_history } }', 'training.window.min_rows'],
  ['{ type: since_break, min_rows: 10, fallback: { type: since_break } }', 'training.window.fallback.type'],
  ['{ type: since_break, min_rows: 10, fallback: { type: rolling, length: P5D } }', 'training.window.fallback.length'],
  ['{ type: rolling, length: P42D, decay: { half_life: P0D } }', 'training.window.decay.half_life'],
  ['{ type: all_history, decay: { halflife: P30D } }', 'training.window.decay.halflife'],
])('the window %s is refused at %s', async (window, path) => {
  const workspace = await testWorkspace();
  await workspace.edit(MODEL_FILE, ALL, `window: ${window}`);
  const problems = await workspace.problems();
  expect(problems.map((problem) => problem.path)).toContain(path);
  expect(problems.every(({ file, line }) => file === MODEL_FILE && line > 1)).toBe(true);
});
