/** What a run's delivery changed, kept beside the run's record: a comparison is no part of a snapshot's address. */
import { modelFolder } from '../../registry/keys.ts';
import { findDocument } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { type Changes, changes } from './contract.ts';

/** Replaces what an earlier look of the same run kept. */
export async function keepChanges(store: ObjectStore, model: string, run: string, found: Changes): Promise<void> {
  await store.put(key(model, run), Buffer.from(JSON.stringify(changes.parse(found), null, 1)));
}

/** Undefined for a run that has not ingested, or did before changes were kept. */
export async function keptChanges(store: ObjectStore, model: string, run: string): Promise<Changes | undefined> {
  return await findDocument(store, key(model, run), changes);
}

function key(model: string, run: string): string {
  return `${modelFolder(model)}/runs/${run}/changes.json`;
}
