import { expect, test } from 'vitest';
import { ConfigInvalid, ModelUnknown, WorkspaceMissing } from '../../src/config/errors.ts';
import { findWorkspace, loadWorkspace, modelOf } from '../../src/config/load.ts';
import { configSnapshot, configSnapshotSchema } from '../../src/config/snapshot.ts';
import { MODEL_FILE, ROOT, testWorkspace } from './workspace.ts';

test('the shipped workspace is valid, and values are parsed', async () => {
  const { models, hone } = await loadWorkspace(ROOT);
  const config = models.get('flights-delay')?.config;
  expect(hone.groups['ops-ml']).toContain('ana');
  expect(config?.gate.champion.margin).toEqual({
    roc_auc: { kind: 'absolute', value: 0.01 },
    log_loss: { kind: 'relative', value: 0.01 },
  });
  expect(config?.gate.champion.margin_to_anchor).toBe(2);
  expect(config?.triggers.performance.of).toEqual({ need: 2, of: 3 });
  expect(config?.training.limits.wall_clock, 'inherited from the defaults').toBe('PT1H');
});

test('all problems of all files are told at once, each with file, line and column', async () => {
  const workspace = await testWorkspace();
  await workspace.edit(MODEL_FILE, 'primary: roc_auc', 'primery: roc_auc');
  await workspace.edit(MODEL_FILE, 'seed: 7', 'seed: "7"');
  await workspace.edit(MODEL_FILE, 'validation: P7D', 'validation: 7 days');
  await workspace.edit('config/defaults.yaml', 'merge_window: PT10S', 'merge_windows: PT10S');
  await workspace.edit('config/hone.yaml', 'clock: wall', 'clock: sundial');
  const problems = await workspace.problems();
  const told = problems.map(({ file, line, column, path }) => `${file}:${line}:${column} ${path}`);
  const at = workspace.place;
  expect(told).toEqual([
    `config/defaults.yaml:${await at('config/defaults.yaml', 'merge_windows')} triggers.merge_windows`,
    `config/hone.yaml:${await at('config/hone.yaml', 'sundial')} clock`,
    `${MODEL_FILE}:${await at(MODEL_FILE, '7 days')} training.split.validation`,
    `${MODEL_FILE}:${await at(MODEL_FILE, '"7"')} training.seed`,
    `${MODEL_FILE}:${await at(MODEL_FILE, 'primery')} gate.primery`,
  ]);
});

test('an unknown key names the nearest known one', async () => {
  const workspace = await testWorkspace();
  await workspace.edit(MODEL_FILE, 'mature_after:', 'mature_afer:');
  const problem = (await workspace.problems()).find(({ path }) => path === 'data.label.mature_afer');
  expect(problem).toMatchObject({ hint: 'did you mean mature_after?' });
});

test('a known key at the wrong level is sent where it belongs', async () => {
  const workspace = await testWorkspace();
  await workspace.edit(MODEL_FILE, 'tier: standard', 'mature_after: PT24H\ntier: standard');
  expect(await workspace.problems()).toMatchObject([
    { path: 'mature_after', hint: 'it belongs at data.label.mature_after' },
  ]);
});

test('a misspelt key inside a rule is judged by the rule that was meant', async () => {
  const workspace = await testWorkspace();
  await workspace.edit(MODEL_FILE, 'between: [0, 1439]', 'betwen: [0, 1439]');
  const problems = await workspace.problems();
  expect(problems.find(({ path }) => path === 'data.rules[0].betwen')?.hint).toBe('did you mean between?');
  expect(problems).toHaveLength(1);
});

test('a value that is not allowed is shown as it was read, with what is allowed', async () => {
  const workspace = await testWorkspace();
  await workspace.edit(MODEL_FILE, 'type: parquet', 'type: parket');
  await workspace.edit(MODEL_FILE, 'of: 2 in 3', 'of: 3 in 2');
  const messages = (await workspace.problems()).map(({ message, hint }) => [message, hint]);
  expect(messages).toEqual([
    ['must be one of parquet, csv, jsonl, sql, command; read "parket"', 'did you mean parquet?'],
    ['the first number may not exceed the second; read "3 in 2" (a text)', undefined],
  ]);
});

