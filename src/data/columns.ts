/** Feature Parquet to typed arrays in the layout that scoring wants. */
import { tmpdir } from 'node:os';
import { type Connection, withDuckDb } from './engine.ts';
import { columnsOf } from './ingest/source-reader.ts';
import { parquetOf, quoteName } from './sql-text.ts';

/** Rows in event-time order as stored; all arrays have `rows` entries unless told otherwise. */
export interface FeatureRows {
  readonly rows: number;
  /** Row-major, `rows × numeric columns`; null is NaN. */
  readonly numeric: Float32Array;
  /** One array a column; null is `''`. */
  readonly categorical: string[][];
  readonly id: string[];
  readonly entity: string[];
  /** Milliseconds since the epoch. */
  readonly eventTime: Float64Array;
  /** NaN where there is none. */
  readonly label: Float64Array;
  readonly weight: Float64Array;
  /** Values as text by slice column; null is `''`. */
  readonly slices: Record<string, string[]>;
}

export interface FeatureShape {
  readonly numeric: readonly string[];
  readonly categorical: readonly string[];
  /** Slice columns by their plain names; a category of the model serves as its own slice. */
  readonly slices?: readonly string[];
}

/**
 * Reads parts of a feature snapshot, one after the other.
 *
 * @param paths local, verified Parquet files
 * @throws DataEngineFailed when a file lacks a column of the shape
 */
export async function readFeatureColumns(paths: readonly string[], shape: FeatureShape): Promise<FeatureRows> {
  if (paths.length === 0) return emptyRows(shape, 0);
  return withDuckDb({ tempDir: tmpdir(), lockDown: true, allowedPaths: paths }, async (db) => {
    const counted = await db.runAndReadAll(`SELECT count(*) FROM ${parquetOf(paths)}`);
    const rows = emptyRows(shape, Number(counted.getRows()[0]?.[0]));
    let offset = 0;
    for (const path of paths) offset = await readInto(rows, offset, db, path, shape);
    return rows;
  });
}

function emptyRows({ numeric, categorical, slices = [] }: FeatureShape, rows: number): FeatureRows {
  const text = () => new Array<string>(rows).fill('');
  return {
    rows,
    numeric: new Float32Array(rows * numeric.length),
    categorical: categorical.map(text),
    id: text(),
    entity: text(),
    eventTime: new Float64Array(rows),
    label: new Float64Array(rows),
    weight: new Float64Array(rows),
    slices: Object.fromEntries(slices.map((name) => [name, text()])),
  };
}

async function readInto(
  rows: FeatureRows,
  offset: number,
  db: Connection,
  path: string,
  { numeric, categorical, slices = [] }: FeatureShape,
): Promise<number> {
  const stored = new Set((await columnsOf(db, parquetOf([path]))).map(({ name }) => name));
  const sliceColumns = slices.map((name) => (stored.has(`_slice_${name}`) ? `_slice_${name}` : name));
  const texts = [...categorical, '_id', '_entity', ...sliceColumns].map(
    (name) => `CAST(${quoteName(name)} AS VARCHAR)`,
  );
  const numbers = ['_event_time', '_label', '_weight'].map((name) => `CAST(${quoteName(name)} AS DOUBLE)`);
  const select = [...numeric.map((name) => `CAST(${quoteName(name)} AS FLOAT)`), ...texts, ...numbers].join(', ');
  const textTargets = [...rows.categorical, rows.id, rows.entity, ...slices.map((name) => rows.slices[name] ?? [])];
  const numberTargets = [rows.eventTime, rows.label, rows.weight];

  // file order is the snapshot's order, and insertion order is kept by the engine
  const result = await db.stream(`SELECT ${select} FROM ${parquetOf([path])}`);
  const width = numeric.length;
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    const start = offset;
    for (let column = 0; column < width; column++) {
      chunk.visitColumnValues(column, (value, row) => {
        rows.numeric[(start + row) * width + column] = value === null ? Number.NaN : Number(value);
      });
    }
    for (const [i, target] of textTargets.entries()) {
      chunk.visitColumnValues(width + i, (value, row) => {
        target[start + row] = value === null ? '' : String(value);
      });
    }
    for (const [i, target] of numberTargets.entries()) {
      chunk.visitColumnValues(width + textTargets.length + i, (value, row) => {
        target[start + row] = value === null ? Number.NaN : Number(value);
      });
    }
    offset += chunk.rowCount;
  }
  return offset;
}
