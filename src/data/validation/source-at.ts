/** A model's configuration with its source somewhere else. */
import { extname } from 'node:path';
import type { ModelConfig } from '../../config/model.ts';
import type { Source } from '../../config/sections/sources.ts';

type FileSource = Extract<Source, { type: 'parquet' | 'csv' | 'jsonl' }>;

const types: Readonly<Record<string, FileSource['type']>> = {
  '.parquet': 'parquet',
  '.csv': 'csv',
  '.tsv': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'jsonl',
};

/**
 * The type is what the ending says, else what the model file says (Parquet where that is a query or a command). Settings
 * of CSV stay, completion markers and partitions do not: whoever names a path says that it is there.
 */
export function sourceAt(config: ModelConfig, path: string): ModelConfig {
  const { source } = config.data;
  const own = source.type === 'sql' || source.type === 'command' ? 'parquet' : source.type;
  const type = types[extname(path.replace(/\.gz$/, '')).toLowerCase()] ?? own;
  return { ...config, data: { ...config.data, source: withSettings(type, path, source) } };
}

function withSettings(type: FileSource['type'], path: string, source: Source): Source {
  if (type !== 'csv' || source.type !== 'csv') return { type, path };
  const { delimiter, decimal, encoding } = source;
  return {
    type,
    path,
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(decimal === undefined ? {} : { decimal }),
    ...(encoding === undefined ? {} : { encoding }),
  };
}
