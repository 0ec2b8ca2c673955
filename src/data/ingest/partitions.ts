/** `key=value` folders: their values as typed columns, and which partitions a window needs. */
import { quoteList, quoteName } from '../sql-text.ts';
import { SourceColumnUnsuitable } from './errors.ts';

const DAY = 86_400_000;
/** What Hive and Spark call a partition whose key was null. */
const NULL_VALUE = '__HIVE_DEFAULT_PARTITION__';

interface Partitioned {
  readonly origin: string;
  readonly partitions: Readonly<Record<string, string>>;
}

/** @param segments of a path below its source; the last one is the file */
export function partitionKeys(segments: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const segment of segments.slice(0, -1)) {
    const [, key, value] = /^([^=]+)=(.*)$/.exec(segment) ?? [];
    if (key !== undefined && value !== undefined) found[key] = decoded(value);
  }
  return found;
}

/**
 * Drops files whose partition's day cannot hold an event of the window; a day to spare on both sides, because a
 * producer's day may be local time.
 *
 * @throws SourceColumnUnsuitable when a file has no such key or its value is no day
 */
export function neededPartitions<F extends Partitioned>(
  files: readonly F[],
  key: string,
  window: { from: string | null; to: string },
): F[] {
  return files.filter((file) => {
    const day = dayOf(file, key);
    if (window.from !== null && day + 2 * DAY <= Date.parse(window.from)) return false;
    return day - DAY < Date.parse(window.to);
  });
}

/** The partition's day as milliseconds. @throws SourceColumnUnsuitable */
export function dayOf({ origin, partitions }: Partitioned, key: string): number {
  const value = partitions[key];
  const day = value !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(`${value}T00:00:00Z`) : Number.NaN;
  if (!Number.isNaN(day)) return day;
  const problem = value === undefined ? `${origin} lies in no folder ${key}=…` : `${origin} lies in ${key}=${value}`;
  const cure = `Write folders such as ${key}=2013-01-31, or take partition_date out of the model file.`;
  throw new SourceColumnUnsuitable(key, 'data.source.partition_date', problem, cure);
}

/**
 * SQL expressions of the partition columns by `file_index`. A key whose values are all days is DATE, all plain integers
 * BIGINT, else text; `007` stays text.
 *
 * @param taken columns that the files have themselves, and which win
 * @param asText columns that are text whatever their values
 */
export function partitionColumns(
  files: readonly Partitioned[],
  taken: ReadonlySet<string>,
  asText: ReadonlySet<string>,
): string[] {
  const keys = new Set(files.flatMap(({ partitions }) => Object.keys(partitions)));
  return [...keys]
    .filter((key) => !taken.has(key))
    .map((key) => {
      const values = files.map(({ partitions }) => partitions[key] ?? NULL_VALUE);
      const type = asText.has(key) ? 'VARCHAR' : typeOf(values.filter((value) => value !== NULL_VALUE));
      const value = `NULLIF(${quoteList(values)}[CAST(file_index AS BIGINT) + 1], '${NULL_VALUE}')`;
      return `CAST(${value} AS ${type}) AS ${quoteName(key)}`;
    });
}

/** Hive and Spark write `:` as `%3A`; others write values as they are. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function typeOf(values: readonly string[]): 'DATE' | 'BIGINT' | 'VARCHAR' {
  if (values.length > 0 && values.every((value) => /^\d{4}-\d{2}-\d{2}$/.test(value))) return 'DATE';
  if (values.length > 0 && values.every((value) => /^(0|-?[1-9]\d{0,17})$/.test(value))) return 'BIGINT';
  return 'VARCHAR';
}
