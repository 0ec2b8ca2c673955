/** Files that people bring, of predictions or labels: how the engine reads them. */
import { extname } from 'node:path';
import { quoteText } from '../../data/sql-text.ts';

const formats: Readonly<Record<string, string>> = {
  '.csv': 'read_csv(?, all_varchar = true, header = true)',
  '.parquet': 'read_parquet(?)',
  '.jsonl': "read_json(?, format = 'newline_delimited')",
  '.ndjson': "read_json(?, format = 'newline_delimited')",
};

/** SQL of a table with the rows of the file; undefined for another format than CSV, Parquet and JSON lines. */
export function scanOf(file: string): string | undefined {
  return formats[extname(file).toLowerCase()]?.replace('?', quoteText(file));
}