test('two models with one name are refused, naming both files, also where they differ only in case', async () => {
  const workspace = await testWorkspace();
  await workspace.write('config/models/other.yaml', 'extends: flights-delay.yaml\nmodel: flights-delay\n');
  const [problem, ...more] = await workspace.problems();
  expect(more).toEqual([]);
  expect(problem?.file).toBe('config/models/other.yaml');
  expect(problem?.message).toBe(`the name flights-delay is already taken by ${MODEL_FILE}:3:8`);
  await workspace.write('config/models/other.yaml', 'extends: flights-delay.yaml\nmodel: Flights-Delay\n');
  expect((await workspace.problems()).map(({ path }) => path)).toEqual(['model', 'model']);
});

test('a problem that fifty models inherit from the defaults is told once', async () => {
  const workspace = await testWorkspace();
  await workspace.write('config/models/other.yaml', 'extends: flights-delay.yaml\nmodel: other\n');
  await workspace.edit('config/defaults.yaml', 'min_rows: 1000', 'min_rows: -1');
  expect(await workspace.problems()).toMatchObject([{ message: 'must be at least 0; read -1' }]);
});

test.each(['../x', 'a/b', '', '.', 'x'.repeat(300), 'a ', 'Größe', '🙂', 'CON', '-x'])(
  'the model name %j is refused',
  async (name) => {
    const workspace = await testWorkspace();
    await workspace.edit(MODEL_FILE, 'model: flights-delay', `model: ${JSON.stringify(name)}`);
    expect((await workspace.problems()).some(({ path }) => path === 'model')).toBe(true);
  },
);

test.each([
  ['seed: 7', 'seed: .nan'],
  ['seed: 7', 'seed: .inf'],
  ['seed: 7', 'seed: -1'],
  ['seed: 7', 'seed: 1e309'],
  ['mature_after: PT24H', 'mature_after: -P1D'],
  ['mature_after: PT24H', 'mature_after: P1M'],
  ['selective_labels: false', 'selective_labels: no'],
])('%s written as %s is refused, never coerced', async (from, to) => {
  const workspace = await testWorkspace();
  await workspace.edit(MODEL_FILE, from, to);
  expect(await workspace.problems()).toHaveLength(1);
});

test('a folder that is no workspace, and a model that is none, are said plainly', async () => {
  await expect(findWorkspace('/')).rejects.toThrow(WorkspaceMissing);
  const workspace = await loadWorkspace(ROOT);
  expect(() => modelOf(workspace, 'flight-delay')).toThrow(ModelUnknown);
  expect(() => modelOf(workspace, 'flight-delay')).toThrow('Did you mean flights-delay?');
});

test('the message for a person lists each problem on a line of its own and says that nothing changed', async () => {
  const workspace = await testWorkspace();
  await workspace.edit(MODEL_FILE, 'seed: 7', 'sed: 7');
  const error = await loadWorkspace(workspace.dir).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ConfigInvalid);
  expect((error as ConfigInvalid).exitCode).toBe(2);
  expect((error as ConfigInvalid).message).toBe(
    '1 problem in 1 configuration file:\n' +
      `  ${MODEL_FILE}:${await workspace.place(MODEL_FILE, 'sed: 7')}  training.sed: the key "sed" is unknown\n    did you mean seed?\n` +
      'Nothing was started or changed. Mend these lines, then run `hone config validate`.',
  );
});

test('a run gets a snapshot that reads back as it was, with only the groups that approve this model', async () => {
  const workspace = await testWorkspace();
  await workspace.edit('config/hone.yaml', 'groups:', 'groups:\n  strangers: [zoe]');
  const snapshot = configSnapshot(await loadWorkspace(workspace.dir), 'flights-delay');
  expect(Object.keys(snapshot.groups)).toEqual(['ops-ml']);
  expect(configSnapshotSchema.parse(JSON.parse(JSON.stringify(snapshot)))).toEqual(snapshot);
});

test('a snapshot from before a setting existed is read with the default that came with it; a stray key is still refused', async () => {
  const snapshot = configSnapshot(await loadWorkspace(ROOT), 'flights-delay');
  const stored = JSON.parse(JSON.stringify(snapshot));
  delete stored.model.gate.decision;
  delete stored.model.deploy.canary.max_wait;
  stored.model.gate.slices.columns = [];
  const read = configSnapshotSchema.parse(stored);
  expect(read.model.gate.decision).toEqual({ threshold: 0.5, alerts_per_day: null, value: null });
  expect(read.model.deploy).toEqual(snapshot.model.deploy);
  expect(read.model.gate.slices.columns).toEqual([]);
  stored.model.gate.dicision = {};
  expect(() => configSnapshotSchema.parse(stored)).toThrow(/dicision/);
});
