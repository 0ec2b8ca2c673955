/** Files of which nothing is known: folders with partitions, text, and what is refused. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DataProfile } from '../../../src/data/profile/contract.ts';
import { profileFiles } from '../../../src/data/profile/read-files.ts';
import { spanOf } from '../../../src/data/profile/time-roles.ts';
import { surroundings, writeParquet, writeText } from '../surroundings.ts';

async function place() {
  const { dir, workDir } = await surroundings();
  const profile = (path: string): Promise<DataProfile> =>
    profileFiles({ path, base: dir, workDir }, async (_, opened) => opened.profile);
  return { dir, workDir, profile };
}

test('a folder with date partitions is one table, and its keys are columns', async () => {
  const { dir, profile } = await place();
  for (const day of ['2024-01-01', '2024-01-02']) {
    await mkdir(join(dir, `data/dt=${day}`), { recursive: true });
    await writeParquet(dir, `data/dt=${day}/part.parquet`, 'SELECT range AS x FROM range(70000)');
  }
  const { rows, sampled, columns } = await profile('data');
  expect(rows).toBe(140_000);
  expect(sampled).toBeLessThan(rows);
  expect(columns.map(({ name, kind, distinct }) => [name, kind, distinct > 2])).toEqual([
    ['x', 'number', true],
    ['dt', 'time', false],
  ]);
});

test('CSV files with other delimiters are read, and times with a zone are times', async () => {
  const { dir, workDir, profile } = await place();
  await writeText(dir, 'a.csv', 'at;x\n2024-01-01 10:00:00+00;1,5x\n2024-01-02 10:00:00+02;2\n');
  expect((await profile('a.csv')).columns.map(({ kind }) => kind)).toEqual(['time', 'text']);
  await writeParquet(dir, 'text.parquet', `SELECT '2024-01-0' || (range + 1) || ' 10:00:00+02' AS at FROM range(3)`);
  const span = await profileFiles({ path: 'text.parquet', base: dir, workDir }, (db, { source }) =>
    spanOf(db, source, 'at'),
  );
  expect(span).toEqual(['2024-01-01T08:00:00.000Z', '2024-01-03T08:00:00.000Z']);
});

test('files of two formats, cut files and files without rows are refused by name', async () => {
  const { dir, profile } = await place();
  await mkdir(join(dir, 'mixed'));
  await writeParquet(dir, 'mixed/a.parquet', 'SELECT 1 AS x');
  await writeText(dir, 'mixed/b.csv', 'x\n1\n');
  await expect(profile('mixed')).rejects.toThrow(
    /b\.csv cannot be read: it is csv beside .*a\.parquet, which is parquet/,
  );
  await writeText(dir, 'cut.parquet', 'PAR1 and no more');
  await expect(profile('cut.parquet')).rejects.toThrow(/cut\.parquet/);
  await writeParquet(dir, 'none.parquet', 'SELECT 1 AS x WHERE false');
  await expect(profile('none.parquet')).rejects.toThrow('it is whole but has no row');
});
