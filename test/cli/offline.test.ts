/** What works, and what is refused how quickly, where Temporal is not there. */
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { freePort } from '../../src/local/ports.ts';
import { openLedger } from '../../src/registry/ledger.ts';
import { setLogicalClock } from '../../src/store/clock.ts';
import { ROOT } from '../config/workspace.ts';
import { tinyOnnx } from '../serving/tiny-model.ts';
import { MODEL, tellHistory, workspace } from './story.ts';

/** A workspace whose Temporal address nobody listens on, on a logical clock. */
async function offline(asOf = '2013-04-12T06:00:00Z') {
  const place = await workspace();
  const file = join(place.dir, 'config', 'hone.yaml');
  const hone = parse(await readFile(file, 'utf8'));
  hone.temporal.address = `127.0.0.1:${await freePort()}`;
  hone.clock = 'logical';
  await writeFile(file, stringify(hone));
  await setLogicalClock(place.store, asOf);
  return place;
}

test.each([
  ['run', 'list'],
  ['run', 'start', MODEL],
  ['run', 'cancel', `${MODEL}-000001`],
  ['approve', `${MODEL}-000001`, '--packet', '1f3a9c2e', '--by', 'ana'],
  ['rollout', 'abort', `${MODEL}-000001`],
  ['monitor', 'run', MODEL],
  ['config', 'apply'],
])('hone %s %s says in seconds that Temporal does not answer, and ends with 69', async (...argv) => {
  const { hone, store } = await offline();
  await tellHistory(store);
  const before = (await openLedger(store, MODEL).head())?.seq;
  const started = performance.now();
  const said = await hone(...argv, '--json');
  expect(said.code).toBe(69);
  expect(JSON.parse(said.out).error).toMatchObject({ code: 'HONE_TEMPORAL_UNREACHABLE', retryable: true });
  expect(said.err).toContain('does not answer');
  expect(performance.now() - started).toBeLessThan(5000);
  expect((await openLedger(store, MODEL).head())?.seq).toBe(before);
});

test('what is wrongly asked for is refused with 2 before Temporal is looked for', async () => {
  const { hone } = await offline();
  const wrong = [
    ['run', 'start', 'flights-dely'],
    ['run', 'start', MODEL, '--kind', 'whim'],
    ['run', 'start', MODEL, '--evidence', '[1]'],
    ['run', 'watch', `${MODEL}-000001`, '--timeout', 'soon'],
    ['run', 'show', '../../etc/passwd-000001'],
    ['run', 'list', '--last', 'all'],
    ['approve', `${MODEL}-000001`, '--packet', '1f3a9c2e'],
    ['reject', `${MODEL}-000001`, '--packet', '1f3a9c2e', '--by', 'ana'],
    ['rollback', MODEL, '--to', 'yesterday', '--reason', 'x'],
    ['freeze', MODEL],
    ['freeze', MODEL, '--reason', 'x', '--until', '2013-01-01'],
    ['freeze', 'flights-dely', '--reason', 'x'],
    ['monitor', 'show', MODEL],
    ['packet', 'show', `${MODEL}-000001`],
    ['reproduce', MODEL],
  ];
  for (const argv of wrong) {
    const { code, out, err } = await hone(...argv);
    expect({ argv, code, out }).toEqual({ argv, code: 2, out: '' });
    expect(err).not.toBe('');
  }
});

test('a rollback to a version that cannot be loaded is refused before anything moves, and the dry run says so', async () => {
  const { hone, store } = await offline();
  const ledger = await tellHistory(store);
  const dry = JSON.parse((await hone('rollback', MODEL, '--dry-run', '--json')).out);
  expect(dry).toMatchObject({ dry_run: true, to: 1, would_cancel: `${MODEL}-000003` });
  expect(dry.problem).toMatch(/^Version 1 .* was loaded in a process of its own before anything was moved, and failed/);
  expect(dry.targets).toMatchObject([{ version: 1, default: true }]);

  const before = await ledger.head();
  const back = await hone('rollback', MODEL, '--reason', 'complaints', '--by', 'dana');
  expect(back).toMatchObject({ code: 3, out: '' });
  expect(back.err).toContain('Nothing was changed, what is served stays served');
  expect(await ledger.head()).toEqual(before);
});

