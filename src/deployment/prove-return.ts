/** Whether a version can take traffic again, asked before anything moves. Where an outside pipeline serves, only it can know. */
import { configSnapshotSchema } from '../config/snapshot.ts';
import { proveVersion } from '../serving/proven.ts';
import { getByDigest } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { outsideTarget } from './contract.ts';

/**
 * @param config digest of the model's configuration in the ledger
 * @throws VersionNotLoadable
 */
export async function proveReturn(
  place: { readonly store: ObjectStore; readonly cacheDir: string },
  { model, version, config }: { readonly model: string; readonly version: number; readonly config: string | null },
): Promise<void> {
  const known = config && (await getByDigest(place.store, 'configs', config, configSnapshotSchema).catch(() => null));
  if (known && outsideTarget(known.model.deploy.target)) return;
  await proveVersion(place, model, version);
}
