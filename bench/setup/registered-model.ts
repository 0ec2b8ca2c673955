/** A version of the flights model registered and promoted under any name, as a run would have left it. */
import { readFile } from 'node:fs/promises';
import { promote, registerVersion } from '../../src/registry/changes.ts';
import type { Signature } from '../../src/registry/contract.ts';
import { openLedger, type Step } from '../../src/registry/ledger.ts';
import { writeVersion } from '../../src/registry/versions.ts';
import { FEATURE_DEFINITION_FILE, MODEL_FILE, type ServedDefinition } from '../../src/serving/contract.ts';
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
  const { model, config, asOf, signature, served, modelPath, referenceProfile = null } = registered;
  const ledger = openLedger(store, model);
  const append = (what: string, step: Step) =>
    ledger.append({ effectId: `bench/${what}`, as_of: asOf, actor: 'bench', trust: 'system', why: what, step });
  const manifest = await writeVersion(store, {
    ...{ contract: 1, model, version: 1, run: null, trigger: 'manual', as_of: asOf, registered_at: asOf },
    ...{ code: { commit: '0'.repeat(40), dirty: false }, config, data: null, params: {}, seed: 7 },
    ...{ trainer: { name: 'lightgbm', digest: null }, environment: {}, geometry: null, fit_end: null },
    ...{ refit: 'judged', twin: null, metrics: {}, golden: [], champion: null, reference_profile: referenceProfile },
    signature,
    files: [
      ...(modelPath === undefined ? [] : [await putBlob(store, await readFile(modelPath), MODEL_FILE)]),
      await putBlob(store, Buffer.from(JSON.stringify(served)), FEATURE_DEFINITION_FILE),
    ],
  });
  await append('register', registerVersion({ version: 1, run: null, manifest }));
  await append(
    'promote',
    promote({ version: 1, effectId: 'bench/promotion', as: 'better', as_of: asOf, labels: null }),
  );
}
