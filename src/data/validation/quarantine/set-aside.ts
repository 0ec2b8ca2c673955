/** Sets rows aside: a new raw snapshot without them, in which untouched months keep their file. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../../../config/model.ts';
import { putBlob } from '../../../store/content.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import type { Finding, RawSnapshot } from '../../contract.ts';
import { type Connection, rowsOf } from '../../engine.ts';
import { labelCoverage } from '../../ingest/label-coverage.ts';
import { writeSnapshot } from '../../snapshots.ts';
import { parquetOf, quoteText } from '../../sql-text.ts';

/** Why rows are set aside: the rule as it was defined. */
export type Reason = Pick<Finding, 'rule' | 'column' | 'limit'>;

/** Creates the empty tables of rows to set aside (place of the file in the snapshot, of the row in the file) and of reasons. */
export async function openQuarantine(db: Connection): Promise<void> {
  await db.run('CREATE TABLE aside (file UBIGINT, row BIGINT, reason INTEGER)');
  await db.run('CREATE TABLE aside_reasons (reason INTEGER, rule VARCHAR, "column" VARCHAR, "limit" VARCHAR)');
}

/** @param select SQL over `raw` that gives `file_index` and `file_row_number` of rows to set aside */
export async function setAside(db: Connection, { rule, column, limit }: Reason, select: string): Promise<void> {
  const [found] = await rowsOf(db, 'SELECT count(*) AS n FROM aside_reasons');
  const reason = Number(found?.['n']);
  const named = [rule, column, limit].map((text) => (text === null ? 'NULL' : quoteText(text))).join(', ');
  await db.run(`INSERT INTO aside_reasons VALUES (${reason}, ${named})`);
  await db.run(`INSERT INTO aside SELECT *, ${reason} FROM (${select})`);
}

/** Rows set aside so far; a row that breaks several rules counts once. */
export async function countAside(db: Connection): Promise<number> {
  const [found] = await rowsOf(db, 'SELECT count(*) AS n FROM (SELECT DISTINCT file, row FROM aside)');
  return Number(found?.['n']);
}

/**
 * @param paths local copies of the snapshot's files, in its order
 * @returns digest of the snapshot without the rows set aside
 */
export async function writeAccepted(
  db: Connection,
  input: { store: ObjectStore; config: ModelConfig; raw: RawSnapshot; paths: readonly string[]; dir: string },
): Promise<string> {
  const { store, config, raw, paths, dir } = input;
  const touched = await rowsOf(db, 'SELECT file, count(DISTINCT row) AS n FROM aside GROUP BY 1');
  const gone = new Map(touched.map(({ file, n }) => [Number(file), Number(n)]));
  const files: RawSnapshot['files'] = [];
  const kept: string[] = [];
  for (const [index, file] of raw.files.entries()) {
    const source = paths[index] ?? '';
    const rows = file.rows - (gone.get(index) ?? 0);
    if (rows === file.rows) {
      files.push(file);
      kept.push(source);
    } else if (rows > 0) {
      const path = join(dir, file.name);
      await db.run(
        `COPY (SELECT * FROM ${parquetOf([source])}
               WHERE file_row_number NOT IN (SELECT row FROM aside WHERE file = ${index}) ORDER BY file_row_number)
         TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`,
      );
      files.push({ ...(await putBlob(store, { path }, file.name)), rows });
      kept.push(path);
    }
  }
  const coverage = kept.length > 0 ? await labelCoverage(db, parquetOf(kept), config, raw.as_of) : [];
  const rows = files.reduce((total, file) => total + file.rows, 0);
  const { digest } = await writeSnapshot(store, { ...raw, files, rows, label_coverage: coverage });
  await Promise.all(kept.filter((path) => path.startsWith(dir)).map((path) => rm(path)));
  return digest;
}
