/** What time it is for the models: the wall clock, or in replays the logical clock that the store holds. */
import { z } from 'zod';
import type { HoneConfig } from '../config/hone.ts';
import { getDocument } from './content.ts';
import { ClockNotSet, ObjectMissing } from './errors.ts';
import type { ObjectStore } from './object-store.ts';

const KEY = 'clock.json';
const clock = z.strictObject({ as_of: z.string().datetime() });

/** @throws ClockNotSet on a logical clock that nobody has set */
export async function asOfNow(store: ObjectStore, kind: HoneConfig['clock']): Promise<string> {
  if (kind === 'wall') return new Date().toISOString();
  const asOf = await logicalTime(store);
  if (asOf === null) throw new ClockNotSet();
  return asOf;
}

/** The instant at which a replay stands; null before anybody set it. */
export async function logicalTime(store: ObjectStore): Promise<string | null> {
  try {
    return (await getDocument(store, KEY, clock)).as_of;
  } catch (error) {
    if (error instanceof ObjectMissing) return null;
    throw error;
  }
}

/** Moves the logical clock of a replay. */
export async function setLogicalClock(store: ObjectStore, asOf: string): Promise<void> {
  const body = clock.parse({ as_of: new Date(asOf).toISOString() });
  await store.put(KEY, new TextEncoder().encode(JSON.stringify(body)));
}
