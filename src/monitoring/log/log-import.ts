/** Predictions that were made elsewhere, from a file: checked as a whole, logged once, by the privacy policy of the model. */
import { basename, extname } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import { type Connection, engineSentence, isEngineError, rowsOf, withDuckDb } from '../../data/engine.ts';
import { parquetOf } from '../../data/sql-text.ts';
import type { VersionManifest } from '../../registry/contract.ts';
import { readVersion } from '../../registry/versions.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { PredictionsRefused } from '../errors.ts';
import { scanOf } from './import-file.ts';
import { importedCalls } from './log-import-calls.ts';
import { givenRows, type ImportColumns } from './log-import-rows.ts';
import { extraColumns, lineOf } from './log-record.ts';
import { writePartitions } from './partitions.ts';
import { readLog } from './prediction-log.ts';
import { predictionRecord } from './records.ts';

export interface LogImport {
  readonly store: ObjectStore;
  readonly config: ModelConfig;
  /** CSV, JSON lines or Parquet on this machine. */
  readonly file: string;
  readonly columns: ImportColumns;
  /** Versions after this one do not exist. */
  readonly nextVersion: number;
  /** Of the hashes in the log; asked for only where the file's policy hashes something. */
  readonly hashKey: () => Promise<string>;
  readonly asOf: string;
  /** Milliseconds since the epoch, when this was recorded. */
  readonly recordedAt: number;
  /** Counts, and records nothing. */
  readonly dryRun: boolean;
  readonly cacheDir: string;
  readonly workDir: string;
  readonly signal: AbortSignal;
}

export interface ImportedLog {
  readonly rows: number;
  readonly recorded: number;
  /** In the log already, with the same version and score. */
  readonly repeated: number;
  readonly versions: readonly number[];
  /** Earliest and latest event time; null where the file is empty. */
  readonly from: string | null;
  readonly to: string | null;
  /** Features that the log keeps in some form. */
  readonly features: readonly string[];
}

const NODE = 'import';

/** @throws PredictionsRefused: then nothing was recorded; VersionMissing, ObjectCorrupt, StoreUnreachable */
export async function importPredictions(request: LogImport): Promise<ImportedLog> {
  const { store, config, cacheDir, workDir, file, signal, recordedAt } = request;
  const log = await readLog(store, config.model, { cacheDir });
  return await withDuckDb(
    { tempDir: workDir, lockDown: true, allowedPaths: [file, ...log], threads: 1 },
    async (db) => {
      await openSource(db, file);
      await givenRows(db, request);
      const versions = await versionsIn(db, request);
      const calls = await importedCalls(db, request, versions);
      await markRepeated(db, file, log);
      const counted = await counts(db);
      const features = [...new Set(calls.flatMap((call) => call.features))].sort();
      const end = { ...counted, versions: versions.map(({ version }) => version), features };
      if (request.dryRun || counted.recorded === 0) return end;
      await writePartitions(store, {
        ...{ kind: predictionRecord, model: config.model, writtenAt: recordedAt, tempDir: workDir },
        extra: extraColumns(calls.map((call) => call.head)),
        chunks: lines(calls),
      });
      return end;
    },
    signal,
  );
}

/** As table `source`, with `_line`: of the file where it has lines, else the row. */
async function openSource(db: Connection, file: string): Promise<void> {
  const scan = scanOf(file);
  const name = basename(file);
  if (scan === undefined) throw new PredictionsRefused(name, 'it is not .csv, .parquet or .jsonl', 'Convert it first.');
  const first = extname(file).toLowerCase() === '.csv' ? 1 : 0;
  try {
    await db.run(`CREATE TEMP TABLE source AS SELECT row_number() OVER () + ${first} AS _line, * FROM ${scan}`);
  } catch (error) {
    if (!isEngineError(error)) throw error;
    throw new PredictionsRefused(name, engineSentence(error), 'Correct the file.', { cause: error });
  }
}

async function versionsIn(db: Connection, { store, config, nextVersion, file }: LogImport): Promise<VersionManifest[]> {
  const found = await rowsOf(db, 'SELECT version, min(_line) AS line FROM given GROUP BY version ORDER BY version');
  const unknown = found.find(({ version }) => Number(version) >= nextVersion);
  if (unknown)
    throw new PredictionsRefused(
      basename(file),
      `line ${unknown['line']} names version ${unknown['version']}, and ${config.model} has none from ${nextVersion} on`,
      `See hone registry list ${config.model}.`,
    );
  return await Promise.all(found.map(({ version }) => readVersion(store, config.model, Number(version))));
}

/** A prediction is known by id, version and arm; with another score it is another prediction, and somebody has to look. */
async function markRepeated(db: Connection, file: string, log: readonly string[]): Promise<void> {
  const known =
    log.length === 0
      ? 'SELECT NULL::VARCHAR AS inference_id, NULL::INTEGER AS version, NULL::VARCHAR AS arm, NULL::DOUBLE AS prediction WHERE false'
      : `SELECT DISTINCT inference_id, version, arm, prediction FROM ${parquetOf(log)}`;
  await db.run(`CREATE TEMP TABLE known AS ${known}`);
  await db.run(
    'CREATE TEMP TABLE fresh AS SELECT * FROM given ANTI JOIN known USING (inference_id, version, arm) ORDER BY version, arm, _line',
  );
  const [other] = await rowsOf(
    db,
    `SELECT g._line AS line, g.score, k.prediction FROM given g JOIN known k USING (inference_id, version, arm)
     WHERE abs(g.score - k.prediction) > 1e-9 ORDER BY g._line LIMIT 1`,
  );
  if (other)
    throw new PredictionsRefused(
      basename(file),
      `line ${other['line']} gives the score ${other['score']} for a prediction that the log has with ${other['prediction']}`,
      'A log is never rewritten: leave the row out, or give it another id.',
    );
}

async function counts(db: Connection): Promise<Pick<ImportedLog, 'rows' | 'recorded' | 'repeated' | 'from' | 'to'>> {
  const [row] = await rowsOf(
    db,
    `SELECT (SELECT count(*) FROM given) AS rows, (SELECT count(*) FROM fresh) AS recorded,
       (SELECT epoch_ms(min(event_time)) FROM given) AS first, (SELECT epoch_ms(max(event_time)) FROM given) AS last`,
  );
  const [rows, recorded] = [Number(row?.['rows'] ?? 0), Number(row?.['recorded'] ?? 0)];
  const time = (value: unknown) =>
    value === null || value === undefined ? null : new Date(Number(value)).toISOString();
  return { rows, recorded, repeated: rows - recorded, from: time(row?.['first']), to: time(row?.['last']) };
}

async function* lines(calls: Awaited<ReturnType<typeof importedCalls>>): AsyncIterable<Buffer> {
  for (const call of calls) {
    for await (const chunk of call.chunks()) {
      yield Buffer.from(chunk.rows.map((row, i) => lineOf(chunk, row, i, NODE)).join(''));
    }
  }
}
