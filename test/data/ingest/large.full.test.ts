import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { withDuckDb } from '../../../src/data/engine.ts';
import { project, surroundings, tinyConfig } from '../surroundings.ts';

const ROWS = 20_000_000;
const LIMIT_MB = 1024;

test('20 million rows of 20 columns, and a corrected month of them, pass under a process of 1 GB that leaves no spill', {
  timeout: 1_800_000,
}, async () => {
  const around = await surroundings();
  await mkdir(join(around.dir, 'in'));
  const months = [
    ['2013-01', 7_000_000],
    ['2013-02', 6_000_000],
    ['2013-03', 7_000_000],
  ] as const;
  await withDuckDb({ tempDir: around.dir, memoryMb: 400 }, async (db) => {
    for (const [month, rows] of months) await db.run(copy(join(around.dir, 'in', `${month}.parquet`), month, rows, 1));
    await db.run(copy(join(around.dir, 'corrected.parquet'), '2013-02', 6_000_000, 2));
  });
  const config = await tinyConfig('', (config) => {
    config.data.source = { type: 'parquet', path: 'in' };
  });
  const child = join(project, 'test/data/ingest/large-child.ts');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', child, around.dir, JSON.stringify(config)],
    { cwd: project },
  );
  const found = JSON.parse(stdout);
  console.log(found);
  expect(found.rows).toBe(ROWS);
  expect(found.peakMb).toBeLessThan(LIMIT_MB);
  expect(found.sentences[0]).toMatch(/^2013-02-01 to 2013-02-27 was corrected: 5,9[0-9,]+ rows/);
  expect(await readdir(around.workDir)).toEqual([]);
});

/** Unsorted rows of one month: an id, a text of 12 letters, times, 12 numbers and 3 categories, as a table of events has. */
function copy(path: string, month: string, rows: number, factor: number): string {
  const numbers = Array.from({ length: 12 }, (_, i) => `(hash(i, ${i}) % 100000)::DOUBLE / 7 AS n${i}`);
  const start = `TIMESTAMPTZ '${month}-01 00:00:00+00'`;
  const seconds = 27 * 86_400;
  return `COPY (
    SELECT '${month}-' || i AS id, 'e' || (hash(i) % 100000) AS entity, ms AS at, i % 97 * ${factor}::DOUBLE AS x,
           'k' || (hash(i, 1) % 20) AS kind, 'c' || (hash(i, 2) % 300) AS c1, (hash(i, 3) % 2)::INT AS y,
           ms + INTERVAL 1 DAY AS known_at, ${numbers.join(', ')}
    FROM (SELECT i, ${start} + (hash(i, 99) % ${seconds}) * INTERVAL 1 SECOND AS ms FROM range(${rows}) t(i))
  ) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`;
}
