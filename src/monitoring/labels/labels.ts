/** Labels as they arrive, and what was known of them at a time: repeated, corrected and unknown ones kept apart. */
import { mkdir, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { durationMs } from '../../config/values.ts';
import { withDuckDb } from '../../data/engine.ts';
import { parquetOf, quoteInstant, quoteText } from '../../data/sql-text.ts';
import { sha256Of } from '../../store/content.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { DERIVED } from '../log/partition-files.ts';
import { type DayRange, fetchPartitions, writePartitions } from '../log/partitions.ts';
import { labelRecord } from '../log/records.ts';

/** One label as somebody reported it. */
export interface ReportedLabel {
  readonly inference_id: string;
  /** Binary: 1 or 0; regression: the value; multiclass: position of the class in signature order. */
  readonly label: number;
  /** As it was sent; defaults to the number. */
  readonly label_text?: string;
  /** When the outcome was known, ISO 8601. */
  readonly observed_at: string;
}

/**
 * Appends labels, durable on return. Nothing is judged here: the same label twice, a correction and a label for a
 * prediction that nobody made are all kept, and told apart by `labelsAsOf`.
 *
 * @param options.recordedAt ISO 8601; what was recorded later counts as the later word where `observed_at` is equal
 * @returns the keys written, one file a day of `observed_at`
 */
export async function recordLabels(
  store: ObjectStore,
  model: string,
  labels: readonly ReportedLabel[],
  options: { recordedAt?: string; tempDir?: string } = {},
): Promise<string[]> {
  if (labels.length === 0) return [];
  const recordedAt = options.recordedAt === undefined ? Date.now() : Date.parse(options.recordedAt);
  const rows = labels.map((label) => ({
    inference_id: label.inference_id,
    label: label.label,
    label_text: label.label_text ?? String(label.label),
    observed_at: Date.parse(label.observed_at),
    recorded_at: recordedAt,
  }));
  const tempDir = options.tempDir ?? join(tmpdir(), 'hone-records');
  return writePartitions(store, { kind: labelRecord, model, chunks: [rows], writtenAt: recordedAt, tempDir });
}

export interface LabelsAsOf {
  /**
   * Local Parquet, one row an inference id: `inference_id`, `label` (DOUBLE), `label_text`, `observed_at` (of the label
   * that counts), `first_label`, `first_observed_at`, `corrections`.
   */
  readonly path: string;
  readonly counts: {
    /** Ids with a label that counts. */
    readonly labelled: number;
    /** Equal to the label before it of the same id. */
    readonly repeated: number;
    /** Different from the label before it. */
    readonly corrected: number;
    /** Ids without a prediction in `log`; left out of `path`. 0 where no `log` was given. */
    readonly unknown: number;
    /** Reports observed longer after their prediction's event than `acceptWithin`; left out of everything else. */
    readonly too_late: number;
  };
}

export interface LabelsQuery extends DayRange {
  /** ISO 8601: only labels observed up to then. */
  readonly asOf: string;
  /** Prediction log files (`readLog`); with them, labels without a prediction are left out and counted. */
  readonly log?: readonly string[];
  /** With `log`: labels observed later than this after the event are refused. ISO 8601 duration. */
  readonly acceptWithin?: string;
  readonly cacheDir: string;
}

/**
 * The label of each prediction as it was known at `asOf`: the last observed, then the last recorded one.
 *
 * `from` and `to` bound the day of *observation*; leave `to` out for everything up to `asOf`.
 */
export async function labelsAsOf(store: ObjectStore, model: string, query: LabelsQuery): Promise<LabelsAsOf> {
  const { asOf, log, cacheDir } = query;
  const files = await fetchPartitions(store, model, 'labels', {
    cacheDir,
    to: query.to ?? new Date(Date.parse(asOf) + 1).toISOString(),
    ...(query.from === undefined ? {} : { from: query.from }),
  });
  await mkdir(join(cacheDir, DERIVED.labels), { recursive: true });
  const name = sha256Of(JSON.stringify([model, asOf, files, log ?? null, query.acceptWithin ?? null])).slice(0, 32);
  const path = join(cacheDir, DERIVED.labels, `${name}.parquet`);
  const counts = await withDuckDb({ memoryMb: 512, threads: 1, tempDir: cacheDir }, async (db) => {
    await db.run(`CREATE TEMP TABLE reports AS ${reportsSql(files, asOf)}`);
    await db.run(`CREATE TEMP TABLE known AS ${knownSql(query)}`);
    await db.run(`CREATE TEMP TABLE told AS ${toldSql}`);
    await db.run(`COPY (${labelsSql}) TO ${quoteText(`${path}.part`)} (FORMAT parquet)`);
    const [row] = (await db.runAndReadAll(countsSql)).getRowObjectsJS();
    return Object.fromEntries(Object.entries(row!).map(([key, value]) => [key, Number(value)]));
  });
  await rename(`${path}.part`, path);
  return { path, counts: counts as LabelsAsOf['counts'] };
}

/** Every report up to `asOf`, as it arrived. */
function reportsSql(files: readonly string[], asOf: string): string {
  return files.length
    ? `SELECT * FROM ${parquetOf(files)} WHERE observed_at <= (${quoteInstant(asOf)} AT TIME ZONE 'UTC')`
    : `SELECT NULL::VARCHAR AS inference_id, NULL::DOUBLE AS label, NULL::VARCHAR AS label_text,
         NULL::TIMESTAMP AS observed_at, NULL::TIMESTAMP AS recorded_at WHERE false`;
}

/** Ids that may have a label, and until when one is taken. */
function knownSql({ log, acceptWithin }: LabelsQuery): string {
  if (log === undefined) return 'SELECT DISTINCT inference_id, NULL::TIMESTAMP AS until FROM reports';
  if (log.length === 0) return 'SELECT NULL::VARCHAR AS inference_id, NULL::TIMESTAMP AS until WHERE false';
  const until =
    acceptWithin === undefined
      ? 'NULL::TIMESTAMP'
      : `max(event_time) + to_milliseconds(${Math.round(durationMs(acceptWithin))})`;
  return `SELECT inference_id, ${until} AS until FROM ${parquetOf(log)} GROUP BY inference_id`;
}

/** Each report that is taken, beside the one before it of the same id. Two words of one moment have a fixed order too. */
const toldSql = `
  SELECT reports.*, lag(label) OVER told AS label_before, row_number() OVER told AS nth
  FROM reports JOIN known USING (inference_id) WHERE until IS NULL OR observed_at <= until
  WINDOW told AS (PARTITION BY inference_id ORDER BY observed_at, recorded_at, label)`;

const labelsSql = `
  SELECT inference_id, last(label ORDER BY nth) AS label, last(label_text ORDER BY nth) AS label_text,
    last(observed_at ORDER BY nth) AS observed_at, first(label ORDER BY nth) AS first_label,
    min(observed_at) AS first_observed_at,
    count(*) FILTER (nth > 1 AND label <> label_before) AS corrections
  FROM told GROUP BY inference_id ORDER BY inference_id`;

const countsSql = `
  SELECT
    (SELECT count(DISTINCT inference_id) FROM told) AS labelled,
    (SELECT count(*) FROM told WHERE nth > 1 AND label = label_before) AS repeated,
    (SELECT count(*) FROM told WHERE nth > 1 AND label <> label_before) AS corrected,
    (SELECT count(DISTINCT inference_id) FROM reports ANTI JOIN known USING (inference_id)) AS unknown,
    (SELECT count(*) FROM reports JOIN known USING (inference_id) WHERE observed_at > until) AS too_late`;
