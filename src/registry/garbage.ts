/**
 * Objects that nothing refers to: left behind by runs that died between two writes. Whatever any record mentions by its
 * digest is kept, so a kind of record that is added later is safe without being known here.
 */
import { z } from 'zod';
import { putDocument } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { instant } from './contract.ts';
import { GarbageInUse, GarbageTooYoung } from './errors.ts';
import { openLedger } from './ledger.ts';
import { listModels } from './models.ts';

/** Shorter graces could take what a run has stored and not yet written down. */
export const MIN_GRACE_MS = 86_400_000;

export interface Garbage {
  readonly key: string;
  readonly bytes: number;
  readonly written_at: string;
  readonly reason: string;
  /** Old enough to be removed. */
  readonly due: boolean;
}

export interface GarbageOrder {
  readonly store: ObjectStore;
  /** What was written later than this long before `now` is never removed. */
  readonly graceMs: number;
  /** Age is by the store's clock, never by the logical one. */
  readonly now: Date;
}

export interface GarbageReport {
  /** Objects that were looked at as possible garbage. */
  readonly looked_at: number;
  readonly garbage: readonly Garbage[];
  /** Runs that hold a lock now: as long as there is one, nothing is removed. */
  readonly active: readonly string[];
}

/** `garbage/<time>.json`: written before the first object goes. */
export const garbageNote = z.strictObject({
  contract: z.literal(1),
  at: instant,
  by: z.string(),
  removed: z.array(z.strictObject({ key: z.string(), bytes: z.number(), reason: z.string() })),
});

/** Removes nothing. @throws GarbageTooYoung, StoreUnreachable */
export async function findGarbage({ store, graceMs, now }: GarbageOrder): Promise<GarbageReport> {
  if (graceMs < MIN_GRACE_MS) throw new GarbageTooYoung(graceMs);
  const active = await activeRuns(store);
  const keys: string[] = [];
  for await (const key of store.list('')) keys.push(key);
  const candidates = keys.filter((key) => reasonOf(key) !== undefined);
  const used = await mentioned(store, keys);
  const unused = candidates.filter((key) => !used.has(nameOf(key)));
  const garbage: Garbage[] = [];
  for (const key of unused) {
    const [bytes, written] = [await store.size(key), await store.writtenAt(key)];
    if (bytes === undefined || written === undefined) continue;
    const due = now.getTime() - written.getTime() >= graceMs;
    garbage.push({ key, bytes, written_at: written.toISOString(), reason: reasonOf(key) ?? '', due });
  }
  return { looked_at: candidates.length, garbage, active };
}

/**
 * Looks again, then removes what is due. A run could take up content that is about to go, so there must be none.
 *
 * @returns what was removed
 * @throws GarbageInUse while a run is active, GarbageTooYoung
 */
export async function removeGarbage(order: GarbageOrder & { readonly by: string }): Promise<Garbage[]> {
  const { store, now, by } = order;
  const { garbage, active } = await findGarbage(order);
  const due = garbage.filter((one) => one.due);
  const begun = [...active, ...(await activeRuns(store))];
  if (begun[0] !== undefined) throw new GarbageInUse(begun[0]);
  if (due.length === 0) return [];
  const at = now.toISOString();
  const removed = due.map(({ key, bytes, reason }) => ({ key, bytes, reason }));
  await putDocument(
    store,
    `garbage/${at.replaceAll(':', '-')}.json`,
    garbageNote.parse({ contract: 1, at, by, removed }),
  );
  // Manifests of snapshots first: none is ever there without its files.
  const inOrder = [...due].sort((a, b) => Number(a.key.startsWith('blobs/')) - Number(b.key.startsWith('blobs/')));
  for (const { key } of inOrder) await store.remove(key);
  return due;
}

/** Why an object would be garbage if nothing mentioned it; undefined for records, which are never garbage. */
function reasonOf(key: string): string | undefined {
  if (key.startsWith('blobs/')) return 'no record mentions this content';
  if (key.startsWith('snapshots/')) return 'no version, run or record mentions this snapshot';
  if (key.startsWith('self-test/')) return 'left by a test of the store that died';
  return undefined;
}

/** Digests that records mention, and those that mentioned snapshots do. */
async function mentioned(store: ObjectStore, keys: readonly string[]): Promise<Set<string>> {
  const used = new Set<string>();
  const isRecord = (key: string) => key.endsWith('.json') && reasonOf(key) === undefined && !key.startsWith('garbage/');
  for (const key of keys.filter(isRecord)) for (const one of await digestsOf(store, key)) used.add(one);
  const snapshots = new Map(keys.filter((key) => key.startsWith('snapshots/')).map((key) => [nameOf(key), key]));
  // A feature snapshot mentions its raw one, so what is added is looked through too.
  for (const digest of used) {
    const key = snapshots.get(digest);
    if (key === undefined) continue;
    snapshots.delete(digest);
    for (const one of await digestsOf(store, key)) used.add(one);
  }
  return used;
}

async function digestsOf(store: ObjectStore, key: string): Promise<string[]> {
  const body = await store.find(key);
  if (!body) return [];
  const text = Buffer.from(body).toString('utf8');
  const found: string[] = text.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? [];
  // Temporal's history holds payloads as base64.
  const packed = key.endsWith('/history.json') ? text.matchAll(/"([A-Za-z0-9+/]{40,}={0,2})"/g) : [];
  for (const [, payload = ''] of packed)
    found.push(
      ...(Buffer.from(payload, 'base64')
        .toString('latin1')
        .match(/[0-9a-f]{64}/g) ?? []),
    );
  return found;
}

/** What others call it by: the digest of content, the last part of the key without its ending. */
const nameOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, '');

async function activeRuns(store: ObjectStore): Promise<string[]> {
  const states = await Promise.all((await listModels(store)).map((model) => openLedger(store, model).state()));
  return states.flatMap(({ activeRun }) => (activeRun === null ? [] : [activeRun.run]));
}
