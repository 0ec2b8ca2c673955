/** Reads back what ticks found. */
import { getDocument } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type TickReport, tickReport } from './contract.ts';
import { instantKey } from './playbook/incidents.ts';

/** Where the report of a tick lies. */
export function tickKey(model: string, asOf: string): string {
  return `${folder(model)}${instantKey(asOf)}.json`;
}

/** By the key that the tick's workflow answered. @throws ObjectMissing, ObjectCorrupt */
export async function readTick(store: ObjectStore, key: string): Promise<TickReport> {
  return await getDocument(store, key, tickReport);
}

/** The newest by its own time; null before the first. @throws ObjectCorrupt */
export async function newestTick(store: ObjectStore, model: string): Promise<TickReport | null> {
  let newest: string | undefined;
  for await (const key of store.list(folder(model))) newest = key;
  return newest === undefined ? null : await getDocument(store, newest, tickReport);
}

/** The last `count` by their own time, newest first. @throws ObjectCorrupt */
export async function lastTicks(store: ObjectStore, model: string, count: number): Promise<TickReport[]> {
  const keys: string[] = [];
  for await (const key of store.list(folder(model))) keys.push(key);
  return await Promise.all(
    keys
      .slice(-count)
      .reverse()
      .map((key) => getDocument(store, key, tickReport)),
  );
}

const folder = (model: string) => `models/${model}/monitoring/ticks/`;
