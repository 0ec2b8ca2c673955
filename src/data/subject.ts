/** Where a subject may stand in rows of a model: as id, as entity, or in a column that the prediction log hashes. */
import type { ModelConfig } from '../config/model.ts';
import { type Connection, rowsOf } from './engine.ts';
import { quoteName, quoteText } from './sql-text.ts';

/** Columns that hone itself makes of ids, entities and the keys of joins and windows. */
const made = /^(_id|_entity|_key_\d+)$/;

/**
 * SQL that holds for rows of the subject, compared as text.
 *
 * @returns null where the file has no column that could name one
 */
export async function subjectCondition(
  db: Connection,
  path: string,
  { data, monitoring }: ModelConfig,
  subject: string,
): Promise<string | null> {
  const named = new Set([data.id, ...(data.entity === null ? [] : [data.entity]), ...monitoring.log.hash]);
  const described = await rowsOf(db, `DESCRIBE SELECT * FROM read_parquet(${quoteText(path)})`);
  const columns = described
    .map((row) => String(row['column_name']))
    .filter((name) => named.has(name) || made.test(name));
  if (columns.length === 0) return null;
  const tests = columns.map((name) => `CAST(${quoteName(name)} AS VARCHAR) = ${quoteText(subject)}`);
  return `coalesce(${tests.join(' OR ')}, false)`;
}
