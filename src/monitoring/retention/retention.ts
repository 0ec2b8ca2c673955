/** Removes what was recorded longer ago than `monitoring.log.retention`, and keeps a note of what it removed. */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ModelConfig } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import { instant } from '../../registry/contract.ts';
import { findDocument, putDocument } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { DERIVED, partitionFiles, removeFile } from '../log/partition-files.ts';
import { instantKey } from '../playbook/incidents.ts';
import { DAY, startOfDay } from '../windows.ts';

const folders = ['log', 'labels', 'business'] as const;
const folder = z.enum(folders);

/** `models/<model>/monitoring/retention/<as_of>.json`: written before the first file goes, so that a retry ends what began. */
export const retentionNote = z.strictObject({
  contract: z.literal(1),
  model: z.string(),
  as_of: instant,
  /** Whole days before this one are removed. */
  before: z.string(),
  removed: z.array(z.strictObject({ folder, day: z.string(), key: z.string(), sha256: z.string() })),
  sentence: z.string(),
});
export type RetentionNote = z.output<typeof retentionNote>;

export interface RetentionRequest {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly asOf: string;
  readonly cacheDir: string;
  /** Called after each file with how many are gone. */
  readonly onProgress: (removed: number) => void;
  readonly signal: AbortSignal;
}

/** The same `asOf` again goes on where it stopped, and answers with the same note. @throws StoreUnreachable */
export async function removeOld(request: RetentionRequest): Promise<RetentionNote> {
  const { store, config, cacheDir, onProgress, signal } = request;
  const note = await planned(request);
  for (const [i, file] of note.removed.entries()) {
    signal.throwIfAborted();
    await removeFile(store, cacheDir, file);
    onProgress(i + 1);
  }
  await removeDerived(cacheDir, note.before);
  for (const each of folders) {
    const [left] = await partitionFiles(store, config.model, each, note.before);
    if (left === undefined) continue;
    throw new Error(`${left.key} is still there after it was removed; the store answers out of date`);
  }
  return note;
}

async function planned({ store, config, asOf }: RetentionRequest): Promise<RetentionNote> {
  const { model } = config;
  const key = `models/${model}/monitoring/retention/${instantKey(asOf)}.json`;
  const begun = await findDocument(store, key, retentionNote);
  if (begun !== undefined) return begun;
  const { retention } = config.monitoring.log;
  const before = new Date(startOfDay(Date.parse(asOf) - durationMs(retention))).toISOString().slice(0, 10);
  const found = await Promise.all(
    folders.map(async (each) =>
      (await partitionFiles(store, model, each, before)).map(({ day, key: file, sha256 }) => {
        return { folder: each, day, key: file, sha256 };
      }),
    ),
  );
  const removed = found.flat();
  const days = removed.map(({ day }) => day).sort();
  const sentence =
    removed.length === 0
      ? `Nothing of ${model} is older than ${retention} (before ${before}).`
      : `Removed ${removed.length} files of ${model} from ${days[0]} to ${days.at(-1)}: older than ${retention}.`;
  const note: RetentionNote = { contract: 1, model, as_of: asOf, before, removed, sentence };
  // A look that removes nothing leaves no note: a year of them would say nothing.
  if (removed.length > 0) await putDocument(store, key, note);
  return note;
}

/** What was made of records is made anew whenever it is read; old copies would outlive what they were made of. */
async function removeDerived(cacheDir: string, before: string): Promise<void> {
  for (const folder of Object.values(DERIVED)) {
    const dir = join(cacheDir, folder);
    for (const name of await readdir(dir).catch(() => [])) {
      const path = join(dir, name);
      const made = await stat(path).catch(() => undefined);
      const tooOld = folder === DERIVED.days && name.slice(0, before.length) < before;
      if (tooOld || (made !== undefined && Date.now() - made.mtimeMs > DAY)) await rm(path, { force: true });
    }
  }
}
