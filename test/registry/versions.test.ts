import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as changes from '../../src/registry/changes.ts';
import type { VersionManifest } from '../../src/registry/contract.ts';
import { VersionMissing, VersionTaken } from '../../src/registry/errors.ts';
import { openLedger } from '../../src/registry/ledger.ts';
import { lineage } from '../../src/registry/lineage.ts';
import {
  allocateVersion,
  attest,
  listVersions,
  readAttestation,
  readVersion,
  versionStatus,
  writeVersion,
} from '../../src/registry/versions.ts';
import { putBlob } from '../../src/store/content.ts';
import { ObjectConflict, ObjectCorrupt, ObjectKeyRefused, ObjectMissing } from '../../src/store/errors.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { collect } from '../store/conformance.ts';
import { AS_OF, DIGEST, request } from './requests.ts';

const MODEL = 'flights-delay';
const RUN = changes.runId(MODEL, 1);
let folder: string;
let store: ObjectStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-versions-'));
  store = openStore(`file:${folder}`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function manifestOf(version: number, more: Partial<VersionManifest> = {}): Promise<VersionManifest> {
  return {
    contract: 1,
    model: MODEL,
    version,
    run: RUN,
    trigger: 'manual',
    as_of: AS_OF,
    registered_at: AS_OF,
    code: { commit: 'c0ffee', dirty: false },
    config: DIGEST,
    data: { raw: 'b'.repeat(64), features: 'c'.repeat(64), definition: 'd'.repeat(64) },
    params: { n_estimators: 80 },
    seed: 7,
    trainer: { name: 'lightgbm', digest: null },
    environment: { python: '3.11' },
    geometry: null,
    fit_end: AS_OF,
    refit: 'judged',
    twin: null,
    metrics: { roc_auc: 0.7 },
    files: [await putBlob(store, Buffer.from('graph'), 'model.onnx')],
    signature: { contract: 1, task: 'binary', numeric: ['x'], categorical: [], output: 'p', classes: null },
    golden: [{ numeric: [1.5], categorical: [], prediction: [0.25] }],
    reference_profile: null,
    champion: null,
    ...more,
  };
}

test('a version is written last and once, and a retry of its run finds it', async () => {
  const manifest = await manifestOf(1);
  const digest = await writeVersion(store, manifest);
  expect(await writeVersion(store, { ...manifest, registered_at: '2013-04-10T00:00:09.000Z' })).toBe(digest);
  expect(await readVersion(store, MODEL, 1, digest)).toEqual(manifest);
  expect(await allocateVersion(store, MODEL, 1, manifest)).toBe(1);
});

test('another run does not get the number that a dead run used', async () => {
  await writeVersion(store, await manifestOf(1));
  const other = { run: changes.runId(MODEL, 2), refit: 'judged' as const };
  await expect(writeVersion(store, await manifestOf(1, other))).rejects.toThrow(VersionTaken);
  await expect(writeVersion(store, await manifestOf(1, { run: null, trigger: 'manual' }))).rejects.toThrow(
    VersionTaken,
  );
  expect(await allocateVersion(store, MODEL, 1, other)).toBe(2);
  expect(await allocateVersion(store, MODEL, 1, { run: RUN, refit: 'full' })).toBe(2);
});

test('a version whose files are not stored does not come into being', async () => {
  const missing = { name: 'model.onnx', sha256: 'e'.repeat(64), bytes: 5 };
  await expect(writeVersion(store, await manifestOf(1, { files: [missing] }))).rejects.toThrow(ObjectMissing);
  const [stored] = (await manifestOf(1)).files;
  if (!stored) throw new Error('the manifest has a file');
  await expect(writeVersion(store, await manifestOf(1, { files: [{ ...stored, bytes: 4 }] }))).rejects.toThrow(
    ObjectCorrupt,
  );
  await expect(readVersion(store, MODEL, 1)).rejects.toThrow(VersionMissing);
});

test('a manifest that was changed behind the ledger is never used', async () => {
  const digest = await writeVersion(store, await manifestOf(1));
  const key = 'models/flights-delay/versions/1/manifest.json';
  await store.put(
    key,
    Buffer.from(
      Buffer.from(await store.get(key))
        .toString()
        .replace('"seed":7', '"seed":8'),
    ),
  );
  await expect(readVersion(store, MODEL, 1, digest)).rejects.toThrow(ObjectCorrupt);
});

test('an attestation is written once beside the version', async () => {
  await attest(store, MODEL, 1, 'gate', { verdict: 'pass' });
  await attest(store, MODEL, 1, 'gate', { verdict: 'pass' });
  await expect(attest(store, MODEL, 1, 'gate', { verdict: 'fail' })).rejects.toThrow(ObjectConflict);
  await expect(attest(store, MODEL, 1, '../../1/manifest', {})).rejects.toThrow(ObjectKeyRefused);
  expect(await readAttestation(store, MODEL, 1, 'gate')).toEqual({ verdict: 'pass' });
  expect(await readAttestation(store, MODEL, 1, 'packet')).toBeUndefined();
});

test('status, list and lineage tell the life of two versions from the ledger', async () => {
  const ledger = openLedger(store, MODEL);
  const write = (effectId: string, step: Parameters<typeof request>[1]) => ledger.append(request(effectId, step));
  const statuses = async () => {
    const entries = await collect(ledger.entries());
    return [versionStatus(entries, 1), versionStatus(entries, 2)];
  };
  await write(
    'owner/start',
    changes.startRun({ run: RUN, trigger: 'manual', config: DIGEST, as_of: AS_OF, now: AS_OF }),
  );
  for (const version of [1, 2]) {
    const manifest = await writeVersion(
      store,
      await manifestOf(version, version === 2 ? { refit: 'full', twin: 1 } : {}),
    );
    await write(`${RUN}/train/register-${version}`, changes.registerVersion({ version, run: RUN, manifest }));
  }
  expect(await statuses()).toEqual(['dev', 'dev']);
  await write(`${RUN}/gate/stage`, changes.stageVersion({ version: 1, packet: 'f'.repeat(64) }));
  expect(await statuses()).toEqual(['staging', 'dev']);
  const promote = (version: number, as: 'first' | 'better') => {
    const effectId = `${RUN}/deploy/promote-${version}`;
    return write(effectId, changes.promote({ version, effectId, as, as_of: AS_OF, labels: null }));
  };
  await promote(1, 'first');
  await promote(2, 'better');
  expect(await statuses()).toEqual(['archived', 'production']);
  const back = changes.rollBack({ to: 1, reason: 'x', automatic: false, effectId: 'ann/rollback', as_of: AS_OF });
  await write('ann/rollback', back);
  expect(await statuses()).toEqual(['production', 'rejected']);

  await attest(store, MODEL, 1, 'approval-1', { by: 'ann' });
  await attest(store, MODEL, 1, 'approval-2', { by: 'bob' });
  const traced = await lineage(store, MODEL, 'champion');
  expect(traced).toMatchObject({
    version: 1,
    status: 'production',
    aliases: ['champion'],
    commit: 'c0ffee',
    config: DIGEST,
    raw: 'b'.repeat(64),
    features: 'c'.repeat(64),
    definition: 'd'.repeat(64),
    run: RUN,
    packet: 'f'.repeat(64),
    approvals: [{ by: 'ann' }, { by: 'bob' }],
  });
  expect(traced.ledger.map((entry) => entry.kind)).toEqual([
    'run_started',
    'version_registered',
    'version_registered',
    'version_staged',
    'promoted',
    'promoted',
    'rolled_back',
  ]);
  expect(await lineage(store, MODEL, 2)).toMatchObject({ twin: 1, status: 'rejected', aliases: [], packet: null });
  await expect(lineage(store, MODEL, 'challenger')).rejects.toThrow(VersionMissing);
  await expect(lineage(store, MODEL, 3)).rejects.toThrow(VersionMissing);
  expect((await listVersions(store, MODEL)).map(({ version, status }) => [version, status])).toEqual([
    [1, 'production'],
    [2, 'rejected'],
  ]);
});
