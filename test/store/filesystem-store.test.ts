import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openLedger } from '../../src/registry/ledger.ts';
import { StoreAddressInvalid, StoreRefused } from '../../src/store/errors.ts';
import { openStore } from '../../src/store/open-store.ts';
import { collect, conformance } from './conformance.ts';

const newFolder = () => mkdtemp(join(tmpdir(), 'hone-fs-'));

conformance('the filesystem store', async () => {
  const folder = await newFolder();
  return {
    open: () => openStore(`file:${folder}`),
    fileOf: (key) => join(folder, key),
    close: () => rm(folder, { recursive: true, force: true }),
  };
});

test('a key cannot be an object and a folder at once', async () => {
  const folder = await newFolder();
  const store = openStore(`file:${folder}`);
  await store.create('a', Buffer.from('x'));
  await store.create('b/c', Buffer.from('x'));
  await expect(store.create('a/b', Buffer.from('x'))).rejects.toThrow(StoreRefused);
  await expect(store.create('b', Buffer.from('x'))).rejects.toThrow(StoreRefused);
  expect(await store.find('a/b')).toBeUndefined();
  expect(await store.find('b')).toBeUndefined();
  await rm(folder, { recursive: true });
});

test('files that dead writers left aside are never listed, and are removed after a day', async () => {
  const folder = await newFolder();
  await mkdir(join(folder, '.aside'));
  await writeFile(join(folder, '.aside', 'old'), 'half');
  await writeFile(join(folder, '.aside', 'young'), 'half');
  await utimes(join(folder, '.aside', 'old'), 0, 0);
  const store = openStore(`file:${folder}`);
  await store.create('a', Buffer.from('x'));
  expect(await readdir(join(folder, '.aside'))).toEqual(['young']);
  expect(await collect(store.list(''))).toEqual(['a']);
  await rm(folder, { recursive: true });
});

test.each([
  'file:',
  'ftp://x',
  '/tmp/x',
  's3://UPPER/x',
  's3://key:secret@bucket/x',
  's3://bucket/../x',
  's3://bucket/x?endpoint=nonsense',
  's3://bucket/x?regoin=eu',
])('the address %s is refused, without repeating a secret', (uri) => {
  expect(() => openStore(uri)).toThrow(StoreAddressInvalid);
  expect(() => openStore(uri)).not.toThrow(/secret/);
});

test('processes that write one ledger, one of them killed, lose no acknowledged change', async () => {
  const folder = await newFolder();
  const program = fileURLToPath(new URL('./ledger-writer.ts', import.meta.url));
  const writers = Array.from({ length: 3 }, (_, i) => {
    const child = spawn(process.execPath, ['--import', 'tsx', program, folder, `p${i}`, '30'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const acknowledged: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      acknowledged.push(...text.split('\n').filter(Boolean));
      if (i === 0 && acknowledged.length >= 10) child.kill('SIGKILL');
    });
    return { ended: once(child, 'close'), acknowledged };
  });
  await Promise.all(writers.map((writer) => writer.ended));
  const ledger = openLedger(openStore(`file:${folder}`), 'flights-delay');
  expect(await ledger.verify()).toMatchObject({ ok: true });
  const written = (await collect(ledger.entries())).map((entry) => entry.effectId);
  expect(new Set(written).size).toBe(written.length);
  for (const { acknowledged } of writers) expect(written).toEqual(expect.arrayContaining(acknowledged));
  expect(writers.slice(1).map((writer) => writer.acknowledged.length)).toEqual([30, 30]);
  await rm(folder, { recursive: true });
  await expect(access(folder)).rejects.toThrow();
});
