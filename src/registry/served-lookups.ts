/** New lookups for the versions that are served, whenever newer data was accepted. */

import type { FeatureDefinition } from '../data/features/definition.ts';
import { materialiseLookups } from '../data/features/lookups.ts';
import type { RowsInput } from '../data/features/row-select.ts';
import { HoneError } from '../errors.ts';
import { FEATURE_DEFINITION_FILE, servedDefinition } from '../serving/contract.ts';
import { getBlob } from '../store/content.ts';
import { openLedger } from './ledger.ts';
import { readVersion } from './versions.ts';

export interface RefreshedLookup {
  readonly version: number;
  readonly definition: string;
  /** What stood in the way; null where the lookups are as of now. */
  readonly problem: string | null;
}

/**
 * Joins and windows of every loaded version as of `asOf`, each definition once. One that fails keeps its older lookups,
 * whose age stands on every prediction: what is served goes on.
 *
 * @param input `raw` is an accepted snapshot
 * @returns nothing for versions without joins and windows
 */
export async function refreshLookups(input: Omit<RowsInput, 'definition'>): Promise<RefreshedLookup[]> {
  const { store, config } = input;
  const { routing, aliases } = await openLedger(store, config.model).state();
  const pointed = Object.values(aliases).flatMap((pointer) => (pointer ? [pointer.version] : []));
  const refreshed: RefreshedLookup[] = [];
  for (const version of new Set([...routing.load, ...pointed])) {
    const definition = await definitionOf(input, version);
    if (definition === null || refreshed.some((one) => one.definition === definition.digest)) continue;
    try {
      if ((await materialiseLookups({ ...input, definition })) === null) continue;
      refreshed.push({ version, definition: definition.digest, problem: null });
    } catch (error) {
      input.signal?.throwIfAborted();
      if (!(error instanceof HoneError) || error.retryable) throw error;
      refreshed.push({ version, definition: definition.digest, problem: error.message });
    }
  }
  return refreshed;
}

async function definitionOf({ store, config }: Omit<RowsInput, 'definition'>, version: number) {
  const { files } = await readVersion(store, config.model, version);
  const file = files.find(({ name }) => name === FEATURE_DEFINITION_FILE);
  if (!file) return null;
  const served = servedDefinition.parse(JSON.parse(new TextDecoder().decode(await getBlob(store, file.sha256))));
  return served.definition as unknown as FeatureDefinition;
}
