import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ModelConfig } from '../../src/config/model.ts';
import { rowsOf, withDuckDb } from '../../src/data/engine.ts';
import { parquetOf } from '../../src/data/sql-text.ts';
import { exportVersion } from '../../src/embedded/export.ts';
import { Predictor } from '../../src/embedded/loader/predictor.ts';
import { importPredictions } from '../../src/monitoring/log/log-import.ts';
import { keyedHash } from '../../src/monitoring/log/log-policy.ts';
import { readLog } from '../../src/monitoring/log/prediction-log.ts';
import type { RawRow } from '../../src/serving/contract.ts';
import { ROOT } from '../config/workspace.ts';
import { following, model, openServed, row, type Served } from '../serving/served.ts';

let served: Served;
let out: string;
let config: ModelConfig;
beforeAll(async () => {
  served = await openServed((edited) => {
    edited.monitoring.log = { sample: 1, keep: 'all_features', hash: [], retention: 'P30D' };
    config = edited;
  });
  await served.promote(1);
  out = join(served.dir, 'bundle');
  await exportVersion(input(out));
});
afterAll(() => served.close());

const input = (folder: string) => ({
  ...{ store: served.store, model, version: 1, out: folder, asOf: '2013-04-10T00:00:00.000Z' },
  cacheDir: join(served.dir, 'cache'),
});

/** What a program elsewhere does: another process, another folder, only the packages that the loader names. */
async function predictElsewhere(folder: string, rows: readonly RawRow[]): Promise<{ out: unknown; err: string }> {
  const elsewhere = join(served.dir, 'elsewhere');
  await mkdir(elsewhere, { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(served.dir, 'node_modules')).catch(() => undefined);
  await writeFile(join(elsewhere, 'rows.json'), JSON.stringify(rows));
  await writeFile(
    join(elsewhere, 'main.mjs'),
    `import { readFileSync } from 'node:fs';
     import { open } from ${JSON.stringify(join(folder, 'node.mjs'))};
     const predictor = await open().catch((error) => ({ predict: () => String(error.message) }));
     const rows = JSON.parse(readFileSync('rows.json', 'utf8'));
     console.log(JSON.stringify(await Promise.resolve(predictor.predict(rows)).catch((error) => error.message)));`,
  );
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['main.mjs'], { cwd: elsewhere });
  return { out: JSON.parse(stdout), err: stderr };
}

test('a program in another folder predicts from the bundle what the server answers, bit for bit', async () => {
  expect((await readdir(out)).sort()).toEqual(['browser.mjs', 'bundle.json', 'model.onnx', 'node.mjs']);
  const carriers = ['UA', 'AA', 'B6', '', null];
  const rows: RawRow[] = Array.from({ length: 500 }, (_, i) => ({
    ...row(i, { carrier: carriers[i % 5], distance: i % 9 === 0 ? null : i * 7 - 300, sched_dep_minute: i * 3 }),
  }));
  const node = await served.start();
  await node.until('version 1', following(1));
  const answers = await node.predict(...rows);
  const own = await predictElsewhere(out, rows);
  expect(own.out).toEqual(answers.map(({ prediction, decision }) => ({ prediction, decision })));
});

