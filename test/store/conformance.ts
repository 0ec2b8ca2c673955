/** What every store promises. Run against the filesystem and against a real S3 server. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openLedger } from '../../src/registry/ledger.ts';
import * as content from '../../src/store/content.ts';
import {
  ObjectConflict,
  ObjectCorrupt,
  ObjectKeyRefused,
  ObjectMissing,
  StoreUnreachable,
} from '../../src/store/errors.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { proveConditionalCreate } from '../../src/store/open-store.ts';
import { registration } from '../registry/requests.ts';

/** A store with nothing in it, and a way to damage an object behind its back. */
export interface Place {
  /** A further client of the same place, as another process would have. */
  open(): ObjectStore;
  /** The file that holds an object's bytes. */
  fileOf(key: string): string;
  close(): Promise<void>;
}

const bytes = (text: string) => Buffer.from(text);
const textOf = (body: Uint8Array) => Buffer.from(body).toString();

export function conformance(name: string, openPlace: () => Promise<Place>): void {
  describe(name, () => {
    let place: Place;
    let store: ObjectStore;
    let scratch: string;

    beforeEach(async () => {
      place = await openPlace();
      store = place.open();
      scratch = await mkdtemp(join(tmpdir(), 'hone-store-test-'));
    });
    afterEach(async () => {
      await place.close();
      await rm(scratch, { recursive: true, force: true });
    });

    test('an object is created once and stays what it was', async () => {
      expect(await store.create('a/b.json', bytes('first'))).toBe('created');
      expect(await store.create('a/b.json', bytes('second'))).toBe('exists');
      expect(textOf(await store.get('a/b.json'))).toBe('first');
      expect(await store.size('a/b.json')).toBe(5);
      expect(Math.abs(Date.now() - ((await store.writtenAt('a/b.json'))?.getTime() ?? 0))).toBeLessThan(60_000);
      expect(await store.writtenAt('a/none.json')).toBeUndefined();
    });

    test('of twenty writers that create one object at once, one wins and its bytes are kept', async () => {
      for (const key of ['race/1', 'race/2', 'race/3']) {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, i) => place.open().create(key, bytes(`writer ${i}`.padEnd(5000, '.')))),
        );
        expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
        expect(textOf(await store.get(key))).toBe(`writer ${outcomes.indexOf('created')}`.padEnd(5000, '.'));
      }
    });

    test('an object can be replaced, removed, and its absence is told apart from failure', async () => {
      await store.put('leases/x.json', bytes('1'));
      await store.put('leases/x.json', bytes('22'));
      expect(textOf(await store.get('leases/x.json'))).toBe('22');
      await store.remove('leases/x.json');
      await store.remove('leases/x.json');
      expect(await store.find('leases/x.json')).toBeUndefined();
      expect(await store.size('leases/x.json')).toBeUndefined();
      await expect(store.get('leases/x.json')).rejects.toThrow(ObjectMissing);
      await expect(store.download('leases/x.json', join(scratch, 'x'))).rejects.toThrow(ObjectMissing);
      expect(await readdir(scratch)).toEqual([]);
    });

    test('keys are listed in the order of their characters, below a prefix and after a key', async () => {
      const keys = ['l/a', 'l/b-1', 'l/b/1', 'l/b/2', 'l/b1', 'l/c/d/e', 'm/z', 'l=1/x'];
      await Promise.all(keys.map((key) => store.create(key, bytes(key))));
      expect(await collect(store.list('l/'))).toEqual(['l/a', 'l/b-1', 'l/b/1', 'l/b/2', 'l/b1', 'l/c/d/e']);
      expect(await collect(store.list('l/', { after: 'l/b/1' }))).toEqual(['l/b/2', 'l/b1', 'l/c/d/e']);
      expect(await collect(store.list('l/b/'))).toEqual(['l/b/1', 'l/b/2']);
      expect(await collect(store.list(''))).toEqual([...keys].sort());
      expect(await collect(store.list('nothing/'))).toEqual([]);
    });

    test('a local file is stored and comes back as a file', async () => {
      const body = Buffer.alloc(3_000_000, 'model');
      await writeFile(join(scratch, 'in'), body);
      expect(await store.create('files/in', { path: join(scratch, 'in') })).toBe('created');
      expect(await store.create('files/in', { path: join(scratch, 'in') })).toBe('exists');
      await store.download('files/in', join(scratch, 'sub', 'out'));
      expect(body.equals(await readFile(join(scratch, 'sub', 'out')))).toBe(true);
      await expect(store.create('files/none', { path: join(scratch, 'none') })).rejects.toThrow(/does not exist/);
      expect(await store.find('files/none')).toBeUndefined();
    });

    test.each([
      '../x',
      'a/../../x',
      '/etc/passwd',
      'a//b',
      'a/',
      '',
      '.',
      'a/./b',
      '..%2fx',
      '%2e%2e/x',
      'a\\..\\b',
      'a\0b',
      'a b',
      'café',
      '.hidden/x',
      `a/${'x'.repeat(300)}`,
    ])('the name %j is refused by every verb', async (key) => {
      await expect(store.create(key, bytes('x'))).rejects.toThrow(ObjectKeyRefused);
      await expect(store.put(key, bytes('x'))).rejects.toThrow(ObjectKeyRefused);
      await expect(store.find(key)).rejects.toThrow(ObjectKeyRefused);
      await expect(store.get(key)).rejects.toThrow(ObjectKeyRefused);
      await expect(store.size(key)).rejects.toThrow(ObjectKeyRefused);
      await expect(store.remove(key)).rejects.toThrow(ObjectKeyRefused);
      await expect(store.download(key, join(scratch, 'x'))).rejects.toThrow(ObjectKeyRefused);
      if (key !== '') await expect(collect(store.list(`${key}/`))).rejects.toThrow(ObjectKeyRefused);
    });

    test('the start-up test accepts it and leaves nothing behind', async () => {
      await proveConditionalCreate(store);
      expect(await collect(store.list(''))).toEqual([]);
    });

    test('one flipped bit in a stored blob is found on read, and the blob is never used', async () => {
      const stored = await content.putBlob(store, bytes('the model'.repeat(1000)), 'model.onnx');
      expect(textOf(await content.getBlob(store, stored.sha256))).toBe('the model'.repeat(1000));
      await flipBit(place.fileOf(content.blobKey(stored.sha256)));
      await expect(content.getBlob(store, stored.sha256)).rejects.toThrow(ObjectCorrupt);
      await expect(content.fetchBlob(store, stored.sha256, scratch)).rejects.toThrow(ObjectCorrupt);
      await expect(content.putBlob(store, bytes('the model'.repeat(1000)), 'model.onnx')).rejects.toThrow(
        ObjectCorrupt,
      );
    });

    test('a blob is fetched once by many readers, and a damaged cached copy is fetched again', async () => {
      await writeFile(join(scratch, 'in'), 'rows'.repeat(50_000));
      const stored = await content.putBlob(store, { path: join(scratch, 'in') }, 'rows.parquet');
      expect(await content.putBlob(store, { path: join(scratch, 'in') }, 'again')).toMatchObject({
        sha256: stored.sha256,
      });
      const cache = join(scratch, 'cache');
      const paths = await Promise.all(
        Array.from({ length: 8 }, () => content.fetchBlob(place.open(), stored.sha256, cache)),
      );
      expect(new Set(paths).size).toBe(1);
      await flipBit(paths[0] as string);
      expect(await content.sha256OfFile(await content.fetchBlob(store, stored.sha256, cache))).toBe(stored.sha256);
      expect(await readdir(join(cache, stored.sha256.slice(0, 2)))).toEqual([stored.sha256]);
    });

    test('a document is written once: again is no error, other content is a conflict', async () => {
      await content.putDocument(store, 'd/x.json', { b: 1, a: [true, null] });
      await content.putDocument(store, 'd/x.json', { a: [true, null], b: 1 });
      await expect(content.putDocument(store, 'd/x.json', { a: 2 })).rejects.toThrow(ObjectConflict);
      expect(textOf(await store.get('d/x.json'))).toBe('{"a":[true,null],"b":1}');
      const digest = await content.putByDigest(store, 'snapshots', { rows: 3 });
      expect(await content.getByDigest(store, 'snapshots', digest, z.object({ rows: z.number() }))).toEqual({
        rows: 3,
      });
      await expect(content.getDocument(store, 'd/x.json', z.object({ b: z.string() }))).rejects.toThrow(/b: /);
      expect(await content.findDocument(store, 'd/none.json', z.unknown())).toBeUndefined();
      await flipBit(place.fileOf(`snapshots/${digest}.json`));
      await expect(content.getByDigest(store, 'snapshots', digest, z.unknown())).rejects.toThrow(ObjectCorrupt);
    });

    test('twenty writers on one ledger: every append lands exactly once and the chain verifies', async () => {
      const effects = await Promise.all(
        Array.from({ length: 20 }, async (_, writer) => {
          const ledger = openLedger(place.open(), 'flights-delay');
          const ids = [`w${writer}/a`, `w${writer}/b`];
          for (const id of ids) await ledger.append(registration(id));
          return ids;
        }),
      );
      const ledger = openLedger(store, 'flights-delay');
      expect(await ledger.verify()).toMatchObject({ ok: true, entries: 40 });
      const written = (await collect(ledger.entries())).map((entry) => entry.effectId);
      expect([...written].sort()).toEqual(effects.flat().sort());
      expect((await ledger.state()).nextVersion).toBe(41);
    });

    test('an append whose answer was lost is found by its retry, also by another process', async () => {
      const forgetful = losingAnswers(place.open());
      await expect(openLedger(forgetful, 'flights-delay').append(registration('run/train/register'))).rejects.toThrow(
        StoreUnreachable,
      );
      await openLedger(place.open(), 'flights-delay').append(registration('somebody/else'));
      const again = await openLedger(store, 'flights-delay').append(registration('run/train/register'));
      expect(again).toMatchObject({ status: 'found', entry: { seq: 1 } });
      expect(await openLedger(store, 'flights-delay').verify()).toMatchObject({ ok: true, entries: 2 });
    });

    test('one flipped bit in an entry, or an entry taken away, is found', async () => {
      const ledger = openLedger(store, 'flights-delay');
      for (const id of ['a', 'b', 'c', 'd']) await ledger.append(registration(id));
      const third = place.fileOf('models/flights-delay/ledger/000000000003.json');
      const kept = await readFile(third);
      await writeFile(third, kept.toString().replace('"actor":"a test"', '"actor":"a tesu"'));
      expect(await ledger.verify()).toMatchObject({ ok: false });
      await store.remove('models/flights-delay/ledger/000000000003.json');
      expect(await ledger.verify()).toMatchObject({ ok: false, entries: 2 });
      await store.remove('models/flights-delay/ledger/000000000004.json');
      await expect(openLedger(store, 'flights-delay').head()).rejects.toThrow(/entry 4 was written once and is gone/);
    });
  });
}

/** Commits, then fails as if the answer had been lost, once. */
function losingAnswers(store: ObjectStore): ObjectStore {
  let lost = false;
  return Object.assign(Object.create(store) as ObjectStore, {
    find: store.find.bind(store),
    put: store.put.bind(store),
    create: async (key: string, body: Uint8Array) => {
      const outcome = await store.create(key, body);
      if (lost) return outcome;
      lost = true;
      throw new StoreUnreachable(store.uri, 'PUT', 'the answer was lost (planned)');
    },
  });
}

async function flipBit(path: string): Promise<void> {
  const body = await readFile(path);
  body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
  await writeFile(path, body);
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
