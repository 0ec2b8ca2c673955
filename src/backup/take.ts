/** Copies a store to another place while hone works on it: the copy is the store as of one instant of each ledger. */
import { z } from 'zod';
import { type SourceCursor, sourceCursor, sourceKey } from '../notifications/contract.ts';
import { LedgerChain } from '../registry/chain.ts';
import { versionManifest } from '../registry/contract.ts';
import { FLEET, hintKey, manifestKey as versionKey } from '../registry/keys.ts';
import { openLedger } from '../registry/ledger.ts';
import { listModels } from '../registry/models.ts';
import { blobKey, canonicalJson, parseDocument, sha256Of } from '../store/content.ts';
import { ObjectCorrupt } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type BackedUpObject, type BackupManifest, backupManifest, contentKey, idOf, manifestKey } from './contract.ts';
import { eachOf, withObject } from './copy.ts';
import { belongs, type Cut, followsLedger, type ModelCut } from './cut.ts';
import { BackupTaken, BackupUnsettled } from './errors.ts';

/** Passes over the store in which something that was copied may go away. */
const MAX_PASSES = 5;

export interface BackupOrder {
  readonly store: ObjectStore;
  /** Where it goes; may hold earlier backups, whose content is shared. */
  readonly place: ObjectStore;
  readonly at: Date;
  /** Leave out recorded rows and snapshots of training data. */
  readonly withoutData: boolean;
  /** For objects on their way. */
  readonly workDir: string;
  readonly onProgress: (copied: number, bytes: number) => void;
  readonly signal: AbortSignal;
}

/** @throws BackupUnsettled, BackupTaken, StoreUnreachable; then there is no new backup in the place */
export async function takeBackup(order: BackupOrder): Promise<BackupManifest> {
  const { store, place, at, withoutData } = order;
  const id = idOf(at);
  const copier = new Copier(order);
  await copier.copy((await keysOf(store)).filter(followsLedger));
  const cut = await cutOf(store, withoutData, copier);
  await copier.settle((key) => belongs(key, cut));
  for (const [model, { seq }] of cut.models) await copier.write(hintKey(model), Buffer.from(JSON.stringify({ seq })));
  await copier.findGaps(cut.models);

  const manifest = backupManifest.parse({
    ...{ contract: 1, id, taken_at: at.toISOString(), source: store.uri, without_data: withoutData },
    heads: [...cut.models].map(([model, { seq, hash }]) => ({ model, seq, hash })),
    damaged: [...copier.damaged].map(([key, problem]) => ({ key, problem })),
    objects: copier.objects(),
  });
  const body = Buffer.from(canonicalJson(manifest));
  if ((await place.create(manifestKey(id), body)) === 'exists') {
    // Ours, where only the answer was lost.
    if (!body.equals(await place.get(manifestKey(id)))) throw new BackupTaken(place.uri, id);
  }
  return manifest;
}

class Copier {
  readonly damaged = new Map<string, string>();
  readonly #order: BackupOrder;
  readonly #done = new Map<string, BackedUpObject>();
  #bytes = 0;

  constructor(order: BackupOrder) {
    this.#order = order;
  }

