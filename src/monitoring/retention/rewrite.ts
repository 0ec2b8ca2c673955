/** Replaces stored partitions by themselves without some rows. The new file stands before the old one goes. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Connection, rowsOf } from '../../data/engine.ts';
import { parquetOf, quoteList, quoteName, quoteText } from '../../data/sql-text.ts';
import { sha256OfFile } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { DERIVED, type PartitionFile, partitionFiles, removeFile } from '../log/partition-files.ts';
import { fetchChecked } from '../log/partitions.ts';
import type { RecordKind } from '../log/records.ts';

export interface Match {
  readonly column: string;
  /** SQL after the column, such as `= 'x'`. */
  readonly test: string;
}

export interface Rewrite {
  readonly store: ObjectStore;
  readonly model: string;
  readonly folder: RecordKind['folder'];
  /** A row that meets one of them is left out. */
  readonly matches: readonly Match[];
  readonly cacheDir: string;
  readonly workDir: string;
  readonly signal: AbortSignal;
}

/** @param onFile called after each file that was replaced @returns how many rows were left out of how many files */
export async function rewriteWithout(
  db: Connection,
  rewrite: Rewrite,
  onFile: () => void,
): Promise<{ rows: number; files: number }> {
  const { store, model, folder, cacheDir, signal } = rewrite;
  const files = await partitionFiles(store, model, folder);
  const paths: string[] = [];
  for (const { key, sha256 } of files) {
    signal.throwIfAborted();
    paths.push(await fetchChecked(store, key, sha256, cacheDir));
  }
  const found = await filesWithMatches(db, paths, rewrite.matches);
  for (const [i, file] of files.entries()) {
    signal.throwIfAborted();
    const path = paths[i];
    if (path === undefined || !found.has(path)) continue;
    await rewriteOne(db, rewrite, file, path);
    onFile();
  }
  return { rows: [...found.values()].reduce((sum, rows) => sum + rows, 0), files: found.size };
}

/** Matching rows by file, in one scan; files without any are left out. */
async function filesWithMatches(
  db: Connection,
  paths: readonly string[],
  matches: readonly Match[],
): Promise<Map<string, number>> {
  if (paths.length === 0) return new Map();
  const source = `read_parquet(${quoteList(paths)}, union_by_name = true, hive_partitioning = false, filename = '_path')`;
  const condition = await conditionFor(db, source, matches);
  const rows = await rowsOf(db, `SELECT _path, count(*) AS rows FROM ${source} WHERE ${condition} GROUP BY _path`);
  return new Map(rows.map((row) => [String(row['_path']), Number(row['rows'])]));
}

/** Deterministic, so that a retry writes the same file under the same name. A file of matching rows only just goes. */
async function rewriteOne(db: Connection, rewrite: Rewrite, file: PartitionFile, path: string): Promise<void> {
  const { store, model, folder, cacheDir, workDir } = rewrite;
  const source = parquetOf([path]);
  const others = `${source} WHERE (${await conditionFor(db, source, rewrite.matches)}) IS NOT TRUE`;
  const [count] = await rowsOf(db, `SELECT count(*) AS others FROM ${others}`);
  if (Number(count?.['others']) > 0) {
    const kept = join(workDir, `${file.sha256}-kept.parquet`);
    await db.run(`COPY (SELECT * FROM ${others}) TO ${quoteText(kept)} (FORMAT parquet, COMPRESSION zstd)`);
    const name = `${file.writtenAt}-${await sha256OfFile(kept)}.parquet`;
    await store.create(`models/${model}/${folder}/date=${file.day}/${name}`, { path: kept });
    await rm(kept, { force: true });
  }
  await removeFile(store, cacheDir, file);
}

/** Columns that a file lacks match nothing in it. */
async function conditionFor(db: Connection, source: string, matches: readonly Match[]): Promise<string> {
  const columns = new Set(
    (await rowsOf(db, `DESCRIBE SELECT * FROM ${source}`)).map((row) => String(row['column_name'])),
  );
  const present = matches.filter(({ column }) => columns.has(column));
  return present.map(matchSql).join(' OR ') || 'false';
}

export function matchSql({ column, test }: Match): string {
  return `${quoteName(column)}::VARCHAR ${test}`;
}

/** Days in one file and labels joined for a look are copies too; they are made anew when they are needed. Needs the table `subject_ids`. */
export async function removeJoined(db: Connection, cacheDir: string): Promise<void> {
  for (const folder of Object.values(DERIVED)) {
    const dir = join(cacheDir, folder);
    for (const name of await readdir(dir).catch(() => [])) {
      if (!name.endsWith('.parquet')) continue;
      const path = join(dir, name);
      const [found] = await rowsOf(
        db,
        `SELECT count(*) AS held FROM ${parquetOf([path])} SEMI JOIN subject_ids USING (inference_id)`,
      );
      if (Number(found?.['held'] ?? 0) > 0) await rm(path, { force: true });
    }
  }
}