test('the record of an ended run is shown from the store', async () => {
  const { hone, store } = await offline();
  const record = {
    ...{ model: MODEL, run: `${MODEL}-000001`, as_of: '2013-03-01T00:00:00.000Z', trigger: 'manual' },
    ...{ outcome: 'rejected_by_gate', version: 1, sentence: 'Not promoted: calibration is worse.' },
    stages: [{ stage: 'ingest', started: '2013-03-01T00:00:00.000Z', ended: '2013-03-01T00:00:02.000Z' }],
    messages: [],
    ended_at: '2013-03-01T00:01:00.000Z',
  };
  await store.put(`models/${MODEL}/runs/${record.run}/record.json`, Buffer.from(JSON.stringify(record)));
  const shown = await hone('run', 'show', record.run);
  expect(shown).toMatchObject({ code: 0, err: '' });
  expect(shown.out).toContain('rejected_by_gate: Not promoted: calibration is worse.');
  expect((await hone('run', 'watch', record.run)).code).toBe(4);
});

test('a model from elsewhere becomes a version, once, and can be the first champion', async () => {
  const { dir, hone, store } = await offline('2013-01-20T00:00:00Z');
  await symlink(join(ROOT, 'examples'), join(dir, 'examples'));
  const file = join(dir, 'config', 'models', `${MODEL}.yaml`);
  const model = parse(await readFile(file, 'utf8'));
  model.data.source.path = 'examples/flights_nyc_2013/events/2013-01.parquet';
  model.features = {
    use: ['distance_miles', 'carrier'],
    sql: {},
    categories: { ...model.features.categories, columns: ['carrier'] },
  };
  model.gate.slices = { ...model.gate.slices, columns: ['origin'], critical: ['origin'] };
  await writeFile(file, stringify(model));
  const signature = {
    contract: 1,
    task: 'binary',
    numeric: ['distance_miles'],
    categorical: ['carrier'],
    output: 'score',
    classes: null,
  };
  const [onnx, json] = [join(dir, 'old.onnx'), join(dir, 'signature.json')];
  await writeFile(onnx, tinyOnnx({ weights: [0.0001], levels: { UA: 0.3 }, bias: -1 }));
  await writeFile(json, JSON.stringify(signature));
  const argv = ['registry', 'import', MODEL, onnx, '--signature', json, '--by', 'dana'] as const;

  const imported = await hone(...argv, '--json');
  expect(imported.code).toBe(0);
  expect(JSON.parse(imported.out)).toEqual({
    ...{ model: MODEL, version: 1, found: false, champion: false, golden: 17, fit_end: '2013-01-20T00:00:00.000Z' },
  });
  expect(JSON.parse((await hone(...argv, '--champion', '--json')).out)).toMatchObject({ version: 1, found: true });
  const state = await openLedger(store, MODEL).state();
  expect(state).toMatchObject({ nextVersion: 2, aliases: { champion: { version: 1 } } });
  expect((await hone('registry', 'show', `${MODEL}/1`)).out).toContain('imported (manual)');
  expect((await hone('reproduce', `${MODEL}/1`)).code).toBe(2);

  await writeFile(json, JSON.stringify({ ...signature, categorical: ['origin'] }));
  await writeFile(onnx, tinyOnnx({ weights: [0.0002], levels: {}, bias: -1 }));
  const unfit = await hone(...argv);
  expect(unfit).toMatchObject({ code: 2, out: '' });
  expect(unfit.err).toContain('its categorical inputs are origin, while the features are carrier');
  await cp(join(ROOT, 'test/serving/fixtures/external-data.onnx'), onnx);
  expect((await hone(...argv)).code).toBe(3);
  await writeFile(onnx, Buffer.from([0x80, 0x04, 0x95, 0x10]));
  expect((await hone(...argv)).err).toContain('formats that can carry code are never loaded');
  expect((await openLedger(store, MODEL).state()).nextVersion).toBe(2);
});

test('a plan says what the next run would judge on, and leaves the store alone', async () => {
  const { dir, hone, store } = await offline('2013-02-20T00:00:00Z');
  await symlink(join(ROOT, 'examples'), join(dir, 'examples'));
  const keys = async () => {
    let count = 0;
    for await (const _ of store.list('')) count++;
    return count;
  };
  const before = await keys();
  const planned = JSON.parse((await hone('model', 'plan', MODEL, '--json')).out);
  expect(planned).toMatchObject({ run: `${MODEL}-000001`, champion: null, by_hand: { verdict: 'start' } });
  expect(planned.preview.judged_on).toMatchObject({
    from: '2013-02-05T00:00:00.000Z',
    to: '2013-02-19T00:00:00.000Z',
    days: 14,
  });
  expect(planned.preview.gate.every(({ enough }: { enough: boolean }) => enough)).toBe(true);
  expect(await keys()).toBe(before);
});
