/** Up to 20 rows that broke a rule, without values that the log policy guards. */
import { rowsOf } from '../engine.ts';
import { quoteName } from '../sql-text.ts';
import type { ValidationContext } from './context.ts';
import { guardedColumns, showName, showValue } from './shown.ts';

export const MAX_EXAMPLES = 20;

export interface Examples {
  examples: string[];
  lines?: number[];
}

/**
 * In the order in which they were delivered.
 *
 * @param wrong SQL condition over `raw`
 * @param column whose value is shown; null shows the event time
 */
export async function examplesOf(context: ValidationContext, wrong: string, column: string | null): Promise<Examples> {
  const { db, config, lineOf } = context;
  const { id, event_time: eventTime } = config.data;
  const value = column ?? eventTime;
  const rows = await rowsOf(
    db,
    `SELECT CAST(${quoteName(id)} AS VARCHAR) AS id, CAST(${quoteName(value)} AS VARCHAR) AS value, file_index, file_row_number
     FROM raw WHERE ${wrong} ORDER BY file_index, file_row_number LIMIT ${MAX_EXAMPLES}`,
  );
  const show = exampleText(context);
  const examples = rows.map((row) => `${show(id, row['id'])}: ${show(value, row['value'])}`);
  if (!lineOf) return { examples };
  const lines = rows.flatMap((row) => lineOf(Number(row['file_index']), Number(row['file_row_number'])) ?? []);
  return lines.length === 0 ? { examples } : { examples, lines };
}

/** `column value`, or that the value is not shown. */
export function exampleText({ config }: ValidationContext): (column: string, value: unknown) => string {
  const guarded = guardedColumns(config);
  return (column, value) => {
    const name = showName(column).slice(1, -1);
    if (value === null || value === undefined) return `${name} is null`;
    return guarded(column) ? `${name} (kept back by monitoring.log)` : `${name} ${showValue(value)}`;
  };
}