  objects(): BackedUpObject[] {
    return [...this.#done.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Keys that are gone by now are passed over. */
  async copy(keys: readonly string[]): Promise<void> {
    const { store, place, workDir, onProgress, signal } = this.#order;
    await eachOf(keys, signal, async (key) => {
      await withObject(store, key, workDir, async ({ body, sha256, bytes }) => {
        if (key.startsWith('blobs/') && key !== blobKey(sha256)) {
          this.damaged.set(key, `its content has sha256 ${sha256}`);
          return;
        }
        await put(place, sha256, bytes, body);
        this.#done.set(key, { key, sha256, bytes });
        this.#bytes += bytes;
        onProgress(this.#done.size, this.#bytes);
      });
    });
  }

  /**
   * Copies what belongs until nothing of it goes away meanwhile. Retention and erasure write what replaces a file before
   * they remove it, so a pass in which nothing went has both or neither.
   */
  async settle(wanted: (key: string) => boolean): Promise<void> {
    let keys = (await keysOf(this.#order.store)).filter(wanted);
    let gone: string[] = [];
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      await this.copy(keys.filter((key) => !this.#done.has(key) && !this.damaged.has(key)));
      const asked = keys;
      keys = (await keysOf(this.#order.store)).filter(wanted);
      const there = new Set(keys);
      gone = asked.filter((key) => !there.has(key));
      for (const key of gone) this.#done.delete(key);
      if (gone.length === 0) return;
    }
    throw new BackupUnsettled(this.#order.store.uri, MAX_PASSES, gone[0] ?? '');
  }

  /** An object with the bytes that the caller has read or made. */
  async write(key: string, body: Uint8Array): Promise<void> {
    const sha256 = sha256Of(body);
    await put(this.#order.place, sha256, body.byteLength, body);
    this.#done.set(key, { key, sha256, bytes: body.byteLength });
  }

  /** Every version that a ledger registered is there with its files, or it is said. */
  async findGaps(models: ReadonlyMap<string, ModelCut>): Promise<void> {
    const { store } = this.#order;
    for (const [model, { seq }] of models) {
      for await (const entry of openLedger(store, model).entries()) {
        if (entry.seq > seq) break;
        if (entry.change.kind !== 'version_registered') continue;
        const key = versionKey(model, entry.change.version);
        const body = this.#done.has(key) ? await store.find(key) : undefined;
        if (body === undefined) this.damaged.set(key, 'the ledger registered it and it is not there');
        else
          for (const { sha256 } of parseDocument(store, key, body, versionManifest).files)
            if (!this.#done.has(blobKey(sha256)) && !this.damaged.has(blobKey(sha256)))
              this.damaged.set(blobKey(sha256), `${key} names it and it is not there`);
      }
    }
  }
}

/** @throws ObjectCorrupt when the place holds something else under this digest */
async function put(place: ObjectStore, sha256: string, bytes: number, body: Parameters<ObjectStore['create']>[1]) {
  const key = contentKey(sha256);
  if ((await place.create(key, body)) === 'created') return;
  const found = await place.size(key);
  if (found !== bytes) throw new ObjectCorrupt(place.uri, key, `it has ${found} bytes instead of ${bytes}`);
}

async function cutOf(store: ObjectStore, withoutData: boolean, copier: Copier): Promise<Cut> {
  const notices = new Map<string, SourceCursor['next']>();
  const models = new Map<string, ModelCut>();
  const names = [FLEET, ...(await listModels(store))];
  // Before the ledgers: a notice may tell of an entry that is left out, never the other way round.
  for (const model of names) {
    const key = sourceKey(model);
    const cursor = await store.find(key);
    if (!cursor) continue;
    notices.set(model, parseDocument(store, key, cursor, sourceCursor).next);
    await copier.write(key, cursor);
  }
  for (const model of names) {
    const newest = await new LedgerChain(store, model).newest();
    if (newest) models.set(model, { seq: newest.entry.seq, hash: newest.hash, state: newest.entry.state });
  }
  return { models, notices, blobs: withoutData ? await servedBlobs(store, models) : null };
}

/** Files of versions, and the joins and windows that prediction servers read. */
async function servedBlobs(store: ObjectStore, models: ReadonlyMap<string, ModelCut>): Promise<Set<string>> {
  const found = new Set<string>();
  const named = z.unknown().transform((value) => JSON.stringify(value).match(/\b[0-9a-f]{64}\b/g) ?? []);
  for (const model of models.keys())
    for await (const key of store.list(`models/${model}/`)) {
      if (!/\/(?:versions\/\d+\/manifest\.json|lookups\/.*\.json)$/.test(key)) continue;
      const body = await store.find(key);
      if (body) for (const sha256 of parseDocument(store, key, body, named)) found.add(sha256);
    }
  return found;
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.list('')) keys.push(key);
  return keys;
}
