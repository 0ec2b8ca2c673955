/** The rows of a delivered file as labels: the whole file is refused where one of them is none. */
import { basename } from 'node:path';
import { type Connection, engineSentence, isEngineError, rowsOf } from '../../data/engine.ts';
import { quoteInstant, quoteName, quoteNumber, quoteText } from '../../data/sql-text.ts';
import { LabelsRefused } from '../errors.ts';
import type { LabelImport } from './label-import.ts';
import { labelValue } from './label-scale.ts';

/** More different labels than this is no classification. */
const LABELS_AT_MOST = 1000;

/** Makes the table `new_labels` (inference_id, label, label_text, observed_at). @throws LabelsRefused */
export async function labelRows(db: Connection, request: LabelImport): Promise<void> {
  const { file, columns, asOf, scale } = request;
  const name = basename(file);
  const { id, label, observed } = columns;
  try {
    await db.run(`CREATE TEMP TABLE raw_labels AS SELECT row_number() OVER () AS row,
      trim(${quoteName(id)}::VARCHAR) AS inference_id, trim(${quoteName(label)}::VARCHAR) AS label_text,
      TRY_CAST(${quoteName(observed)}::VARCHAR AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS observed_at FROM told_rows`);
  } catch (error) {
    if (!isEngineError(error)) throw error;
    const next = `It needs the columns ${id}, ${label} and ${observed}; other names are given with --id, --label and --observed.`;
    throw new LabelsRefused(name, engineSentence(error), next, { cause: error });
  }
  await refuse(db, name, "inference_id IS NULL OR inference_id = ''", `have no ${id}`);
  await refuse(db, name, "label_text IS NULL OR label_text = ''", `have no ${label}`);
  await refuse(db, name, 'observed_at IS NULL', `have no time in ${observed} (ISO 8601, such as 2013-04-10T06:00:00Z)`);
  const now = `(${quoteInstant(asOf)} AT TIME ZONE 'UTC')`;
  await refuse(db, name, `observed_at > ${now}`, `were observed after ${asOf}, which is now`);
  if (scale.task === 'regression') {
    await refuse(
      db,
      name,
      'coalesce(NOT isfinite(TRY_CAST(label_text AS DOUBLE)), true)',
      `have no number in ${label}`,
    );
    await db.run('CREATE TEMP TABLE new_labels AS SELECT *, label_text::DOUBLE AS label FROM raw_labels');
    return;
  }
  await db.run(`CREATE TEMP TABLE scale (label_text VARCHAR, label DOUBLE)`);
  const values = await scaleOf(db, request, name);
  if (values.length > 0) await db.run(`INSERT INTO scale VALUES ${values.join(', ')}`);
  await db.run(
    'CREATE TEMP TABLE new_labels AS SELECT raw_labels.*, scale.label FROM raw_labels JOIN scale USING (label_text)',
  );
}

async function refuse(db: Connection, file: string, condition: string, problem: string): Promise<void> {
  const [row] = await rowsOf(
    db,
    `SELECT count(*) AS count, (list(row ORDER BY row))[1:5] AS rows FROM raw_labels WHERE ${condition}`,
  );
  const count = Number(row?.['count'] ?? 0);
  if (count === 0) return;
  const rows = (row?.['rows'] as { items?: unknown[] } | unknown[] | undefined) ?? [];
  const listed = (Array.isArray(rows) ? rows : (rows.items ?? [])).join(', ');
  throw new LabelsRefused(
    file,
    `${count} rows ${problem} (rows ${listed})`,
    'Correct them, then import the file again.',
  );
}

async function scaleOf(db: Connection, { scale }: LabelImport, file: string): Promise<string[]> {
  const found = await rowsOf(
    db,
    `SELECT label_text, min(row) AS row FROM raw_labels GROUP BY label_text ORDER BY row LIMIT ${LABELS_AT_MOST + 1}`,
  );
  if (found.length > LABELS_AT_MOST)
    throw new LabelsRefused(
      file,
      `it has more than ${LABELS_AT_MOST} different labels`,
      'Is --label the right column?',
    );
  return found.map(({ label_text: text, row }) => {
    const read = labelValue(asSent(String(text)), scale);
    if ('problem' in read)
      throw new LabelsRefused(
        file,
        `row ${row} says ${JSON.stringify(text)}: ${read.problem}`,
        'Correct it, then import the file again.',
      );
    return `(${quoteText(String(text))}, ${quoteNumber(read.value)})`;
  });
}

/** `1.0` and `1` are the same label; so are `True` and `true`. */
function asSent(text: string): string {
  if (/^(true|false)$/i.test(text)) return text.toLowerCase();
  const number = Number(text);
  return text !== '' && Number.isFinite(number) ? String(number) : text;
}
