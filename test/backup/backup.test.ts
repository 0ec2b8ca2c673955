/** The drill: back up, lose the store, restore, predict; on a folder and on S3; and while others write. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contentKey } from '../../src/backup/contract.ts';
import { BackupDamaged, BackupMissing, BackupUnsettled, RestoreRefused } from '../../src/backup/errors.ts';
import { readBackup, restoreBackup } from '../../src/backup/restore.ts';
import { takeBackup } from '../../src/backup/take.ts';
import { startVersityGw, VersityGwMissing } from '../../src/local/versitygw.ts';
import * as changes from '../../src/registry/changes.ts';
import { hintKey } from '../../src/registry/keys.ts';
import { openLedger } from '../../src/registry/ledger.ts';
import { listVersions, readVersion } from '../../src/registry/versions.ts';
import { blobKey } from '../../src/store/content.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { following, model, openServed, row, type Served, scoreOf } from '../serving/served.ts';
import { collect } from '../store/conformance.ts';

let served: Served;
let dir: string;
let folders = 0;
let seconds = 0;
const signal = new AbortController().signal;
const quiet = () => undefined;
const newFolder = () => openStore(`file:${join(dir, `place-${++folders}`)}`);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-backup-test-'));
  served = await openServed();
  await served.promote(1);
  await served.promote(2);
  const { store } = served;
  await store.put(`models/${model}/log/date=2013-04-10/part-1.parquet`, Buffer.from('rows'));
  await store.put('nodes/n1.json', Buffer.from('{}'));
});
afterAll(async () => {
  await served.close();
  await rm(dir, { recursive: true, force: true });
});

function take(store: ObjectStore, place: ObjectStore, withoutData = false) {
  const at = new Date(Date.UTC(2026, 10, 22, 21, 0, ++seconds));
  return takeBackup({ store, place, at, withoutData, workDir: dir, onProgress: quiet, signal });
}

async function bringBack(place: ObjectStore, store: ObjectStore, id?: string) {
  const manifest = await readBackup(place, id);
  return await restoreBackup({ place, store, manifest, workDir: dir, onProgress: quiet, signal });
}

test('after the loss of the store, a restored one has the chain, the champion and its predictions', async () => {
  const place = newFolder();
  const manifest = await take(served.store, place);
  expect(manifest).toMatchObject({ id: expect.stringMatching(/^2026-11-22T2100\d\dZ$/), damaged: [] });
  expect(manifest.objects.map(({ key }) => key)).not.toContain('nodes/n1.json');

  const store = newFolder();
  expect(await bringBack(place, store)).toEqual([{ model, entries: 4, champion: 2, activeRun: null }]);
  expect(await openLedger(store, model).verify()).toMatchObject({ ok: true, entries: 4 });
  const node = await served.start({ store, cacheDir: join(dir, 'fresh-cache') });
  await node.until('the champion answers', following(2));
  expect((await node.predict(row(1)))[0]).toMatchObject({ version: 2, prediction: expect.closeTo(scoreOf(2), 6) });
  expect(await store.find(hintKey(model))).toBeDefined();
  await node.close();
});

const gateway = await startVersityGw().catch((error: unknown) => {
  if (error instanceof VersityGwMissing) return error;
  throw error;
});
if (gateway instanceof VersityGwMissing) {
  test.skip(`the same drill on S3: ${gateway.message}`, () => undefined);
} else {
  afterAll(() => gateway.stop());
  test('the same drill on S3, and the second backup sends nothing that the first has', async () => {
    process.env['AWS_ACCESS_KEY_ID'] = gateway.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = gateway.secretAccessKey;
    const client = new S3Client({ endpoint: gateway.endpoint, region: 'us-east-1', forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'hone-backup' }));
    client.destroy();
    const at = (prefix: string) => openStore(`s3://hone-backup/${prefix}?endpoint=${gateway.endpoint}`);
    const first = await take(served.store, at('backups'));
    const before = await collect(at('backups').list('content/'));
    const second = await take(served.store, at('backups'));
    expect(await collect(at('backups').list('content/'))).toEqual(before);
    expect(second.objects).toEqual(first.objects);

    const restored = await bringBack(at('backups'), at('new-store'), first.id);
    expect(restored).toEqual([{ model, entries: 4, champion: 2, activeRun: null }]);
    const again = await take(at('new-store'), newFolder());
    expect(again.objects).toEqual(first.objects);
  });
}

test('a backup under writers is the store as of one entry: nothing dangles, nothing is ahead of the ledger', async () => {
  const busy = await openServed();
  try {
    await busy.promote(1);
    let version = 1;
    const log = `models/${model}/log/date=2013-04-10`;
    await busy.store.put(`${log}/part-1.parquet`, Buffer.from('row of one subject, row of another'));
    let rewritten = 0;
    // All of it happens between any two steps of the backup that look at the store as a whole.
    const happening = async () => {
      version += 1;
      await busy.register(version);
      await busy.store.put(`models/${model}/runs/${changes.runId(model, version)}/reasons.json`, Buffer.from('[]'));
      await busy.store.put(`models/${model}/triggers/t${version}.json`, Buffer.from('{}'));
      if (rewritten === 0) {
        rewritten = version;
        await busy.store.put(`${log}/part-1b.parquet`, Buffer.from('row of another'));
        await busy.store.remove(`${log}/part-1.parquet`);
      }
    };
    const place = newFolder();
    const manifest = await take(between(busy.store, happening), place);
    expect(version).toBeGreaterThan(3);
    expect(manifest.damaged).toEqual([]);

    const store = newFolder();
    const [restored] = await bringBack(place, store);
    const state = await openLedger(store, model).state();
    expect(restored?.entries).toBeLessThan((await busy.ledger.head())?.seq ?? 0);
    const listed = await listVersions(store, model);
    expect(listed.length).toBe(state.nextVersion - 1);
    for (const { version: one, manifest: digest } of listed) {
      const { files } = await readVersion(store, model, one, digest);
      for (const { sha256 } of files) expect(await store.size(blobKey(sha256))).toBeDefined();
    }
    // Numbers that are given out again after the restore are free.
    expect(await collect(store.list(`models/${model}/runs/`))).toEqual([]);
    expect(await store.find(`models/${model}/versions/${state.nextVersion}/manifest.json`)).toBeUndefined();
    // Of a file and what replaced it, one.
    expect(await collect(store.list(`${log}/`))).toEqual([`${log}/part-1b.parquet`]);
  } finally {
    await busy.close();
  }
});

test('a store in which files go away in every pass has no backup, and the earlier one stays the newest', async () => {
  const busy = await openServed();
  try {
    await busy.promote(1);
    const place = newFolder();
    const { id } = await take(busy.store, place);
    let n = 0;
    const name = (i: number) => `models/${model}/labels/date=2013-04-10/${i}.parquet`;
    await busy.store.put(name(0), Buffer.from('labels'));
    const restless = between(busy.store, async () => {
      await busy.store.put(name(++n), Buffer.from('labels'));
      await busy.store.remove(name(n - 1));
    });
    await expect(take(restless, place)).rejects.toThrow(BackupUnsettled);
    expect((await readBackup(place)).id).toBe(id);
  } finally {
    await busy.close();
  }
});

test('without data a backup serves and proves its ledger, and holds no recorded row', async () => {
  const place = newFolder();
  const manifest = await take(served.store, place, true);
  expect(manifest.objects.filter(({ key }) => key.includes('/log/'))).toEqual([]);
  const store = newFolder();
  await bringBack(place, store);
  const { files } = await readVersion(store, model, 2);
  for (const { sha256 } of files) expect(await store.size(blobKey(sha256))).toBeDefined();
});

test('one changed bit in a backup, and nothing of it is restored', async () => {
  const folder = join(dir, 'bits');
  await mkdir(folder);
  const place = openStore(`file:${folder}`);
  const manifest = await take(served.store, place);
  const victim = manifest.objects.find(({ key }) => key.startsWith('blobs/'));
  if (!victim) throw new Error('a version has files');
  const path = join(folder, contentKey(victim.sha256));
  const body = await readFile(path);
  await rm(path);
  await writeFile(path, Buffer.concat([Buffer.from([(body[0] ?? 0) ^ 1]), body.subarray(1)]));
  const store = newFolder();
  await expect(bringBack(place, store)).rejects.toThrow(BackupDamaged);
  expect(await collect(store.list(''))).toEqual([]);
});

test('a store that holds anything else is left as it is; a restore that was cut off goes on', async () => {
  const place = newFolder();
  const manifest = await take(served.store, place);
  const other = newFolder();
  await other.put('models/electricity/ledger/000000000001.json', Buffer.from('{}'));
  await expect(bringBack(place, other)).rejects.toThrow(RestoreRefused);
  expect(await collect(other.list(''))).toEqual(['models/electricity/ledger/000000000001.json']);

  const half = newFolder();
  for (const { key, sha256 } of manifest.objects.slice(0, 3)) await half.put(key, await place.get(contentKey(sha256)));
  expect(await bringBack(place, half)).toMatchObject([{ champion: 2 }]);
  await expect(bringBack(newFolder(), newFolder())).rejects.toThrow(BackupMissing);
});

test('what is damaged in the store itself is named by the backup and not carried on as if it were whole', async () => {
  const hurt = await openServed();
  try {
    await hurt.promote(1);
    const [file] = (await readVersion(hurt.store, model, 1)).files;
    if (!file) throw new Error('a version has files');
    await hurt.store.put(blobKey(file.sha256), Buffer.from('something else'));
    const { damaged } = await take(hurt.store, newFolder());
    expect(damaged).toEqual([
      { key: blobKey(file.sha256), problem: expect.stringContaining('its content has sha256') },
    ]);
  } finally {
    await hurt.close();
  }
});

/** The store, in which something happens each time before it is listed. */
function between(store: ObjectStore, happening: () => Promise<void>): ObjectStore {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'list')
        return async function* (...args: Parameters<ObjectStore['list']>) {
          await happening();
          yield* target.list(...args);
        };
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
