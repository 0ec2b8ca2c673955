/** One part of a batch: scored once, kept once. A second attempt finds what the first has written. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DOUBLE, DuckDBDataChunk, type DuckDBListValue, LIST, listValue, UTINYINT, VARCHAR } from '@duckdb/node-api';
import { type Connection, rowsOf, withDuckDb } from '../data/engine.ts';
import { parquetOf, quoteName, quoteText } from '../data/sql-text.ts';
import { decisionOf } from '../serving/prediction-of.ts';
import { fetchVersion, type ScoreSource } from '../serving/version-files.ts';
import { fetchBlob, findDocument, getDocument, sha256OfFile } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type BatchPlan, batchFolder, batchPlan, partKey, planKey, type ScoredPart, scoredPart } from './contract.ts';
import { BatchPredictionInvalid } from './errors.ts';
import { type PartScores, scorePartFile } from './part-scores.ts';

export interface PartInput {
  readonly store: ObjectStore;
  readonly model: string;
  readonly batch: string;
  readonly day: string;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly onProgress?: (rows: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** As many as the engine keeps in one vector. */
const CHUNK = 2048;

/**
 * Writes `date=<day>/predictions.parquet`: id, event time, version, `prediction`, `scores` (multiclass), `decision`.
 *
 * @throws BatchPredictionInvalid; ObjectMissing, ObjectCorrupt; whatever refuses the version
 */
export async function scorePart(input: PartInput): Promise<ScoredPart> {
  const { store, model, batch, day, cacheDir, workDir, signal } = input;
  const record = partKey(model, batch, day);
  const done = await findDocument(store, record, scoredPart);
  if (done !== undefined) return done;

  const plan = await getDocument(store, planKey(model, batch), batchPlan);
  const part = plan.parts.find((one) => one.day === day);
  if (part === undefined) throw new RangeError(`batch ${batch} of ${model} has no part ${day}`);
  const { source } = await fetchVersion(store, model, plan.version, cacheDir);
  const path = await fetchBlob(store, part.input.sha256, cacheDir);
  await mkdir(workDir, { recursive: true });
  const dir = await mkdtemp(join(workDir, 'part-'));
  try {
    const out = join(dir, 'predictions.parquet');
    const scored = await withDuckDb(
      { tempDir: dir, lockDown: true, allowedPaths: [path, `${dir}/`] },
      async (db) => {
        const scores = await scorePartFile(db, path, source, input.onProgress ?? (() => undefined));
        await writePredictions(db, { path, out, scores, plan, day, source });
        return scores;
      },
      signal,
    );
    const sha256 = await sha256OfFile(out);
    const key = `${batchFolder(model, batch)}/date=${day}/${sha256.slice(0, 16)}.parquet`;
    await store.create(key, { path: out });
    const bytes = (await store.size(key)) ?? 0;
    const lookupAsOf = scored.lookupAsOf === null ? null : new Date(scored.lookupAsOf).toISOString();
    const kept: ScoredPart = { day, rows: part.rows, key, sha256, bytes, lookup_as_of: lookupAsOf };
    // The first record wins: of two attempts at once both are right, and one of them is named.
    await store.create(record, Buffer.from(JSON.stringify(scoredPart.parse(kept))));
    return await getDocument(store, record, scoredPart);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

interface Writing {
  readonly path: string;
  readonly out: string;
  readonly scores: PartScores;
  readonly plan: BatchPlan;
  readonly day: string;
  readonly source: ScoreSource;
}

async function writePredictions(db: Connection, { path, out, scores, plan, day, source }: Writing): Promise<void> {
  const { id, event_time, threshold } = source.served;
  const wide = scores.width > 1;
  const key = `CAST(${quoteName(id)} AS VARCHAR)`;
  const bad = unusable(scores);
  if (bad !== null) {
    const [row] = await rowsOf(db, `SELECT ${key} AS id FROM ${parquetOf([path])} LIMIT 1 OFFSET ${bad.first}`);
    throw new BatchPredictionInvalid(plan.model, plan.version, day, bad.rows, String(row?.['id']));
  }
  const columns = ['prediction DOUBLE', `decision ${wide ? 'VARCHAR, scores DOUBLE[]' : 'UTINYINT'}`];
  await db.run(`CREATE TEMP TABLE scored (${columns.join(', ')})`);
  await appendScores(db, scores, source, threshold);
  const select = [
    `${key} AS ${quoteName(id)}`,
    `CAST(${quoteName(event_time)} AS TIMESTAMPTZ) AS ${quoteName(event_time)}`,
    `${plan.version} AS model_version`,
    'prediction',
    ...(wide ? ['scores'] : []),
    'CAST(decision AS VARCHAR) AS decision',
  ];
  // Named, because a positional join reads every column that it is given.
  const rows = `SELECT ${[...new Set([id, event_time])].map(quoteName).join(', ')} FROM ${parquetOf([path])}`;
  await db.run(
    `COPY (SELECT ${select.join(', ')} FROM (SELECT * FROM (${rows}) POSITIONAL JOIN scored))
     TO ${quoteText(out)} (FORMAT parquet, COMPRESSION zstd)`,
  );
}

/** Rows with a score that is no finite number, and the place of the first; null where there are none. */
function unusable({ scores, width }: PartScores): { readonly rows: number; readonly first: number } | null {
  let [rows, first, last] = [0, -1, -1];
  for (let i = 0; i < scores.length; i++) {
    if (Number.isFinite(scores[i])) continue;
    const row = Math.floor(i / width);
    if (row === last) continue;
    if (first < 0) first = row;
    last = row;
    rows += 1;
  }
  return rows === 0 ? null : { rows, first };
}

async function appendScores(
  db: Connection,
  { scores, width }: PartScores,
  { signature }: ScoreSource,
  threshold: number | null,
): Promise<void> {
  const appender = await db.createAppender('scored');
  const rows = scores.length / width;
  const types = width > 1 ? [DOUBLE, VARCHAR, LIST(DOUBLE)] : [DOUBLE, UTINYINT];
  for (let from = 0; from < rows; from += CHUNK) {
    const count = Math.min(CHUNK, rows - from);
    const predictions: number[] = [];
    const decisions: (string | number | null)[] = [];
    const lists: DuckDBListValue[] = [];
    for (let row = from; row < from + count; row++) {
      const own = scores.subarray(row * width, (row + 1) * width);
      const { prediction, decision } = decisionOf(signature, threshold, own);
      predictions.push(prediction);
      decisions.push(width > 1 && decision !== null ? String(decision) : decision);
      if (width > 1) lists.push(listValue([...own]));
    }
    const chunk = DuckDBDataChunk.create(types, count);
    chunk.setColumns(width > 1 ? [predictions, decisions, lists] : [predictions, decisions]);
    appender.appendDataChunk(chunk);
  }
  appender.flushSync();
  appender.closeSync();
}
