/** The prediction log as one table for a tick: predictions of the champion, features under their own names. */
import type { Connection } from '../../data/engine.ts';
import { parquetOf, quoteName } from '../../data/sql-text.ts';
import { read } from '../../drift/profile.ts';

export interface LogTable {
  /** Name of the temporary table; columns `_t` (ms since the epoch), `_prediction`, `_id`, `_scores` (of several classes), then the features. */
  readonly relation: string;
  /** Features that the log policy keeps as they are; hashed and dropped ones cannot be judged. */
  readonly logged: ReadonlySet<string>;
  readonly rows: number;
}

export interface LogQuery {
  readonly paths: readonly string[];
  /** Null: any version that answered. */
  readonly version: number | null;
  readonly from: number;
  readonly to: number;
  readonly numeric: readonly string[];
  readonly categorical: readonly string[];
  readonly name: string;
}

/** Shadows never answered anybody, and staged faults are not the model's: both are left out. */
export async function openLogTable(db: Connection, query: LogQuery): Promise<LogTable | null> {
  if (query.paths.length === 0) return null;
  const source = parquetOf(query.paths);
  const [columns] = await read(db, `SELECT column_name FROM (DESCRIBE SELECT * FROM ${source})`);
  const present = new Set(columns?.map(String));
  const logged = [...query.numeric, ...query.categorical].filter((name) => present.has(`f_${name}`));
  const numeric = new Set(query.numeric);
  const features = logged.map((name) => {
    const column = quoteName(`f_${name}`);
    return `${numeric.has(name) ? `TRY_CAST(${column} AS DOUBLE)` : column} AS ${quoteName(name)}`;
  });
  const conditions = [
    `epoch_ms(event_time) >= ${query.from}`,
    `epoch_ms(event_time) < ${query.to}`,
    `arm <> 'shadow'`,
    present.has('staged') ? 'NOT coalesce(staged, false)' : 'true',
    query.version === null ? 'true' : `version = ${query.version}`,
  ];
  const select = [
    'epoch_ms(event_time) AS _t',
    'prediction::DOUBLE AS _prediction',
    'inference_id AS _id',
    `${present.has('scores') ? 'scores' : 'NULL'}::DOUBLE[] AS _scores`,
    ...features,
  ];
  await db.run(
    `CREATE OR REPLACE TEMP TABLE ${quoteName(query.name)} AS SELECT DISTINCT ON (_id) ${select.join(', ')}
     FROM ${source} WHERE ${conditions.join(' AND ')}`,
  );
  const [rows] = await read(db, `SELECT count(*)::DOUBLE FROM ${quoteName(query.name)}`);
  return { relation: quoteName(query.name), logged: new Set(logged), rows: Number(rows?.[0] ?? 0) };
}
