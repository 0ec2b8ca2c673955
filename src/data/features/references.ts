/** Reference tables that features join: copied with the raw snapshot, so that a run can be repeated exactly. */
import { join } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import { fetchBlob, putBlob } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { RawSnapshot, Reference } from '../contract.ts';
import { type Connection, rowsOf, withDuckDb } from '../engine.ts';
import { SourceUnreadable } from '../ingest/errors.ts';
import { checkUnchanged, findSourceFiles, formatOf, type SourceFile } from '../ingest/source-files.ts';
import { columnsOf, readable } from '../ingest/source-reader.ts';
import { parquetOf, quoteList, quoteText } from '../sql-text.ts';
import { type FeatureDefinition, type FeatureJoin, joinsOf } from './definition.ts';
import { ReferenceMissing } from './errors.ts';
import { createTimeline } from './join-timeline.ts';

export interface ReferencesInput {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly asOf: string;
  /** Folder that relative paths start at. */
  readonly base?: string;
  /** For files on the way into the store; the caller removes it. */
  readonly dir: string;
  readonly signal?: AbortSignal;
}

/**
 * One Parquet blob a table, all rows and columns as they are; each join is proved to be usable first.
 *
 * @returns nothing where the model joins nothing
 * @throws SourceMissing, SourceUnreadable, SourceIncomplete, ReferenceUnusable
 */
export async function snapshotReferences(input: ReferencesInput): Promise<Pick<RawSnapshot, 'references'>> {
  const joins = joinsOf(input.config);
  const paths = [...new Set(joins.map(({ path }) => path))];
  const references: Reference[] = [];
  for (const path of paths) {
    references.push(
      await snapshotReference(
        input,
        path,
        joins.filter((each) => each.path === path),
      ),
    );
  }
  return references.length > 0 ? { references } : {};
}

/**
 * Verified local copies of the tables that a definition joins, by path.
 *
 * @throws ReferenceMissing where the snapshot was made without one; ObjectMissing, ObjectCorrupt
 */
export async function referenceFiles(
  store: ObjectStore,
  { references = [] }: RawSnapshot,
  { model, joins = [] }: FeatureDefinition,
  cacheDir: string,
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const { name, path } of joins) {
    const found = references.find((each) => each.path === path);
    if (!found) throw new ReferenceMissing(model, name, path);
    files.set(path, await fetchBlob(store, found.file.sha256, cacheDir));
  }
  return files;
}

async function snapshotReference(
  { store, asOf, base = process.cwd(), dir, signal }: ReferencesInput,
  path: string,
  joins: readonly FeatureJoin[],
): Promise<Reference> {
  const where = { base, format: undefined, marker: undefined };
  const { files } = await withDuckDb({ tempDir: dir }, (db) => findSourceFiles(db, path, where), signal);
  const copy = join(dir, 'reference.parquet');
  const allowedPaths = [...files.map((file) => file.path), `${dir}/`];
  const { rows, columns } = await withDuckDb(
    { tempDir: dir, lockDown: true, allowedPaths },
    (db) =>
      readable(db, files, async () => {
        await db.run(
          `COPY (SELECT * FROM ${relationOf(files)}) TO ${quoteText(copy)} (FORMAT parquet, COMPRESSION zstd)`,
        );
        for (const [i, each] of joins.entries()) await createTimeline(db, each, parquetOf([copy]), asOf, `proof_${i}`);
        return { rows: await countOf(db, parquetOf([copy])), columns: await columnsOf(db, parquetOf([copy])) };
      }),
    signal,
  );
  await checkUnchanged(files);
  return { path, file: { ...(await putBlob(store, { path: copy }, 'reference.parquet')), rows }, columns };
}

/** CSV is read as text, so that a key `007` stays `007`; each join says the types of what it takes. */
function relationOf(files: readonly SourceFile[]): string {
  const formats = new Set(files.map(({ path }) => formatOf(path)));
  const [format] = formats;
  const list = quoteList(files.map(({ path }) => path));
  if (formats.size !== 1) {
    const problem = `it lies beside files of another format (${[...formats].join(', ')})`;
    throw new SourceUnreadable(files[0]?.origin ?? '', problem, 'Keep one format in a reference table.');
  }
  if (format === 'parquet') return parquetOf(files.map(({ path }) => path));
  const together = 'union_by_name = true, hive_partitioning = false';
  return format === 'csv'
    ? `read_csv(${list}, all_varchar = true, header = true, ${together})`
    : `read_json(${list}, format = 'newline_delimited', sample_size = -1, ${together})`;
}

async function countOf(db: Connection, relation: string): Promise<number> {
  const [found] = await rowsOf(db, `SELECT count(*) AS n FROM ${relation}`);
  return Number(found?.['n']);
}
