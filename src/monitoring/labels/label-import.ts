/** Labels from a file, or from SQL over one: checked as a whole, joined on the id, recorded once. */
import { basename } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import { durationMs } from '../../config/values.ts';
import { type Connection, engineSentence, isEngineError, rowsOf, withDuckDb } from '../../data/engine.ts';
import { parquetOf } from '../../data/sql-text.ts';
import { checkQuery } from '../../data/user-sql.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { LabelsRefused } from '../errors.ts';
import { scanOf } from '../log/import-file.ts';
import { fetchPartitions, writePartitions } from '../log/partitions.ts';
import { readLog } from '../log/prediction-log.ts';
import { labelRecord } from '../log/records.ts';
import { labelRows } from './label-rows.ts';
import type { LabelScale } from './label-scale.ts';

export interface LabelImport {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  readonly scale: LabelScale;
  /** CSV, JSON lines or Parquet on this machine. */
  readonly file: string;
  /** One SELECT over the view `source`, which is the file. */
  readonly query?: string;
  readonly columns: { readonly id: string; readonly label: string; readonly observed: string };
  readonly asOf: string;
  /** Milliseconds since the epoch, when this was recorded. */
  readonly recordedAt: number;
  /** Counts, and records nothing. */
  readonly dryRun: boolean;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly signal: AbortSignal;
}

export interface Imported {
  readonly rows: number;
  /** Of them: a first label, or another one than before (these are in `corrected` too). */
  readonly recorded: number;
  readonly corrected: number;
  /** The same as the label before it of its id: ignored. */
  readonly repeated: number;
  /** Refused: nobody made such a prediction, or its record was removed. */
  readonly unknown: number;
  /** Refused: observed longer after the event than `monitoring.labels.accept_within`. */
  readonly too_late: number;
  /** At most five ids of those refused. */
  readonly examples: readonly string[];
}

/** @throws LabelsRefused, UserSqlFailed: then nothing was recorded; ObjectCorrupt, StoreUnreachable */
export async function importLabels(request: LabelImport): Promise<Imported> {
  const { store, config, cacheDir, workDir, file, signal } = request;
  const { model } = config;
  const log = await readLog(store, model, { cacheDir });
  const told = await fetchPartitions(store, model, 'labels', { cacheDir });
  const allowedPaths = [file, ...log, ...told];
  return withDuckDb(
    { tempDir: workDir, lockDown: true, allowedPaths, threads: 1 },
    async (db) => {
      await openSource(db, request);
      await labelRows(db, request);
      await judge(db, request, log, told);
      const counted = await counts(db);
      if (!request.dryRun && counted.recorded > 0)
        await writePartitions(store, {
          kind: labelRecord,
          model,
          chunks: recordedRows(db, request.recordedAt),
          writtenAt: request.recordedAt,
          tempDir: workDir,
        });
      return counted;
    },
    signal,
  );
}

async function openSource(db: Connection, { file, query }: LabelImport): Promise<void> {
  const scan = scanOf(file);
  const name = basename(file);
  if (scan === undefined) throw new LabelsRefused(name, 'it is not .csv, .parquet or .jsonl', 'Convert it first.');
  try {
    await db.run(`CREATE TEMP VIEW source AS SELECT * FROM ${scan}`);
    if (query === undefined) await db.run('CREATE TEMP VIEW told_rows AS SELECT * FROM source');
    else {
      await checkQuery(db, query, '--query');
      await db.run(`CREATE TEMP TABLE told_rows AS ${query}`);
    }
  } catch (error) {
    if (!isEngineError(error)) throw error;
    throw new LabelsRefused(name, engineSentence(error), 'Correct the file or the query.', { cause: error });
  }
}

/** Each new row beside the label before it, stored or new, and the prediction that it belongs to. */
async function judge(
  db: Connection,
  { config, recordedAt }: LabelImport,
  log: readonly string[],
  told: readonly string[],
): Promise<void> {
  const acceptWithin = config.monitoring.labels?.accept_within;
  const until =
    acceptWithin === undefined
      ? 'NULL::TIMESTAMP'
      : `max(event_time) + to_milliseconds(${Math.round(durationMs(acceptWithin))})`;
  const known =
    log.length === 0
      ? 'SELECT NULL::VARCHAR AS inference_id, NULL::TIMESTAMP AS until WHERE false'
      : `SELECT inference_id, ${until} AS until FROM ${parquetOf(log)} GROUP BY inference_id`;
  const before =
    told.length === 0
      ? ''
      : `UNION ALL SELECT false, inference_id, label, NULL, observed_at, recorded_at FROM ${parquetOf(told)} SEMI JOIN known USING (inference_id)`;
  await db.run(`CREATE TEMP TABLE known AS ${known}`);
  await db.run(`CREATE TEMP TABLE judged AS
    WITH accepted AS (
      SELECT true AS is_new, inference_id, label, label_text, observed_at, epoch_ms(${recordedAt}::BIGINT) AS recorded_at
      FROM new_labels JOIN known USING (inference_id) WHERE until IS NULL OR observed_at <= until ${before})
    SELECT *, lag(label) OVER (PARTITION BY inference_id ORDER BY observed_at, recorded_at, label) AS label_before FROM accepted`);
}

async function counts(db: Connection): Promise<Imported> {
  const refused = `SELECT n.inference_id, until IS NOT NULL OR k.inference_id IS NOT NULL AS is_known
    FROM new_labels n LEFT JOIN known k USING (inference_id) WHERE k.inference_id IS NULL OR observed_at > until`;
  const [row] = await rowsOf(
    db,
    `SELECT (SELECT count(*) FROM new_labels) AS rows,
       (SELECT count(*) FROM judged WHERE is_new AND label IS DISTINCT FROM label_before) AS recorded,
       (SELECT count(*) FROM judged WHERE is_new AND label <> label_before) AS corrected,
       (SELECT count(*) FROM judged WHERE is_new AND label = label_before) AS repeated,
       (SELECT count(*) FILTER (NOT is_known) FROM (${refused})) AS unknown,
       (SELECT count(*) FILTER (is_known) FROM (${refused})) AS too_late`,
  );
  const of = (name: string): number => Number(row?.[name] ?? 0);
  const examples = await rowsOf(db, `SELECT DISTINCT inference_id FROM (${refused}) ORDER BY 1 LIMIT 5`);
  return {
    rows: of('rows'),
    recorded: of('recorded'),
    corrected: of('corrected'),
    repeated: of('repeated'),
    unknown: of('unknown'),
    too_late: of('too_late'),
    examples: examples.map((one) => String(one['inference_id'])),
  };
}

const ROWS_A_CHUNK = 5000;

async function* recordedRows(db: Connection, recordedAt: number) {
  const reader = await db.stream(
    `SELECT inference_id, label, label_text, epoch_ms(observed_at)::DOUBLE FROM judged
     WHERE is_new AND label IS DISTINCT FROM label_before ORDER BY ALL`,
  );
  for (;;) {
    const chunk = await reader.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const rows = chunk.getRows().map(([inference_id, label, label_text, observed_at]) => {
      return { inference_id, label, label_text, observed_at, recorded_at: recordedAt };
    });
    for (let i = 0; i < rows.length; i += ROWS_A_CHUNK) yield rows.slice(i, i + ROWS_A_CHUNK);
  }
}
