import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as changes from '../../src/registry/changes.ts';
import { LedgerConflict, LedgerDamaged, ModelNameRefused, RunFenced } from '../../src/registry/errors.ts';
import { openLedger } from '../../src/registry/ledger.ts';
import { ObjectMissing } from '../../src/store/errors.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { collect } from '../store/conformance.ts';
import { DIGEST, registration, request } from './requests.ts';

let folder: string;
let store: ObjectStore;
const open = () => openLedger(store, 'flights-delay');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-ledger-'));
  store = openStore(`file:${folder}`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('an empty ledger has no head, the initial state, and verifies', async () => {
  expect(await open().head()).toBeNull();
  expect(await open().state()).toEqual(changes.initialState());
  expect(await open().verify()).toEqual({ ok: true, entries: 0, head: null });
  await expect(open().read(1)).rejects.toThrow(ObjectMissing);
});

test('a change is written once, however often and by however many processes it is tried', async () => {
  const tries = await Promise.all(Array.from({ length: 10 }, () => open().append(registration('run/train/register'))));
  expect(tries.filter((answer) => answer.status === 'written')).toHaveLength(1);
  expect(new Set(tries.map((answer) => answer.entry.seq))).toEqual(new Set([1]));
  expect(await open().append(registration('run/train/register'))).toMatchObject({ status: 'found' });
  expect(await open().verify()).toMatchObject({ ok: true, entries: 1 });
});

test('one ledger object may be used by many callers at once', async () => {
  const ledger = open();
  await Promise.all(Array.from({ length: 20 }, (_, i) => ledger.append(registration(`e${i % 15}`))));
  expect(await open().verify()).toMatchObject({ ok: true, entries: 15 });
  expect((await collect(ledger.entries(12))).map((entry) => entry.seq)).toEqual([13, 14, 15]);
});

test('an effect is looked for after a seq only, also when older entries were not read yet', async () => {
  for (const id of ['a', 'b', 'c', 'd', 'e']) await open().append(registration(id));
  const ledger = open();
  expect(await ledger.find('e', 3)).toMatchObject({ seq: 5 });
  expect(await ledger.find('b', 3)).toBeNull();
  expect(await ledger.find('b')).toMatchObject({ seq: 2 });
  expect(await ledger.find('b', 2)).toBeNull();
  expect(await ledger.append({ ...registration('d'), sinceSeq: 3 })).toMatchObject({
    status: 'found',
    entry: { seq: 4 },
  });
});

test('a refused step writes nothing and says why, as a conflict', async () => {
  const refused = open().append(request('x', changes.unfreeze({ reason: 'x' })));
  await expect(refused).rejects.toThrow(LedgerConflict);
  await expect(refused).rejects.toMatchObject({ refused: 'the model is not frozen', exitCode: 6, retryable: false });
  expect(await open().head()).toBeNull();
});

test('a write of a run that is not the active one is fenced, but its own earlier write is found', async () => {
  const run = changes.runId('flights-delay', 1);
  const start = changes.startRun({
    run,
    trigger: 'manual',
    config: DIGEST,
    as_of: null,
    now: '2013-04-10T00:00:00.000Z',
  });
  await open().append(request('owner/start', start));
  const own = { ...registration(`${run}/train/register`), requireActiveRun: run };
  await open().append(own);
  await open().append(request('owner/release', changes.releaseLock(run, 'gone')));
  await expect(open().append({ ...own, effectId: `${run}/gate/stage` })).rejects.toThrow(RunFenced);
  expect(await open().append(own)).toMatchObject({ status: 'found' });
});

test('what was live at an instant is the state of the last entry until then', async () => {
  const ledger = open();
  await ledger.append({ ...registration('a'), as_of: '2013-01-01T00:00:00.000Z' });
  const { entry } = await ledger.append({ ...registration('b'), as_of: '2013-02-01T00:00:00.000Z' });
  expect((await ledger.stateAt('1999-01-01T00:00:00.000Z')).nextVersion).toBe(1);
  expect((await ledger.stateAt(entry.at)).nextVersion).toBe(3);
  expect((await ledger.stateAt('2013-01-15T00:00:00.000Z', { by: 'as_of' })).nextVersion).toBe(2);
  await expect(ledger.stateAt('yesterday')).rejects.toThrow(RangeError);
});

test('a hint that is old, damaged or gone costs probes, never truth', async () => {
  for (const id of ['a', 'b', 'c']) await open().append(registration(id));
  const hint = 'models/flights-delay/ledger-hint.json';
  for (const body of ['{"seq":1}', '{"seq":-5}', 'garbage']) {
    await store.put(hint, Buffer.from(body));
    expect(await open().head()).toMatchObject({ seq: 3 });
  }
  await store.remove(hint);
  expect(await open().append(registration('d'))).toMatchObject({ entry: { seq: 4 } });
});

test('nothing is appended to a chain that does not hold', async () => {
  for (const id of ['a', 'b', 'c']) await open().append(registration(id));
  const second = await store.get('models/flights-delay/ledger/000000000002.json');
  const changed = Buffer.from(second).toString().replace('"actor":"a test"', '"actor":"nobody"');
  await store.put('models/flights-delay/ledger/000000000002.json', Buffer.from(changed));
  await store.put('models/flights-delay/ledger-hint.json', Buffer.from('{"seq":1}'));
  await expect(open().append(registration('d'))).rejects.toThrow(LedgerDamaged);
  expect(await open().verify()).toMatchObject({ ok: false, entries: 2, problem: expect.stringContaining('entry 3') });
});

test('a step that makes an invalid state is a mistake in the program, and writes nothing', async () => {
  const wrong = request('x', (state) => ({ change: { kind: 'model_paused' }, state: { ...state, nextVersion: 0 } }));
  await expect(open().append(wrong)).rejects.toThrow(/nextVersion/);
  expect(await open().head()).toBeNull();
});

test.each(['../x', 'a/b', '', '.', 'A', 'x'.repeat(300), 'a\0', 'a ', '😀', 'con.', '%2e%2e'])(
  'the model name %j is refused before anything is read',
  (name) => {
    expect(() => openLedger(store, name)).toThrow(ModelNameRefused);
  },
);

test('the fleet has a ledger of its own', async () => {
  await openLedger(store, '_fleet').append(request('x', changes.freeze({ by: 'ann', reason: 'audit', until: null })));
  expect((await openLedger(store, '_fleet').state()).freeze?.by).toBe('ann');
});
