/** A version of the flights model registered and promoted under any name, as a run would have left it. */
import { readFile } from 'node:fs/promises';
import type { ModelConfig } from '../../src/config/model.ts';
import { applyConfig, promote, registerVersion } from '../../src/registry/changes.ts';
import { openLedger, type Step } from '../../src/registry/ledger.ts';
import { writeVersion } from '../../src/registry/versions.ts';
import { FEATURE_DEFINITION_FILE, MODEL_FILE } from '../../src/serving/contract.ts';
import type { ScoreSource } from '../../src/serving/version-files.ts';
import { putBlob, putByDigest } from '../../src/store/content.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

export interface Registered {
  /** Its `model` names the model. */
  readonly config: ModelConfig;
  readonly source: ScoreSource;
  readonly asOf: string;
  /** Digest of a reference profile in the store. */
  readonly referenceProfile?: string;
}

/** Version 1 of `config.model`, champion from `asOf` on. */
export async function registerChampion(store: ObjectStore, registered: Registered): Promise<void> {
  const { config, source, asOf, referenceProfile = null } = registered;
  const { model } = config;
  const ledger = openLedger(store, model);
  const append = (what: string, step: Step) =>
    ledger.append({ effectId: `bench/${what}`, as_of: asOf, actor: 'bench', trust: 'system', why: what, step });
  const digest = await putByDigest(store, 'configs', { model: config, groups: {} });
  await append('apply', applyConfig(digest));
  const manifest = await writeVersion(store, {
    ...{ contract: 1, model, version: 1, run: null, trigger: 'manual', as_of: asOf, registered_at: asOf },
    ...{ code: { commit: '0'.repeat(40), dirty: false }, config: digest, data: null, params: {}, seed: 7 },
    ...{ trainer: { name: 'lightgbm', digest: null }, environment: {}, geometry: null, fit_end: null },
    ...{ refit: 'judged', twin: null, metrics: {}, golden: [], champion: null, reference_profile: referenceProfile },
    signature: source.signature,
    files: [
      await putBlob(store, await readFile(source.modelPath), MODEL_FILE),
      await putBlob(store, Buffer.from(JSON.stringify(source.served)), FEATURE_DEFINITION_FILE),
    ],
  });
  await append('register', registerVersion({ version: 1, run: null, manifest }));
  await append(
    'promote',
    promote({ version: 1, effectId: 'bench/promotion', as: 'better', as_of: asOf, labels: null }),
  );
}
