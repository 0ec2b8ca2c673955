/** Versions of the flights model registered and promoted under any name, as runs would have left them. */
import { readFile } from 'node:fs/promises';
import * as changes from '../../src/registry/changes.ts';
import type { Signature } from '../../src/registry/contract.ts';
import { openLedger, type Step } from '../../src/registry/ledger.ts';
import { writeVersion } from '../../src/registry/versions.ts';
import { FEATURE_DEFINITION_FILE, MODEL_FILE, type ServedDefinition } from '../../src/serving/contract.ts';
import { renewLease } from '../../src/serving/lease.ts';
import { putBlob } from '../../src/store/content.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

export interface Registered {
  readonly model: string;
  /** Digest of its configuration in the store. */
  readonly config: string;
  readonly signature: Signature;
  readonly served: ServedDefinition;
  /** Left out where nothing is served. */
  readonly modelPath?: string;
  /** Digest of a reference profile in the store. */
  readonly referenceProfile?: string;
  readonly asOf: string;
}

/** Version 1 of a model, champion from `asOf` on. */
export async function registerChampion(store: ObjectStore, registered: Registered): Promise<void> {
  await register(store, registered, 1);
  await promote(store, registered, 1);
}

export async function register(store: ObjectStore, registered: Registered, version: number): Promise<void> {
  const { model, config, asOf, signature, served, modelPath, referenceProfile = null } = registered;
  const manifest = await writeVersion(store, {
    ...{ contract: 1, model, version, run: null, trigger: 'manual', as_of: asOf, registered_at: asOf },
    ...{ code: { commit: '0'.repeat(40), dirty: false }, config, data: null, params: {}, seed: 7 },
    ...{ trainer: { name: 'lightgbm', digest: null }, environment: {}, geometry: null, fit_end: null },
    ...{ refit: 'judged', twin: null, metrics: {}, golden: [], champion: null, reference_profile: referenceProfile },
    signature,
    files: [
      ...(modelPath === undefined ? [] : [await putBlob(store, await readFile(modelPath), MODEL_FILE)]),
      await putBlob(store, Buffer.from(JSON.stringify(served)), FEATURE_DEFINITION_FILE),
    ],
  });
  await append(store, registered, `register-${version}`, changes.registerVersion({ version, run: null, manifest }));
}

export async function promote(store: ObjectStore, registered: Registered, version: number): Promise<void> {
  const what = `promote-${version}`;
  const change = { version, effectId: `bench/${what}`, as: 'better', as_of: registered.asOf, labels: null } as const;
  await append(store, registered, what, changes.promote(change));
}

/** Routes a share to a registered version, whose lease lasts for `leaseMs`. */
export async function routeCanary(
  store: ObjectStore,
  registered: Registered,
  { version, share, leaseMs }: { version: number; share: number; leaseMs: number },
): Promise<void> {
  const lease = `models/${registered.model}/leases/v${version}.json`;
  await renewLease(store, lease, leaseMs);
  const arm = { version, effectId: `bench/canary-${version}`, lease };
  await append(store, registered, `prepare-${version}`, changes.prepareRollout(arm));
  await append(store, registered, `share-${version}`, changes.stepRollout({ ...arm, share }));
}

async function append(store: ObjectStore, { model, asOf }: Registered, what: string, step: Step): Promise<void> {
  const entry = { effectId: `bench/${what}`, as_of: asOf, actor: 'bench', trust: 'system', why: what, step } as const;
  await openLedger(store, model).append(entry);
}
