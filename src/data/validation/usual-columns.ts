/** What the source of a model file usually delivers: told by footers, without a row being read. */
import type { ModelConfig } from '../../config/model.ts';
import { HoneError } from '../../errors.ts';
import { withDuckDb } from '../engine.ts';
import { findSourceFiles } from '../ingest/source-files.ts';
import { columnsOf } from '../ingest/source-reader.ts';
import { parquetOf } from '../sql-text.ts';
import type { RawManifest } from './context.ts';

/** Null where the source is not Parquet on this machine, or cannot be read: then nobody knows. */
export async function usualColumns(
  { data: { source } }: ModelConfig,
  base: string,
  dir: string,
): Promise<RawManifest['columns'] | null> {
  if (source.type !== 'parquet' || /^[a-z0-9]+:/.test(source.path)) return null;
  try {
    return await withDuckDb({ tempDir: dir }, async (db) => {
      const { files } = await findSourceFiles(db, source.path, { base, format: 'parquet', marker: undefined });
      return await columnsOf(db, parquetOf(files.map(({ path }) => path)));
    });
  } catch (error) {
    if (error instanceof HoneError) return null;
    throw error;
  }
}
