/** One part of a batch: scored once, kept once. A second attempt finds what the first has written. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DOUBLE, DuckDBDataChunk, type DuckDBListValue, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import { type Connection, withDuckDb } from '../data/engine.ts';
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
  await db.run('CREATE TEMP TABLE scored (prediction DOUBLE, scores DOUBLE[], decision VARCHAR)');
  await appendScores(db, scores, source, threshold);
  const key = `CAST(${quoteName(id)} AS VARCHAR)`;
  const [bad] = await db
    .runAndReadAll(
      `SELECT count(*), any_value(${key}) FROM (SELECT * FROM ${parquetOf([path])} POSITIONAL JOIN scored)
       WHERE prediction IS NULL OR NOT isfinite(prediction)`,
    )
    .then((result) => result.getRows());
  if (Number(bad?.[0]) > 0)
    throw new BatchPredictionInvalid(plan.model, plan.version, day, Number(bad?.[0]), String(bad?.[1]));
  const select = [
    `${key} AS ${quoteName(id)}`,
    `CAST(${quoteName(event_time)} AS TIMESTAMPTZ) AS ${quoteName(event_time)}`,
    `${plan.version} AS model_version`,
    'prediction',
    ...(scores.width > 1 ? ['scores'] : []),
    'decision',
  ];
  await db.run(
    `COPY (SELECT ${select.join(', ')} FROM (SELECT * FROM ${parquetOf([path])} POSITIONAL JOIN scored))
     TO ${quoteText(out)} (FORMAT parquet, COMPRESSION zstd)`,
  );
}

async function appendScores(
  db: Connection,
  { scores, width }: PartScores,
  { signature }: ScoreSource,
  threshold: number | null,
): Promise<void> {
  const appender = await db.createAppender('scored');
  const rows = scores.length / width;
  const types = [DOUBLE, LIST(DOUBLE), VARCHAR];
  for (let from = 0; from < rows; from += CHUNK) {
    const count = Math.min(CHUNK, rows - from);
    const columns: [number[], (DuckDBListValue | null)[], (string | null)[]] = [[], [], []];
    for (let row = from; row < from + count; row++) {
      const own = scores.subarray(row * width, (row + 1) * width);
      const { prediction, decision } = decisionOf(signature, threshold, own);
      columns[0].push(prediction);
      columns[1].push(width === 1 ? null : listValue([...own]));
      columns[2].push(decision === null ? null : String(decision));
    }
    const chunk = DuckDBDataChunk.create(types, count);
    chunk.setColumns(columns);
    appender.appendDataChunk(chunk);
  }
  appender.flushSync();
  appender.closeSync();
}
