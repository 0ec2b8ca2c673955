/** Where the search of a run is kept: beside its record, from before its candidate is registered. */
import { modelFolder } from '../../registry/keys.ts';
import { findDocument, putDocument } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { type ModelSearch, modelSearch } from './contract.ts';

export async function keepSearch(store: ObjectStore, model: string, run: string, search: ModelSearch): Promise<void> {
  await putDocument(store, key(model, run), search);
}

/** Undefined for a run without a search, and before one has ended. */
export async function keptSearch(store: ObjectStore, model: string, run: string): Promise<ModelSearch | undefined> {
  return await findDocument(store, key(model, run), modelSearch);
}

function key(model: string, run: string): string {
  return `${modelFolder(model)}/runs/${run}/search.json`;
}
