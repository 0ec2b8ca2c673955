/** Verifying versions and collecting garbage, on a store with real tiny versions. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as changes from '../../src/registry/changes.ts';
import { GarbageInUse, GarbageTooYoung } from '../../src/registry/errors.ts';
import { findGarbage, removeGarbage } from '../../src/registry/garbage.ts';
import { type CheckedVersion, checkVersions } from '../../src/registry/version-check.ts';
import { readVersion } from '../../src/registry/versions.ts';
import { LoadedVersion } from '../../src/serving/loaded-version.ts';
import { fetchVersion } from '../../src/serving/version-files.ts';
import { blobKey, putBlob, putByDigest } from '../../src/store/content.ts';
import { model, openServed, type Served } from '../serving/served.ts';

let served: Served;
let loads = 0;
const used: Record<string, string> = {};

beforeAll(async () => {
  served = await openServed();
  const { store } = served;
  const file = await putBlob(store, Buffer.from('training rows'), 'train.parquet');
  const raw = await putByDigest(store, 'snapshots', { kind: 'raw', files: [file] });
  const features = await putByDigest(store, 'snapshots', { kind: 'features', raw, parts: [] });
  Object.assign(used, { file: blobKey(file.sha256), raw: `snapshots/${raw}.json` });
  await served.register(1, (manifest) => ({ ...manifest, data: { raw, features, definition: 'd'.repeat(64) } }));
  await served.promote(1);
  await served.promote(2);
});
afterAll(() => served.close());

async function check(): Promise<CheckedVersion[]> {
  const load = async (version: number) => {
    const { source } = await fetchVersion(served.store, model, version, join(served.dir, `load-${++loads}`));
    await (await LoadedVersion.load(source)).release();
  };
  return await checkVersions({ store: served.store, model, load });
}

test('whole versions are whole; a missing snapshot is a gap, and one bit in a model a problem', async () => {
  const { store } = served;
  expect(await check()).toEqual([
    { model, version: 1, status: 'archived', files: 2, problems: [], gaps: [] },
    { model, version: 2, status: 'production', files: 2, problems: [], gaps: [] },
  ]);

  const rows = await store.get(used['file'] ?? '');
  await store.remove(used['file'] ?? '');
  const [file] = (await readVersion(store, model, 2)).files;
  const key = blobKey(file?.sha256 ?? '');
  const whole = await store.get(key);
  await store.put(key, Buffer.concat([Buffer.from([(whole[0] ?? 0) ^ 1]), whole.subarray(1)]));
  const [first, second] = await check();
  expect(first).toMatchObject({ problems: [], gaps: [expect.stringContaining('names the file')] });
  expect(second).toMatchObject({ problems: [expect.stringContaining(`"${key}"`)], gaps: [] });
  await store.put(key, whole);
  await store.put(used['file'] ?? '', rows);
  expect((await check()).flatMap(({ problems, gaps }) => [...problems, ...gaps])).toEqual([]);
});

test('what nothing mentions goes when it is old and no run is active; what any record mentions stays', async () => {
  const { store } = served;
  const stray = await putBlob(store, Buffer.from('left by a dead run'), 'stray');
  const orphan = await putBlob(store, Buffer.from('rows of nobody'), 'rows');
  const snapshot = await putByDigest(store, 'snapshots', { kind: 'raw', files: [orphan] });
  const told = await putBlob(store, Buffer.from('named in a history only'), 'told');
  const payload = Buffer.from(JSON.stringify({ file: told.sha256 })).toString('base64');
  await store.put(`models/${model}/runs/${model}-000001/history.json`, Buffer.from(JSON.stringify({ data: payload })));
  const expected = [blobKey(stray.sha256), blobKey(orphan.sha256), `snapshots/${snapshot}.json`].sort();

  const graceMs = 14 * 86_400_000;
  const today = { store, graceMs, now: new Date() };
  const later = { store, graceMs, now: new Date(Date.now() + 15 * 86_400_000) };
  const keysOf = (garbage: readonly { key: string }[]) => garbage.map(({ key }) => key).sort();
  const young = await findGarbage(today);
  expect(keysOf(young.garbage)).toEqual(expected);
  expect(young.garbage.filter(({ due }) => due)).toEqual([]);
  expect(await removeGarbage({ ...today, by: 'kim' })).toEqual([]);
  await expect(findGarbage({ ...later, graceMs: 3_600_000 })).rejects.toThrow(GarbageTooYoung);

  const run = changes.runId(model, 1);
  const at = '2013-04-02T00:00:00.000Z';
  await served.change(
    'start',
    changes.startRun({ run, trigger: 'manual', config: 'c'.repeat(64), as_of: at, now: at }),
  );
  await expect(removeGarbage({ ...later, by: 'kim' })).rejects.toThrow(GarbageInUse);
  expect(await store.size(blobKey(stray.sha256))).toBeDefined();
  expect((await findGarbage(later)).active).toEqual([run]);
  await served.change('end', changes.releaseLock(run, 'a test'));

  expect(keysOf(await removeGarbage({ ...later, by: 'kim' }))).toEqual(expected);
  expect(await store.size(blobKey(told.sha256))).toBeDefined();
  expect(await store.size(used['raw'] ?? '')).toBeDefined();
  expect((await findGarbage(later)).garbage).toEqual([]);
  expect((await check()).flatMap(({ problems, gaps }) => [...problems, ...gaps])).toEqual([]);
});
