/** The rows of a delivered file as predictions: the whole file is refused where one of them is none. */
import { basename } from 'node:path';
import { type Connection, engineSentence, isEngineError, rowsOf } from '../../data/engine.ts';
import { quoteInstant, quoteName, quoteText } from '../../data/sql-text.ts';
import { PredictionsRefused } from '../errors.ts';
import type { LogImport } from './log-import.ts';

export interface ImportColumns {
  readonly id: string;
  readonly time: string;
  readonly version: string;
  readonly score: string;
}

const ARMS = ['champion', 'canary', 'shadow'];
const LONGEST_ID = 200;

/** Makes the table `given` (`_line`, inference_id, event_time, version, score, arm, entity) beside `source`. @throws PredictionsRefused */
export async function givenRows(db: Connection, { file, columns, config, asOf }: LogImport): Promise<void> {
  const name = basename(file);
  if (config.task === 'multiclass')
    throw new PredictionsRefused(name, 'the model has several classes, and a file carries one score', 'Use the API.');
  const present = new Set((await rowsOf(db, 'DESCRIBE source')).map((row) => String(row['column_name'])));
  const own = (column: string, otherwise: string) =>
    present.has(column) ? `trim(${quoteName(column)}::VARCHAR)` : otherwise;
  const entity = config.data.entity ?? null;
  try {
    await db.run(`CREATE TEMP TABLE given AS SELECT _line,
      trim(${quoteName(columns.id)}::VARCHAR) AS inference_id,
      TRY_CAST(${quoteName(columns.time)}::VARCHAR AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS event_time,
      TRY_CAST(${quoteName(columns.version)}::VARCHAR AS INTEGER) AS version,
      TRY_CAST(${quoteName(columns.score)}::VARCHAR AS DOUBLE) AS score,
      coalesce(${own('arm', "'champion'")}, 'champion') AS arm,
      ${entity === null ? 'NULL::VARCHAR' : own(entity, 'NULL::VARCHAR')} AS entity FROM source`);
  } catch (error) {
    if (!isEngineError(error)) throw error;
    const { id, time, version, score } = columns;
    const next = `It needs the columns ${id}, ${time}, ${version} and ${score}; other names are given with --id, --time, --version-column and --score.`;
    throw new PredictionsRefused(name, engineSentence(error), next, { cause: error });
  }
  const now = `(${quoteInstant(asOf)} AT TIME ZONE 'UTC')`;
  const { id, time, version, score } = columns;
  const rules: readonly (readonly [condition: string, problem: string])[] = [
    [`coalesce(inference_id, '') = '' OR length(inference_id) > ${LONGEST_ID}`, `have no ${id} of 1 to 200 characters`],
    ['event_time IS NULL', `have no time in ${time} (ISO 8601, such as 2013-04-10T06:00:00Z)`],
    [`event_time > ${now}`, `are of after ${asOf}, which is now`],
    ['version IS NULL OR version < 1', `have no version number in ${version}`],
    ['coalesce(NOT isfinite(score), true)', `have no number in ${score}`],
    [config.task === 'binary' ? 'score < 0 OR score > 1' : 'false', `have no probability in ${score}`],
    [`arm NOT IN (${ARMS.map(quoteText).join(', ')})`, `have an arm that is none of ${ARMS.join(', ')}`],
    [
      '_line IN (SELECT _line FROM (SELECT _line, row_number() OVER (PARTITION BY inference_id, version, arm ORDER BY _line) AS nth FROM given) WHERE nth > 1)',
      `repeat the ${id} of an earlier line`,
    ],
  ];
  for (const [condition, problem] of rules) await refuseWhere(db, name, 'given', condition, problem);
}

/** @throws PredictionsRefused naming the first lines that meet the condition */
export async function refuseWhere(
  db: Connection,
  file: string,
  table: string,
  condition: string,
  problem: string,
): Promise<void> {
  const [row] = await rowsOf(
    db,
    `SELECT count(*) AS count, string_agg(_line::VARCHAR, ', ' ORDER BY _line) FILTER (nth <= 5) AS lines
     FROM (SELECT _line, row_number() OVER (ORDER BY _line) AS nth FROM ${table} WHERE ${condition})`,
  );
  const count = Number(row?.['count'] ?? 0);
  if (count === 0) return;
  const where = `${count === 1 ? 'line' : 'lines'} ${row?.['lines']}${count > 5 ? ', …' : ''}`;
  throw new PredictionsRefused(
    file,
    `${count} rows ${problem} (${where})`,
    'Correct them, then import the file again.',
  );
}
