/** The candidate on the last requests that were really answered, before it answers any: as they were logged. */
import { durationMs } from '../config/values.ts';
import { type FeatureRows, readFeatureColumns } from '../data/columns.ts';
import { type Connection, rowsOf, withDuckDb } from '../data/engine.ts';
import { parquetOf, quoteInstant, quoteName, quoteText } from '../data/sql-text.ts';
import { readLog } from '../monitoring/log/prediction-log.ts';
import type { VersionManifest } from '../registry/contract.ts';
import { MODEL_FILE } from '../serving/contract.ts';
import { ModelRuntime } from '../serving/model-runtime.ts';
import { getBlob } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { TrafficReplay } from './contract.ts';
import { percentiles } from './footprint.ts';
import { topScores } from './multiclass.ts';

const MOST_REQUESTS = 1000;
const LOOK_BACK = 'P7D';

export interface ReplayInput {
  readonly store: ObjectStore;
  readonly candidate: VersionManifest;
  readonly asOf: string;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly signal?: AbortSignal;
}

/**
 * Scores the newest 1,000 logged predictions of the last seven days, one row a call as requests come, and holds the
 * answers against those that were given. Staged faults and shadows are left out.
 *
 * @returns null where nothing was logged; `requests` is 0 with a reason where the log does not keep what the candidate needs
 * @throws ObjectCorrupt, ModelRefused
 */
export async function replayTraffic(input: ReplayInput): Promise<TrafficReplay | null> {
  const { store, candidate, asOf, cacheDir, workDir, signal } = input;
  const { numeric, categorical } = candidate.signature;
  const from = new Date(Date.parse(asOf) - durationMs(LOOK_BACK)).toISOString();
  const files = await readLog(store, candidate.model, { from, to: asOf, cacheDir });
  if (files.length === 0) return null;
  const path = `${workDir}/replay-${candidate.version}.parquet`;
  const read = await withDuckDb(
    { tempDir: workDir },
    (db) => writeRequests(db, files, { from, to: asOf }, { numeric, categorical }, path),
    signal,
  );
  if (read.rows === 0 && read.missing.length === 0) return null;
  const none = { requests: 0, from: null, to: null, failed: 0, answers: null, latency_ms: null, missing: {} };
  if (read.missing.length > 0) return { ...none, reason: notKept(read.missing, numeric.length + categorical.length) };
  const rows = await readFeatureColumns([path], { numeric, categorical });
  const file = candidate.files.find(({ name }) => name === MODEL_FILE);
  const runtime = await ModelRuntime.load(await getBlob(store, file?.sha256 ?? ''), candidate.signature);
  try {
    return {
      requests: rows.rows,
      from: new Date(rows.eventTime.reduce((a, b) => Math.min(a, b))).toISOString(),
      to: new Date(rows.eventTime.reduce((a, b) => Math.max(a, b))).toISOString(),
      missing: missingShares(rows, numeric, categorical),
      ...(await answerAll(runtime, rows)),
      reason: null,
    };
  } finally {
    await runtime.release();
  }
}

function notKept(missing: readonly string[], all: number): string {
  const some = missing.slice(0, 3).join(', ');
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  return `the log does not keep ${missing.length} of ${all} features (${some}${more})`;
}

/** @returns features that no file holds; rows written where none is missing */
async function writeRequests(
  db: Connection,
  files: readonly string[],
  { from, to }: { readonly from: string; readonly to: string },
  { numeric, categorical }: { readonly numeric: readonly string[]; readonly categorical: readonly string[] },
  path: string,
): Promise<{ readonly missing: string[]; readonly rows: number }> {
  const source = parquetOf(files);
  const described = await rowsOf(db, `DESCRIBE SELECT * FROM ${source}`);
  const present = new Set(described.map((row) => String(row['column_name'])));
  const missing = [...numeric, ...categorical].filter((name) => !present.has(`f_${name}`));
  if (missing.length > 0) return { missing, rows: 0 };
  const features = [
    ...numeric.map((name) => `TRY_CAST(${quoteName(`f_${name}`)} AS FLOAT) AS ${quoteName(name)}`),
    ...categorical.map((name) => `CAST(${quoteName(`f_${name}`)} AS VARCHAR) AS ${quoteName(name)}`),
  ];
  const own = [
    `event_time >= ${quoteInstant(from)}::TIMESTAMP AND event_time < ${quoteInstant(to)}::TIMESTAMP`,
    "arm <> 'shadow'",
    present.has('staged') ? 'NOT coalesce(staged, false)' : 'true',
  ];
  const [written] = await rowsOf(
    db,
    `COPY (SELECT inference_id AS _id, NULL::VARCHAR AS _entity, epoch_ms(event_time) AS _event_time,
       prediction AS _label, 1::DOUBLE AS _weight, ${features.join(', ')}
     FROM (SELECT DISTINCT ON (inference_id) * FROM ${source} WHERE ${own.join(' AND ')})
     ORDER BY event_time DESC, inference_id LIMIT ${MOST_REQUESTS}) TO ${quoteText(path)} (FORMAT parquet)`,
  );
  return { missing, rows: Number(written?.['Count'] ?? 0) };
}

/** Here `rows.label` is what was answered. A call that throws, or an answer that is no probability, is a failure. */
async function answerAll(
  runtime: ModelRuntime,
  rows: FeatureRows,
): Promise<Pick<TrafficReplay, 'failed' | 'latency_ms' | 'answers'>> {
  const { task, numeric } = runtime.signature;
  const times: number[] = [];
  let [failed, sum, given, moved, answered] = [0, 0, 0, 0, 0];
  for (let row = 0; row < rows.rows; row++) {
    const values = rows.numeric.slice(row * numeric.length, (row + 1) * numeric.length);
    const started = performance.now();
    const scores = await runtime
      .predict({ rows: 1, numeric: values, categorical: rows.categorical.map((column) => [column[row] ?? '']) })
      .catch(() => null);
    times.push(performance.now() - started);
    if (scores === null || !scores.every((score) => sane(task, score))) {
      failed++;
      continue;
    }
    const answer = task === 'multiclass' ? topScores(scores, scores.length)[0]! : scores[0]!;
    answered++;
    sum += answer;
    given += rows.label[row]!;
    moved += Math.abs(answer - rows.label[row]!);
  }
  const answers = answered === 0 ? null : { mean: sum / answered, given: given / answered, moved: moved / answered };
  return { failed, latency_ms: percentiles(times), answers };
}

const sane = (task: string, score: number): boolean =>
  Number.isFinite(score) && (task === 'regression' || (score >= 0 && score <= 1));

/** Of features that are missing in some request, the share of requests. */
function missingShares(rows: FeatureRows, numeric: readonly string[], categorical: readonly string[]) {
  const count = (missing: (row: number) => boolean) => {
    let found = 0;
    for (let row = 0; row < rows.rows; row++) if (missing(row)) found++;
    return found / rows.rows;
  };
  const shares = [
    ...numeric.map((name, k) => [name, count((row) => Number.isNaN(rows.numeric[row * numeric.length + k]!))] as const),
    ...categorical.map((name, k) => [name, count((row) => rows.categorical[k]![row] === '')] as const),
  ];
  return Object.fromEntries(shares.filter(([, share]) => share > 0));
}
