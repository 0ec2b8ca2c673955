/** Erases one subject from predictions, labels and business figures: partitions are rewritten without it, then read back. */
import type { ModelConfig } from '../../config/model.ts';
import { type Connection, rowsOf, withDuckDb } from '../../data/engine.ts';
import { parquetOf, quoteList, quoteText } from '../../data/sql-text.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { ErasureIncomplete } from '../errors.ts';
import { keyedHash } from '../log/log-policy.ts';
import { fetchPartitions } from '../log/partitions.ts';
import type { RecordKind } from '../log/records.ts';
import { type Match, matchSql, removeJoined, rewriteWithout } from './rewrite.ts';

export interface ErasureRequest {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  /** An inference id, an entity, or a value of a hashed column, as it was sent. */
  readonly subject: string;
  readonly key: string;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly onProgress: (files: number) => void;
  readonly signal: AbortSignal;
}

export interface Erased {
  /** Rows, and files rewritten or removed, by what was recorded. */
  readonly rows: Readonly<Record<RecordKind['folder'], number>>;
  readonly files: number;
}

const PASSES = 3;
const byId: Match = { column: 'inference_id', test: 'IN (SELECT inference_id FROM subject_ids)' };

/**
 * Labels and business figures go first: they are found by the ids of the log, so an erasure that was stopped in between
 * finds the rest again. What was erased already is found to be gone, so the same request twice is one erasure.
 *
 * @throws ErasureIncomplete, ObjectCorrupt, StoreUnreachable
 */
export async function eraseSubject(request: ErasureRequest): Promise<Erased> {
  const rows = { log: 0, labels: 0, business: 0 };
  let files = 0;
  const { store, config, cacheDir, workDir, signal } = request;
  for (let pass = 1; ; pass++) {
    const found = await findPredictions(request);
    const left = await withDuckDb(
      { tempDir: workDir, threads: 1 },
      async (db) => {
        await createIds(db, found.ids);
        let touched = 0;
        for (const folder of ['labels', 'business', 'log'] as const) {
          const matches = folder === 'log' ? found.matches : [byId];
          const place = { store, model: config.model, folder, matches, cacheDir, workDir, signal };
          const done = await rewriteWithout(db, place, () => request.onProgress(++files));
          rows[folder] += done.rows;
          touched += done.rows;
        }
        await removeJoined(db, cacheDir);
        return touched;
      },
      signal,
    );
    // The pass that finds nothing is the reading back.
    if (left === 0) return { rows, files };
    if (pass > PASSES) throw new ErasureIncomplete(config.model, left);
  }
}

/** The subject's predictions: by id, by entity, or by the hash of either, in every column that may hold it. */
async function findPredictions({ store, config, subject, key, cacheDir, workDir, signal }: ErasureRequest): Promise<{
  ids: readonly string[];
  matches: readonly Match[];
}> {
  const { entity } = config.data;
  const is = (column: string, value: string): Match => ({ column, test: `= ${quoteText(value)}` });
  const base = [is('inference_id', subject), is('entity', subject)];
  if (entity !== null) base.push(is('entity', keyedHash(key, entity, subject)));
  const paths = await fetchPartitions(store, config.model, 'log', { cacheDir });
  if (paths.length === 0) return { ids: [subject], matches: base };
  return withDuckDb(
    { tempDir: workDir, threads: 1 },
    async (db) => {
      const described = await rowsOf(db, `DESCRIBE SELECT * FROM ${parquetOf(paths)}`);
      const held = described.flatMap((row) => {
        const column = String(row['column_name']);
        const [, kind, field] = /^([hrf])_(.+)$/s.exec(column) ?? [];
        if (field === undefined) return [];
        if (kind === 'h') return [is(column, keyedHash(key, field, subject))];
        return field === entity ? [is(column, subject)] : [];
      });
      const matches = [...base, ...held];
      const condition = matches.map(matchSql).join(' OR ');
      const ids = await rowsOf(db, `SELECT DISTINCT inference_id FROM ${parquetOf(paths)} WHERE ${condition}`);
      return { ids: [subject, ...ids.map((row) => String(row['inference_id']))], matches };
    },
    signal,
  );
}

async function createIds(db: Connection, ids: readonly string[]): Promise<void> {
  await db.run(`CREATE TEMP TABLE subject_ids AS SELECT DISTINCT unnest(${quoteList(ids)}) AS inference_id`);
}
