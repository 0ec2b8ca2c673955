/** Makes a batch whole: its manifest, its records in the prediction log, and the pointer that consumers follow. */
import { findDocument, getDocument, putDocument, sha256Of } from '../store/content.ts';
import { ObjectCorrupt, ObjectMissing } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import {
  type BatchManifest,
  batchManifest,
  batchPlan,
  manifestKey,
  newestBatch,
  newestKey,
  partKey,
  planKey,
  type ScoredPart,
  scoredPart,
} from './contract.ts';

/**
 * Reads every part back before it says that the batch is whole. The pointer moves to a later `as_of` only: a batch of the
 * past, scored again, stays beside it.
 *
 * @throws ObjectMissing where a part was not scored yet; ObjectCorrupt where it is not what was written
 */
export async function publishBatch(store: ObjectStore, model: string, batch: string): Promise<BatchManifest> {
  const { parts: planned, ...order } = await getDocument(store, planKey(model, batch), batchPlan);
  const parts: ScoredPart[] = [];
  for (const { day } of planned) {
    const part = await getDocument(store, partKey(model, batch, day), scoredPart);
    await checkPart(store, part);
    parts.push(part);
  }
  const manifest = batchManifest.parse({ ...order, parts });
  await putDocument(store, manifestKey(model, batch), manifest);
  for (const part of parts) await enterLog(store, part);
  await point(store, manifest);
  return manifest;
}

async function checkPart(store: ObjectStore, { key, sha256 }: ScoredPart): Promise<void> {
  const body = await store.find(key);
  if (body === undefined) throw new ObjectMissing(store.uri, key);
  const found = sha256Of(body);
  if (found !== sha256) throw new ObjectCorrupt(store.uri, key, `expected sha256 ${sha256}, found ${found}`);
}

/**
 * Moves a part's records to where monitoring reads. What has left its place is never written again: since then retention
 * or an erasure may have taken it from the log.
 */
async function enterLog(store: ObjectStore, { log }: ScoredPart): Promise<void> {
  if (log === undefined) return;
  const body = await store.find(log.staged);
  if (body === undefined) return;
  const found = sha256Of(body);
  if (found !== log.sha256)
    throw new ObjectCorrupt(store.uri, log.staged, `expected sha256 ${log.sha256}, found ${found}`);
  await store.create(log.key, body);
  await store.remove(log.staged);
}

async function point(store: ObjectStore, { model, batch, as_of, version }: BatchManifest): Promise<void> {
  const now = await findDocument(store, newestKey(model), newestBatch);
  if (now !== undefined && Date.parse(now.as_of) > Date.parse(as_of)) return;
  await store.put(newestKey(model), Buffer.from(JSON.stringify(newestBatch.parse({ batch, as_of, version }))));
}
