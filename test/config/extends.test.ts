import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { KeyUnknown } from '../../src/config/errors.ts';
import { explain, shippedSettings } from '../../src/config/explain.ts';
import { loadWorkspace, modelOf } from '../../src/config/load.ts';
import { MODEL_FILE, ROOT, testWorkspace } from './workspace.ts';

const valueAt = async (dir: string, path: string) =>
  explain(modelOf(await loadWorkspace(dir), 'flights-delay'), path)[0];

test('each value is explained by the file and line that set it', async () => {
  const place = await (await testWorkspace()).place(MODEL_FILE, 'seed: 7');
  expect(await valueAt(ROOT, 'training.seed')).toEqual({
    path: 'training.seed',
    value: 7,
    file: MODEL_FILE,
    line: Number.parseInt(place, 10),
    own: true,
    shipped: false,
  });
  expect(await valueAt(ROOT, 'deploy.canary.error_share')).toMatchObject({
    value: '1%',
    file: 'config/defaults.yaml',
    own: false,
  });
});

test('records are merged and lists are replaced', async () => {
  const workspace = await testWorkspace();
  await workspace.edit(MODEL_FILE, 'steps: [5, 25, 50, 100], bake: PT30M', 'steps: [10, 100]');
  expect(await valueAt(workspace.dir, 'deploy.canary.steps')).toMatchObject({ value: [10, 100], own: true });
  expect(await valueAt(workspace.dir, 'deploy.canary.bake')).toMatchObject({ value: 'PT30M', own: false });
});

test('a record with another type replaces the inherited one as a whole', async () => {
  const workspace = await testWorkspace();
  await workspace.edit('config/defaults.yaml', '{ type: all_history }', '{ type: rolling, length: P90D }');
  expect(await workspace.problems()).toEqual([]);
  const { config } = modelOf(await loadWorkspace(workspace.dir), 'flights-delay');
  expect(config.training.window).toEqual({ type: 'all_history' });
});

test.each([
  ['../nowhere.yaml', 'cannot read config/nowhere.yaml: there is no such file'],
  ['../../../../etc/hosts', 'lies outside the workspace'],
  ['/etc/hosts', 'must be relative to this file'],
  ['flights-delay.yaml', 'files extend each other in a circle'],
])('extends: %s is refused with its place', async (target, message) => {
  const workspace = await testWorkspace();
  await workspace.edit(MODEL_FILE, 'extends: ../defaults.yaml', `extends: ${target}`);
  const problem = (await workspace.problems()).find(({ path }) => path === 'extends');
  expect(problem).toMatchObject({ file: MODEL_FILE, line: 2, column: 10 });
  expect(problem?.message).toContain(message);
});

test('explaining a value that is not there names the nearest one', async () => {
  const workspace = await loadWorkspace(ROOT);
  expect(() => explain(modelOf(workspace, 'flights-delay'), 'gate.flors')).toThrow(KeyUnknown);
  expect(() => explain(modelOf(workspace, 'flights-delay'), 'gate.flors')).toThrow('Did you mean gate.floors?');
});

test('what the defaults of an older workspace do not name is as hone ships it, and the explanation says so', async () => {
  const workspace = await testWorkspace();
  const defaults = parse(await readFile(join(workspace.dir, 'config/defaults.yaml'), 'utf8'));
  delete defaults.deploy.shadow;
  delete defaults.monitoring.service;
  defaults.triggers.merge_window = 'PT20S';
  await workspace.write('config/defaults.yaml', stringify(defaults));
  expect(await workspace.problems()).toEqual([]);
  const model = modelOf(await loadWorkspace(workspace.dir), 'flights-delay');
  const shipped = modelOf(await loadWorkspace(ROOT), 'flights-delay');
  expect(model.config.monitoring.service).toEqual(shipped.config.monitoring.service);
  expect(model.config.triggers.merge_window, 'what the workspace names stands').toBe('PT20S');
  expect(explain(model, 'monitoring.service')[0]).toMatchObject({
    file: '<hone>/config/defaults.yaml',
    line: expect.any(Number),
    own: false,
    shipped: true,
  });
  expect(explain(model, 'triggers.merge_window')[0]).toMatchObject({ shipped: false });
  expect(shippedSettings(model)).toContain('monitoring.service.p99_ms');
  expect(shippedSettings(shipped)).toEqual([]);
});

test('a model file that extends nothing stands on the shipped defaults; what has none is still asked for', async () => {
  const workspace = await testWorkspace();
  await workspace.edit(MODEL_FILE, 'extends: ../defaults.yaml', '# extends nothing');
  expect(await workspace.problems()).toEqual([]);
  await workspace.edit(MODEL_FILE, 'primary: roc_auc', '# none');
  expect(await workspace.problems()).toMatchObject([{ file: MODEL_FILE, path: 'gate.primary' }]);
});
