/** What time it is for the models: the wall clock, or in replays the logical clock that the store holds. */
import { z } from 'zod';
import type { HoneConfig } from '../config/hone.ts';
import { getDocument } from './content.ts';
import type { ObjectStore } from './object-store.ts';

const KEY = 'clock.json';
const clock = z.strictObject({ as_of: z.string().datetime() });

/** @throws ObjectMissing on a logical clock that nobody has set */
export async function asOfNow(store: ObjectStore, kind: HoneConfig['clock']): Promise<string> {
  if (kind === 'wall') return new Date().toISOString();
  return (await getDocument(store, KEY, clock)).as_of;
}

/** Moves the logical clock of a replay. */
export async function setLogicalClock(store: ObjectStore, asOf: string): Promise<void> {
  const body = clock.parse({ as_of: new Date(asOf).toISOString() });
  await store.put(KEY, new TextEncoder().encode(JSON.stringify(body)));
}
