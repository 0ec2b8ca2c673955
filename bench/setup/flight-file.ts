/** Real flights drawn again and again into one big Parquet file, made once and kept in the user's cache folder. */
import { access, mkdir, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { withDuckDb } from '../../src/data/engine.ts';
import { quoteText } from '../../src/data/sql-text.ts';
import { honeCacheFolder } from '../../src/local/cache-folder.ts';

const EVENTS = resolve(import.meta.dirname, '../../examples/flights_nyc_2013/events/*.parquet');
/** Raise when the rows change. */
const VERSION = 1;

/**
 * The columns of the flights, three of them jittered to many values, and the two-column key `batch`, `place`.
 *
 * @returns its path
 */
export async function flightFile(rows: number, progress: (sentence: string) => void): Promise<string> {
  const folder = join(honeCacheFolder(), 'bench');
  const path = join(folder, `flights-${rows}-${VERSION}.parquet`);
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (there) return path;
  progress(`Making ${rows} rows in ${path} …`);
  await mkdir(folder, { recursive: true });
  const unfinished = `${path}.${process.pid}.tmp`;
  await withDuckDb({ tempDir: folder, memoryMb: 2048 }, async (db) => {
    await db.run('SET preserve_insertion_order = false');
    await db.run(
      `CREATE TABLE flights AS SELECT *, row_number() OVER (ORDER BY flight_id) - 1 AS n FROM read_parquet(${quoteText(EVENTS)})`,
    );
    const jittered = ['temp_f', 'wind_speed_mph', 'pressure_mb'].map(
      (name) => `(${name} + (hash(i, ${quoteText(name)}) % 1000000)::DOUBLE / 1000000)::FLOAT AS ${name}`,
    );
    await db.run(
      `COPY (SELECT flights.* EXCLUDE (n) REPLACE (i AS flight_id, ${jittered.join(', ')}), i // 1000 AS batch, (i % 1000)::INT AS place
             FROM (SELECT range AS i, (hash(range) % (SELECT count(*) FROM flights))::BIGINT AS drawn FROM range(${rows}))
             JOIN flights ON n = drawn)
       TO ${quoteText(unfinished)} (FORMAT parquet, COMPRESSION zstd)`,
    );
  });
  await rename(unfinished, path);
  return path;
}
