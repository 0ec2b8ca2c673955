/** Finished batches of a model, and their predictions as files. */
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fetchChecked } from '../monitoring/log/partitions.ts';
import { findDocument, getDocument } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type BatchManifest, batchManifest, manifestKey, newestBatch, newestKey } from './contract.ts';
import { BatchUnknown } from './errors.ts';

/** Oldest `as_of` first. */
export async function listBatches(store: ObjectStore, model: string): Promise<BatchManifest[]> {
  const prefix = `models/${model}/batches/`;
  const found: BatchManifest[] = [];
  for await (const key of store.list(prefix)) {
    if (key.endsWith('/manifest.json')) found.push(await getDocument(store, key, batchManifest));
  }
  return found.sort((a, b) => Date.parse(a.as_of) - Date.parse(b.as_of));
}

/** @param batch null: the newest @throws BatchUnknown */
export async function readBatch(store: ObjectStore, model: string, batch: string | null): Promise<BatchManifest> {
  const id = batch ?? (await findDocument(store, newestKey(model), newestBatch))?.batch;
  const usable = id !== undefined && /^[0-9a-f]{16}$/.test(id);
  const found = usable ? await findDocument(store, manifestKey(model, id), batchManifest) : undefined;
  if (found === undefined) throw new BatchUnknown(model, batch);
  return found;
}

/** Copies a batch to a folder: `date=<day>/predictions.parquet` and `manifest.json`, which comes last. */
export async function exportBatch(
  store: ObjectStore,
  manifest: BatchManifest,
  out: string,
  cacheDir: string,
): Promise<void> {
  for (const { day, key, sha256 } of manifest.parts) {
    await copyAside(await fetchChecked(store, key, sha256, cacheDir), join(out, `date=${day}`, 'predictions.parquet'));
  }
  const path = join(out, 'manifest.json');
  await store.download(manifestKey(manifest.model, manifest.batch), path);
}

/** Whole or not there: whoever reads the folder never sees half a file. */
async function copyAside(from: string, to: string): Promise<void> {
  const aside = `${to}.part`;
  await mkdir(dirname(to), { recursive: true });
  try {
    await cp(from, aside);
    await rename(aside, to);
  } finally {
    await rm(aside, { force: true });
  }
}
