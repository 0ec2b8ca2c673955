/** Snapshots that hold rows of a subject. They are named, not rewritten: versions refer to them by their content. */
import { z } from 'zod';
import type { ModelConfig } from '../config/model.ts';
import { fetchBlob, getDocument } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type FeatureSnapshot, featureSnapshot, type RawSnapshot, rawSnapshot } from './contract.ts';
import { type Connection, rowsOf, withDuckDb } from './engine.ts';
import { quoteText } from './sql-text.ts';
import { subjectCondition } from './subject.ts';

export interface HeldSnapshot {
  readonly kind: 'raw' | 'features';
  readonly digest: string;
  /** SHA-256 of its files with rows of the subject. */
  readonly files: readonly string[];
}

const snapshot = z.discriminatedUnion('kind', [rawSnapshot, featureSnapshot]);

/**
 * Reads every snapshot of the model once; a file that several share is read for the first only.
 *
 * @throws ObjectMissing, ObjectCorrupt
 */
export async function snapshotsHolding(input: {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly subject: string;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly signal?: AbortSignal;
}): Promise<HeldSnapshot[]> {
  const { store, config, signal } = input;
  const known = new Map<string, boolean>();
  const held: HeldSnapshot[] = [];
  await withDuckDb(
    { tempDir: input.workDir, threads: 1 },
    async (db) => {
      for await (const key of store.list('snapshots/')) {
        signal?.throwIfAborted();
        const found = await getDocument(store, key, snapshot);
        if (found.model !== config.model) continue;
        const files: string[] = [];
        for (const sha256 of filesOf(found)) {
          const holds = known.get(sha256) ?? (await fileHolds(db, input, sha256));
          known.set(sha256, holds);
          if (holds) files.push(sha256);
        }
        const digest = key.slice('snapshots/'.length, -'.json'.length);
        if (files.length > 0) held.push({ kind: found.kind, digest, files });
      }
    },
    signal,
  );
  return held;
}

function filesOf(found: RawSnapshot | FeatureSnapshot): string[] {
  const of = (files: readonly { readonly sha256: string }[]) => files.map(({ sha256 }) => sha256);
  if (found.kind === 'raw') return [...of(found.files), ...of((found.references ?? []).map(({ file }) => file))];
  return [...of(found.parts.map(({ file }) => file)), ...of((found.lookups ?? []).map(({ file }) => file))];
}

async function fileHolds(
  db: Connection,
  { store, config, subject, cacheDir }: Parameters<typeof snapshotsHolding>[0],
  sha256: string,
): Promise<boolean> {
  const path = await fetchBlob(store, sha256, cacheDir);
  const condition = await subjectCondition(db, path, config, subject);
  if (condition === null) return false;
  const rows = await rowsOf(db, `SELECT 1 FROM read_parquet(${quoteText(path)}) WHERE ${condition} LIMIT 1`);
  return rows.length > 0;
}
