/** Every model that the store knows: those whose files are gone keep their history. */
import type { ObjectStore } from '../store/object-store.ts';
import { FLEET } from './keys.ts';

const PREFIX = 'models/';

/** Names in ascending order. Looks at one key a model, however many each has. */
export async function listModels(store: ObjectStore): Promise<string[]> {
  const names = new Set<string>();
  for (let after: string | undefined = ''; after !== undefined; ) {
    const next: string | undefined = await firstModel(store, after);
    if (next !== undefined && next !== FLEET) names.add(next);
    // "0" follows "/": all keys of this model lie behind.
    after = next === undefined ? undefined : `${PREFIX}${next}0`;
  }
  return [...names].sort();
}

async function firstModel(store: ObjectStore, after: string): Promise<string | undefined> {
  for await (const key of store.list(PREFIX, { after })) return key.slice(PREFIX.length).split('/')[0];
  return undefined;
}
