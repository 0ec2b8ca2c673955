/** One part of a batch: scored once, kept once. A second attempt finds what the first has written. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Connection, rowsOf, withDuckDb } from '../data/engine.ts';
import { parquetOf, quoteName, quoteText } from '../data/sql-text.ts';
import { logPolicyWith } from '../monitoring/log/log-policy.ts';
import { predictionRecord } from '../monitoring/log/records.ts';
import { fetchVersion, type ScoreSource } from '../serving/version-files.ts';
import { fetchBlob, findDocument, getDocument, sha256OfFile } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type BatchPlan, batchFolder, batchPlan, partKey, planKey, type ScoredPart, scoredPart } from './contract.ts';
import { BatchPredictionInvalid } from './errors.ts';
import { writePartLog } from './part-log.ts';
import { type PartScores, scorePartFile } from './part-scores.ts';
import { createScored } from './scored-table.ts';

export interface PartInput {
  readonly store: ObjectStore;
  readonly model: string;
  readonly batch: string;
  readonly day: string;
  readonly cacheDir: string;
  readonly workDir: string;
  /** Of the hashes in the prediction log; asked for only where the version's policy hashes something. */
  readonly hashKey: () => Promise<string>;
  readonly onProgress?: (rows: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes `date=<day>/predictions.parquet`: id, event time, version, `prediction`, `scores` (multiclass), `decision`; and beside it, where
 * the batch is logged, the records of the prediction log, which wait there until it is published.
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
  const { source, log } = await fetchVersion(store, model, plan.version, cacheDir);
  const policy = plan.log ? await logPolicyWith(log, fieldsOf(source), input.hashKey) : null;
  const path = await fetchBlob(store, part.input.sha256, cacheDir);
  await mkdir(workDir, { recursive: true });
  const dir = await mkdtemp(join(workDir, 'part-'));
  try {
    const [out, logOut] = [join(dir, 'predictions.parquet'), join(dir, 'log.parquet')];
    const { asOf, logged } = await withDuckDb(
      { tempDir: dir, lockDown: true, allowedPaths: [path, `${dir}/`] },
      async (db) => {
        const scores = await scorePartFile(db, path, source, input.onProgress ?? (() => undefined));
        await writePredictions(db, { path, out, scores, plan, day, source });
        const { looked } = scores;
        const rows = policy && (await writePartLog(db, { path, out: logOut, plan, source, policy, looked }));
        return { asOf: looked?.asOf ?? null, logged: rows ?? 0 };
      },
      signal,
    );
    const sha256 = await sha256OfFile(out);
    const folder = `${batchFolder(model, batch)}/date=${day}`;
    const key = `${folder}/${sha256.slice(0, 16)}.parquet`;
    await store.create(key, { path: out });
    const kept: ScoredPart = {
      ...{ day, rows: part.rows, key, sha256, bytes: (await store.size(key)) ?? 0 },
      lookup_as_of: asOf === null ? null : new Date(asOf).toISOString(),
      ...(logged > 0 && { log: await stageLog(store, plan, folder, { path: logOut, rows: logged }) }),
    };
    // The first record wins: of two attempts at once both are right, and one of them is named.
    await store.create(record, Buffer.from(JSON.stringify(scoredPart.parse(kept))));
    return await getDocument(store, record, scoredPart);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Beside the predictions until the batch is whole: monitoring must not see what nobody can read yet. */
async function stageLog(
  store: ObjectStore,
  { model, as_of }: BatchPlan,
  folder: string,
  { path, rows }: { readonly path: string; readonly rows: number },
): Promise<NonNullable<ScoredPart['log']>> {
  const sha256 = await sha256OfFile(path);
  const staged = `${folder}/log-${sha256.slice(0, 16)}.parquet`;
  await store.create(staged, { path });
  const day = folder.slice(folder.lastIndexOf('/') + 1);
  const key = `models/${model}/${predictionRecord.folder}/${day}/${Date.parse(as_of)}-${sha256}.parquet`;
  return { staged, key, sha256, rows };
}

function fieldsOf({ served }: ScoreSource) {
  return { ...served.definition, entity: served.entity };
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
  const { id, event_time } = source.served;
  const key = `CAST(${quoteName(id)} AS VARCHAR)`;
  const bad = unusable(scores);
  if (bad !== null) {
    const [row] = await rowsOf(db, `SELECT ${key} AS id FROM ${parquetOf([path])} LIMIT 1 OFFSET ${bad.first}`);
    throw new BatchPredictionInvalid(plan.model, plan.version, day, bad.rows, String(row?.['id']));
  }
  await createScored(db, scores, source);
  const select = [
    `${key} AS ${quoteName(id)}`,
    `CAST(${quoteName(event_time)} AS TIMESTAMPTZ) AS ${quoteName(event_time)}`,
    `${plan.version} AS model_version`,
    'prediction',
    ...(scores.width > 1 ? ['scores'] : []),
    'decision',
  ];
  // Named, because a positional join reads every column that it is given.
  const rows = `SELECT ${[...new Set([id, event_time])].map(quoteName).join(', ')} FROM ${parquetOf([path])}`;
  await db.run(
    `COPY (SELECT ${select.join(', ')} FROM (SELECT * FROM (${rows}) POSITIONAL JOIN scored))
     TO ${quoteText(out)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
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
