/** What a run was made from: its configuration, and data, code and seed of the version that it registered. */
import type { ModelConfig } from '../../config/model.ts';
import { configSnapshotSchema } from '../../config/snapshot.ts';
import type { LedgerEntry, VersionManifest } from '../../registry/contract.ts';
import { readVersion } from '../../registry/versions.ts';
import { findDocument } from '../../store/content.ts';
import type { Sources } from '../sources.ts';

export interface RunInputs {
  readonly config: string | null;
  /** Of the version that was judged; null before it is registered. */
  readonly manifest: VersionManifest | null;
}

export async function runInputs(sources: Sources, model: string, run: string): Promise<RunInputs> {
  const entries = await sources.entries(model);
  const own = entries.flatMap(({ change }) => ('run' in change && change.run === run ? [change] : []));
  const started = own.find((change) => change.kind === 'run_started');
  const version = registeredBy(own);
  return {
    config: started?.kind === 'run_started' ? started.config : null,
    manifest: version === null ? null : await readVersion(sources.store, model, version),
  };
}

/** The model file that a run began with and keeps; undefined where it is not in the store. @throws ObjectCorrupt */
export async function runConfig(sources: Sources, model: string, run: string): Promise<ModelConfig | undefined> {
  const entries = await sources.entries(model);
  const began = entries.find(({ change }) => change.kind === 'run_started' && change.run === run)?.change;
  if (began?.kind !== 'run_started') return undefined;
  return (await findDocument(sources.store, `configs/${began.config}.json`, configSnapshotSchema))?.model;
}

/** The first one: a refit comes after what was judged. */
function registeredBy(changes: readonly LedgerEntry['change'][]): number | null {
  const found = changes.find((change) => change.kind === 'version_registered');
  return found?.kind === 'version_registered' ? found.version : null;
}
