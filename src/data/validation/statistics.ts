/** What Parquet footers tell for free: null counts and bounds of whole columns. */
import { type Connection, rowsOf } from '../engine.ts';
import { quoteList } from '../sql-text.ts';

/** Over all files; only what every row group states. */
export interface ColumnStatistics {
  readonly nulls: number | null;
  /** As Parquet writes them; text may be cut. */
  readonly least: string | null;
  readonly most: string | null;
}

export type Statistics = ReadonlyMap<string, ColumnStatistics>;

/** Numbers are compared as numbers. NaN is in no bound, so bounds of FLOAT and DOUBLE prove nothing about rows. */
export async function statisticsOf(db: Connection, paths: readonly string[]): Promise<Statistics> {
  if (paths.length === 0) return new Map();
  const rows = await rowsOf(
    db,
    `SELECT path_in_schema AS name, bool_and(stats_null_count IS NOT NULL) AS counted, sum(stats_null_count) AS nulls,
            bool_and(stats_min_value IS NOT NULL OR stats_null_count = num_values) AS bounded,
            CASE WHEN any_value(type) IN ('INT32', 'INT64') THEN min(TRY_CAST(stats_min_value AS HUGEINT))::VARCHAR
                 ELSE min(stats_min_value) END AS least,
            CASE WHEN any_value(type) IN ('INT32', 'INT64') THEN max(TRY_CAST(stats_max_value AS HUGEINT))::VARCHAR
                 ELSE max(stats_max_value) END AS most,
            count(DISTINCT file_name) AS files
     FROM parquet_metadata(${quoteList(paths)}) GROUP BY 1`,
  );
  const known = rows.filter(({ files }) => Number(files) === paths.length); // a column that a file lacks is null there
  return new Map(
    known.map(({ name, counted, nulls, bounded, least, most }) => {
      const told = bounded === true && least !== null && most !== null;
      return [
        String(name),
        {
          nulls: counted === true ? Number(nulls) : null,
          least: told ? String(least) : null,
          most: told ? String(most) : null,
        },
      ];
    }),
  );
}
