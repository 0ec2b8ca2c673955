import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportVersion } from '../../src/embedded/export.ts';
import type { RawRow } from '../../src/serving/contract.ts';
import { ROOT } from '../config/workspace.ts';
import { following, model, openServed, row, type Served } from '../serving/served.ts';

let served: Served;
let out: string;
beforeAll(async () => {
  served = await openServed();
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
