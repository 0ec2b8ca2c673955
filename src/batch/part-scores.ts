/** Predictions of one staged part, in its row order, by the features and the runtime that serve. */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { type Connection, rowsOf } from '../data/engine.ts';
import { type FeatureDefinition, featureSelect } from '../data/features/definition.ts';
import { parquetOf, quoteName } from '../data/sql-text.ts';
import type { Signature } from '../registry/contract.ts';
import type { RawRow } from '../serving/contract.ts';
import { LoadedVersion } from '../serving/loaded-version.ts';
import { checkGolden, type ModelInput, ModelRuntime } from '../serving/model-runtime.ts';
import type { ScoreSource } from '../serving/version-files.ts';

export interface PartScores {
  /** Rows × width, row-major. */
  readonly scores: Float64Array;
  readonly width: number;
  /** Joins and windows: milliseconds since the epoch that they were known at, and the features, which no SQL over the part gives. */
  readonly looked: { readonly asOf: number | null; readonly features: readonly ModelInput[] } | null;
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
    const definition = served.definition as unknown as FeatureDefinition;
    const result = await db.stream(inputSql(definition, path));
    let done = 0;
    for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      scores.set(await runtime.predict(inputOf(chunk, signature)), done * width);
      done += chunk.rowCount;
      onProgress(done);
    }
    return { scores, width, looked: null };
  } finally {
    await runtime.release();
  }
}

/** What stands for a missing value is put in here: looking for nulls value by value costs more than the reading. */
function inputSql(definition: FeatureDefinition, path: string): string {
  const values = definition.columns.map(
    ({ name, type }) => `coalesce(${quoteName(name)}, ${type === 'string' ? "''" : "'nan'::FLOAT"})`,
  );
  return `SELECT ${values.join(', ')} FROM (SELECT ${featureSelect(definition)} FROM ${parquetOf([path])})`;
}

function inputOf(chunk: DuckDBDataChunk, signature: Signature): ModelInput {
  const rows = chunk.rowCount;
  const columns = signature.numeric.length;
  const numeric = new Float32Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    const values = chunk.getColumnVector(column);
    for (let row = 0, at = column; row < rows; row++, at += columns) numeric[at] = values.getItem(row) as number;
  }
  const categorical = signature.categorical.map((_, i) => chunk.getColumnValues(columns + i) as string[]);
  return { rows, numeric, categorical };
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
    const features: ModelInput[] = [];
    let asOf: number | null = null;
    const read = await db.runAndReadAll(`SELECT * FROM ${parquetOf([path])}`);
    const raw = read.getRowObjectsJson() as RawRow[];
    for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
      const some = raw.slice(from, from + ROWS_AT_ONCE);
      const { predictions, numeric, categorical, lookupAsOf } = await loaded.score(some);
      scores.set(predictions, from * width);
      features.push({ rows: some.length, numeric, categorical });
      asOf = lookupAsOf;
      onProgress(Math.min(rows, from + ROWS_AT_ONCE));
    }
    return { scores, width, looked: { asOf, features } };
  } finally {
    await loaded.release();
  }
}
