/** Takes a subject out of rows that were set aside: the one reason for which these documents are written again. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ModelConfig } from '../../../config/model.ts';
import { blobKey, canonicalJson, fetchBlob, findDocument } from '../../../store/content.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import type { SetAsideRows } from '../../contract.ts';
import { type Connection, rowsOf, withDuckDb } from '../../engine.ts';
import { quoteText } from '../../sql-text.ts';
import { subjectCondition } from '../../subject.ts';
import { type KeptRows, listKept } from './record.ts';
import { writeRows } from './rows.ts';

export interface QuarantineErasure {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly subject: string;
  /** Readmissions that a vouch in force rests on, by digest: the ledger names them, so they stay. */
  readonly inForce: readonly string[];
  /** Key for what has to be removed, so that an erasure that was stopped leaves no file behind. */
  readonly note: string;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly signal?: AbortSignal;
}

export interface Erased {
  readonly rows: number;
  readonly vouches: readonly string[];
}

const removals = z.array(z.string());

/**
 * The new file stands before a record names it, and the old one goes last. A record without rows left goes as a whole; so
 * does a readmission that holds the subject, unless a vouch rests on it.
 *
 * @returns rows left out of the runs' records, and the vouches in force that still hold the subject
 * @throws ObjectMissing, ObjectCorrupt
 */
export async function eraseQuarantined(input: QuarantineErasure): Promise<Erased> {
  let rows = 0;
  for (;;) {
    const done = await pass(input);
    rows += done.rows;
    // The pass that finds nothing is the reading back.
    if (done.rows === 0) return { rows, vouches: done.vouches };
  }
}

async function pass(input: QuarantineErasure): Promise<Erased> {
  const { store, config, note, inForce, signal } = input;
  const kept = await listKept(store, config.model);
  const stays = ({ readmission }: KeptRows) => readmission !== null && inForce.includes(readmission);
  const before = (await findDocument(store, note, removals)) ?? [];
  await mkdir(input.workDir, { recursive: true });
  return await withDuckDb(
    { tempDir: input.workDir, threads: 1 },
    async (db) => {
      const found = new Map<string, Without>();
      for (const { aside } of kept) {
        signal?.throwIfAborted();
        const { sha256 } = aside.file;
        if (!found.has(sha256)) found.set(sha256, await without(db, input, aside));
      }
      const touched = kept.filter((one) => (found.get(one.aside.file.sha256)?.rows ?? 0) > 0);
      const changed = touched.filter((one) => !stays(one));
      const old = [...new Set([...before, ...changed.map(({ aside }) => aside.file.sha256)])];
      if (old.length > 0) await store.put(note, Buffer.from(canonicalJson(old)));
      let rows = 0;
      for (const one of changed) {
        const { left, rows: gone } = found.get(one.aside.file.sha256) as Without;
        if (one.readmission !== null || left === null) await store.remove(one.key);
        else await store.put(one.key, Buffer.from(canonicalJson(one.with(left))));
        if (one.readmission === null) rows += gone;
      }
      const needed = new Set((await listKept(store, config.model)).map(({ aside }) => aside.file.sha256));
      for (const sha256 of old) if (!needed.has(sha256)) await removeBlob(input, sha256);
      if (old.length > 0) await store.remove(note);
      return { rows, vouches: touched.filter(stays).flatMap(({ readmission }) => readmission ?? []) };
    },
    signal,
  );
}

interface Without {
  /** Rows of the subject. */
  readonly rows: number;
  /** The others, stored; null where there are none. */
  readonly left: SetAsideRows | null;
}

async function without(db: Connection, input: QuarantineErasure, aside: SetAsideRows): Promise<Without> {
  const { store, config, subject, cacheDir, workDir } = input;
  const path = await fetchBlob(store, aside.file.sha256, cacheDir);
  const condition = await subjectCondition(db, path, config, subject);
  const from = `FROM read_parquet(${quoteText(path)})`;
  if (condition === null) return { rows: 0, left: aside };
  const [counted] = await rowsOf(db, `SELECT count(*) AS n ${from} WHERE ${condition}`);
  const rows = Number(counted?.['n']);
  if (rows === 0) return { rows, left: aside };
  const left = await writeRows(db, `SELECT * ${from} WHERE NOT ${condition}`, aside.reasons, { store, dir: workDir });
  return { rows, left };
}

async function removeBlob({ store, cacheDir }: QuarantineErasure, sha256: string): Promise<void> {
  await store.remove(blobKey(sha256));
  await rm(join(cacheDir, sha256.slice(0, 2), sha256), { force: true });
}
