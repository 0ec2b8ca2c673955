/** How the files of each source type become one SQL relation, and how a failure to read names its file. */
import type { ModelConfig } from '../../config/model.ts';
import { type Connection, engineSentence, isEngineError, rowsOf } from '../engine.ts';
import { quoteList, quoteName, quoteText } from '../sql-text.ts';
import { SourceUnreadable } from './errors.ts';
import { checkUnchanged, type FileFormat, type SourceFile } from './source-files.ts';

/**
 * A table function over all files. Columns that a file lacks are NULL; types that differ are widened.
 *
 * In CSV, id, entity and categories are read as text, so that `007` stays `007`; other types are inferred from every
 * row, so that the same files always give the same types.
 */
export async function relationOf(
  db: Connection,
  files: readonly SourceFile[],
  format: FileFormat,
  config: ModelConfig,
): Promise<string> {
  const paths = files.map(({ path }) => path);
  const list = quoteList(paths);
  if (format === 'parquet') return `read_parquet(${list}, union_by_name = true, hive_partitioning = false)`;
  if (format === 'jsonl') {
    return `read_json(${list}, format = 'newline_delimited', union_by_name = true, sample_size = -1, hive_partitioning = false)`;
  }
  const options = 'header = true, union_by_name = true, sample_size = -1, hive_partitioning = false';
  const { id, entity } = config.data;
  const wanted = new Set([id, entity, ...config.features.categories.columns]);
  const found = await readable(db, files, () => columnsOf(db, `read_csv(${list}, ${options})`));
  const asText = found.filter(({ name }) => wanted.has(name)).map(({ name }) => `${quoteText(name)}: 'VARCHAR'`);
  return `read_csv(${list}, ${options}${asText.length > 0 ? `, types = {${asText.join(', ')}}` : ''})`;
}

/** Column names and DuckDB types of a relation. */
export async function columnsOf(db: Connection, relation: string): Promise<{ name: string; type: string }[]> {
  const rows = await rowsOf(db, `DESCRIBE SELECT * FROM ${relation}`);
  return rows.map((row) => ({ name: String(row['column_name']), type: String(row['column_type']) }));
}

/**
 * Runs `work`, which reads `files`; when the engine fails, finds the file that cannot be read.
 *
 * @throws SourceIncomplete where a file changed meanwhile; SourceUnreadable naming the file, where one of them is at
 * fault; else the engine's own error
 */
export async function readable<T>(db: Connection, files: readonly SourceFile[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isEngineError(error) || /out of memory|interrupt|no space left/i.test(error.message)) throw error;
    await checkUnchanged(files); // a file that is being written fails in many ways
    const sentence = engineSentence(error);
    const named = files.find(({ path }) => error.message.includes(path));
    const file = named ?? (await findDamaged(db, files));
    if (!file) throw error;
    throw new SourceUnreadable(file.path, sentence, 'Deliver the file again, or remove it and start again.', {
      cause: error,
    });
  }
}

/** Reads every page of each Parquet file, one by one, until one fails. */
async function findDamaged(db: Connection, files: readonly SourceFile[]): Promise<SourceFile | undefined> {
  for (const file of files.filter(({ path }) => path.toLowerCase().endsWith('.parquet'))) {
    const relation = `read_parquet(${quoteText(file.path)})`;
    try {
      const columns = await columnsOf(db, relation);
      await db.run(`SELECT ${columns.map(({ name }) => `max(hash(${quoteName(name)}))`).join(', ')} FROM ${relation}`);
    } catch (error) {
      if (isEngineError(error)) return file;
      throw error;
    }
  }
  return undefined;
}