test('what a program recorded of its predictions is imported into the prediction log, features and all', async () => {
  const rows: RawRow[] = Array.from({ length: 20 }, (_, i) => row(i + 1001, { distance: i === 3 ? null : 100 * i }));
  const work = join(served.dir, 'recording');
  await mkdir(work, { recursive: true });
  await writeFile(join(work, 'rows.json'), JSON.stringify(rows));
  await writeFile(
    join(work, 'main.mjs'),
    `import { appendFileSync, readFileSync } from 'node:fs';
     import { open } from ${JSON.stringify(join(out, 'node.mjs'))};
     const predictor = await open();
     const rows = JSON.parse(readFileSync('rows.json', 'utf8'));
     const events = rows.map((row) => ({ inference_id: String(row.flight_id), event_time: row.event_ts, tail_number: row.tail_number }));
     const { records } = await predictor.predictAndRecord(rows, events);
     appendFileSync('predictions.jsonl', records.map((record) => JSON.stringify(record) + '\\n').join(''));`,
  );
  await promisify(execFile)(process.execPath, ['main.mjs'], { cwd: work });
  const imported = await importPredictions({
    ...{ store: served.store, config, file: join(work, 'predictions.jsonl'), nextVersion: 2, dryRun: false },
    columns: { id: 'inference_id', time: 'event_time', version: 'version', score: 'score' },
    ...{ asOf: '2013-04-11T00:00:00.000Z', recordedAt: Date.parse('2013-04-11T00:00:00Z') },
    ...{ cacheDir: join(served.dir, 'read'), workDir: served.dir, signal: new AbortController().signal },
    hashKey: () => Promise.resolve('secret'),
  });
  expect(imported).toMatchObject({
    rows: 20,
    recorded: 20,
    versions: [1],
    features: ['carrier', 'dep_hour', 'distance'],
  });
  const paths = await readLog(served.store, model, { cacheDir: join(served.dir, 'read') });
  const log = await withDuckDb({ tempDir: served.dir }, (db) =>
    rowsOf(db, `SELECT * FROM ${parquetOf(paths)} WHERE node = 'import' ORDER BY inference_id::INT`),
  );
  expect(log.map((one) => one['f_distance']).slice(0, 5)).toEqual([0, 100, 200, null, 400]);
  expect(log[2]).toMatchObject({
    inference_id: '1003',
    entity: keyedHash('secret', 'tail_number', 'N1003'),
    version: 1,
    arm: 'champion',
    f_dep_hour: 10,
    f_carrier: 'UA',
  });
});

test('without a DuckDB a loader names the features that are SQL, and predicts nothing', async () => {
  const bundle = JSON.parse(await readFile(join(out, 'bundle.json'), 'utf8'));
  await expect(Predictor.open(bundle, () => Promise.resolve([]), null)).rejects.toThrow(
    /SQL expressions \(dep_hour\) and no DuckDB was given, so nothing is predicted/,
  );
});

test('a row that does not fit is refused with row and field, as the server refuses it', async () => {
  const { out: answer } = await predictElsewhere(out, [row(1), { ...row(2), distance: 'far' }]);
  expect(answer).toMatch(/row.*1.*distance.*must be an integer/s);
});

test('a bundle whose model is another, or whose features come out otherwise, answers nothing', async () => {
  const damaged = join(served.dir, 'damaged');
  await exportVersion(input(damaged));
  const bundle = JSON.parse(await readFile(join(damaged, 'bundle.json'), 'utf8'));
  const minutes = JSON.stringify(bundle).replaceAll('// 60', '// 61');
  await writeFile(join(damaged, 'bundle.json'), minutes);
  expect((await predictElsewhere(damaged, [row(1)])).out).toMatch(
    /does not predict here as on the server: feature dep_hour/,
  );
  await writeFile(join(damaged, 'bundle.json'), JSON.stringify(bundle));
  await writeFile(join(damaged, 'model.onnx'), 'not a model');
  expect((await predictElsewhere(damaged, [row(1)])).out).toMatch(/model.onnx has sha256/);
});

test('the loader for browsers names no module of Node, and the bundle holds no real row', async () => {
  const text = await readFile(join(out, 'browser.mjs'), 'utf8');
  expect(text).not.toMatch(/node:|onnxruntime-node|@duckdb/);
  const bundle = JSON.parse(await readFile(join(out, 'bundle.json'), 'utf8'));
  expect(bundle.lineage.manifest).toMatch(/^[0-9a-f]{64}$/);
  expect(bundle.probes.length).toBe(24);
});

test('a folder that is something else is left as it is; an earlier bundle is replaced', async () => {
  const taken = join(served.dir, 'taken');
  await mkdir(taken);
  await writeFile(join(taken, 'thesis.txt'), 'years of work');
  await expect(exportVersion(input(taken))).rejects.toMatchObject({ code: 'HONE_EXPORT_FOLDER_TAKEN' });
  expect(await readdir(taken)).toEqual(['thesis.txt']);
  await expect(exportVersion(input(out))).resolves.toMatchObject({ version: 1 });
});
