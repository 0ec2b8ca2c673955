/** Predictions of one staged part, in its row order, by the features and the runtime that serve. */
import { type Connection, rowsOf } from '../data/engine.ts';
import { type FeatureDefinition, featureSelect } from '../data/features/definition.ts';
import { parquetOf } from '../data/sql-text.ts';
import type { RawRow } from '../serving/contract.ts';
import { LoadedVersion } from '../serving/loaded-version.ts';
import { checkGolden, ModelRuntime } from '../serving/model-runtime.ts';
import type { ScoreSource } from '../serving/version-files.ts';

export interface PartScores {
  /** Rows × width, row-major. */
  readonly scores: Float64Array;
  readonly width: number;
  /** Milliseconds since the epoch; null without joins and windows. */
  readonly lookupAsOf: number | null;
}

/** As many as the engine hands out at once. */
const ROWS_AT_ONCE = 2048;

/**
 * Features of a row that need nothing but the row are computed in SQL, millions at a time; joins and windows go the way
 * of a request, through the tables that the prediction server uses. Both give the same values, bit for bit.
 */
export async function scorePartFile(
  db: Connection,
  path: string,
  source: ScoreSource,
  onProgress: (rows: number) => void,
): Promise<PartScores> {
  const [counted] = await rowsOf(db, `SELECT count(*) AS n FROM ${parquetOf([path])}`);
  const rows = Number(counted?.['n']);
  return source.lookups === null
    ? await scoreBySql(db, path, rows, source, onProgress)
    : await scoreAsRequests(db, path, rows, source, onProgress);
}

async function scoreBySql(
  db: Connection,
  path: string,
  rows: number,
  { modelPath, signature, golden, served }: ScoreSource,
  onProgress: (rows: number) => void,
): Promise<PartScores> {
  const runtime = await ModelRuntime.load(modelPath, signature);
  try {
    if (golden.length > 0) await checkGolden(runtime, golden);
    const { width } = runtime;
    const scores = new Float64Array(rows * width);
    const columns = signature.numeric.length;
    const definition = served.definition as unknown as FeatureDefinition;
    const result = await db.stream(`SELECT ${featureSelect(definition)} FROM ${parquetOf([path])}`);
    let done = 0;
    for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      const numeric = new Float32Array(chunk.rowCount * columns);
      for (let column = 0; column < columns; column++) {
        chunk.visitColumnValues(column, (value, row) => {
          numeric[row * columns + column] = value === null ? Number.NaN : Number(value);
        });
      }
      const categorical = signature.categorical.map((_, i) =>
        chunk.getColumnValues(columns + i).map((value) => (value === null ? '' : String(value))),
      );
      scores.set(await runtime.predict({ rows: chunk.rowCount, numeric, categorical }), done * width);
      done += chunk.rowCount;
      onProgress(done);
    }
    return { scores, width, lookupAsOf: null };
  } finally {
    await runtime.release();
  }
}

async function scoreAsRequests(
  db: Connection,
  path: string,
  rows: number,
  source: ScoreSource,
  onProgress: (rows: number) => void,
): Promise<PartScores> {
  const loaded = await LoadedVersion.load(source);
  try {
    const width = source.signature.classes?.length ?? 1;
    const scores = new Float64Array(rows * width);
    let lookupAsOf: number | null = null;
    const read = await db.runAndReadAll(`SELECT * FROM ${parquetOf([path])}`);
    const raw = read.getRowObjectsJson() as RawRow[];
    for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
      const scored = await loaded.score(raw.slice(from, from + ROWS_AT_ONCE));
      scores.set(scored.predictions, from * width);
      lookupAsOf = scored.lookupAsOf;
      onProgress(Math.min(rows, from + ROWS_AT_ONCE));
    }
    return { scores, width, lookupAsOf };
  } finally {
    await loaded.release();
  }
}
