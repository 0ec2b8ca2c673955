/** How DuckDB's groups become profiles: what is easily lost there are nulls, infinities, odd names and late values. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDuckDb } from '../../src/data/engine.ts';
import type { NumericProfile } from '../../src/drift/contract.ts';
import { type ColumnSpec, profileGroups, read } from '../../src/drift/profile.ts';

let tempDir: string;
beforeAll(async () => {
  tempDir = await mkdtemp(join(tmpdir(), 'hone-profile-'));
});
afterAll(() => rm(tempDir, { recursive: true, force: true }));

const profile = (query: string, columns: ColumnSpec[], group?: string) =>
  withDuckDb({ tempDir }, (db) => profileGroups(db, `(${query})`, columns, group));
const x = [{ name: 'x', kind: 'numeric' }] satisfies ColumnSpec[];
const numeric = async (query: string, columns: ColumnSpec[] = x) =>
  (await profile(query, columns)).get(0)?.columns['x'] as NumericProfile;

test('in a column kept as a grid, nulls and NaN are missing, infinities are apart, and the rest keeps its rows and sum', async () => {
  const one = await numeric(`SELECT CASE WHEN i % 10 = 0 THEN NULL WHEN i % 10 = 1 THEN 'nan' WHEN i = 2 THEN 'inf'
    WHEN i = 3 THEN '-inf' ELSE (i / 7.0::DOUBLE)::VARCHAR END::DOUBLE AS x FROM range(30000) t(i)`);
  expect(one).toMatchObject({ rows: 30000, missing: 6000, infinite: [1, 1], fine: { kind: 'grid', cells: 4096 } });
  if (one.fine.kind !== 'grid') throw new Error('no grid');
  const { counts, sums, under, over } = one.fine;
  expect(counts.reduce((a, b) => a + b, 0) + under.count + over.count).toBe(23998);
  let wanted = 0;
  for (let i = 4; i < 30000; i++) if (i % 10 > 1) wanted += i / 7;
  expect(sums.reduce((a, b) => a + b, 0) + under.sum + over.sum).toBeCloseTo(wanted, 3);
});

test.each([9_999, 10_000, 10_001, 30_000, 123_457])(
  'the bounds of a grid over %d values are those of quantile_disc',
  async (rows) => {
    const values = `SELECT hash(i)::DOUBLE / 7 AS x FROM range(${rows}) t(i) UNION ALL SELECT unnest([NULL, 'inf', 'nan'])::DOUBLE`;
    const { fine } = await numeric(values);
    const [points] = await withDuckDb({ tempDir }, async (db) =>
      read(db, `SELECT unnest(quantile_disc(x, [0.0001, 0.9999])) FROM (${values}) WHERE isfinite(x)`),
    );
    expect(fine).toMatchObject({ kind: 'grid', lo: points?.[0], hi: points?.[1] });
  },
);

test('a column that shows its many values only after the first rows becomes a grid all the same', async () => {
  const one = await numeric('SELECT CASE WHEN i < 60000 THEN i % 5 ELSE i END AS x FROM range(80000) t(i)');
  expect(one.fine.kind).toBe('grid');
  const kept = await numeric('SELECT CASE WHEN i < 60000 THEN i % 5 ELSE i END AS x FROM range(80000) t(i)', [
    { name: 'x', kind: 'numeric', keptAs: 'exact', grid: { lo: 0, hi: 4, cells: 4096 } },
  ]);
  expect(kept.fine).toMatchObject({ kind: 'grid', lo: 0, hi: 4, over: { count: 20000 } });
});

test('columns may have any name, also the ones that the query itself uses', async () => {
  const names = ['k', 'x', 'n', 'c', 's', 'g', 'v', 'l', 't', 'sel"ect', "it's"];
  const list = names.map((name, i) => `(i % ${i + 2}) AS "${name.replaceAll('"', '""')}"`).join(', ');
  const found = await profile(
    `SELECT ${list} FROM range(1000) r(i)`,
    names.map((name, i) => ({ name, kind: i % 2 === 0 ? 'numeric' : 'categorical' })),
  );
  names.forEach((name, i) => {
    const column = found.get(0)?.columns[name];
    const values = column?.kind === 'categorical' ? column.levels : (column as NumericProfile).fine;
    expect(Array.isArray(values) ? values.length : values.counts.length, name).toBe(i + 2);
  });
});

test('whole numbers beyond 2^53 that are one double are one value, and minus zero is zero', async () => {
  const large = await numeric('SELECT unnest([9007199254740992, 9007199254740993, 1]::BIGINT[]) AS x');
  expect(large.fine).toMatchObject({ values: [1, 2 ** 53], counts: [1, 2] });
  const zero = await numeric("SELECT unnest(['-0.0'::DOUBLE, 0.0, 0.0]) AS x");
  expect(zero.fine).toEqual({ kind: 'exact', values: [0], counts: [3] });
});

test('groups are kept apart, rows without a group are left out, and an empty text is missing', async () => {
  const found = await profile(
    "SELECT CASE WHEN i < 4 THEN NULL ELSE i // 10 END AS day, CASE i % 3 WHEN 0 THEN '' WHEN 1 THEN NULL ELSE 'a' END AS x FROM range(30) t(i)",
    [{ name: 'x', kind: 'categorical' }],
    'day',
  );
  expect([...found.keys()]).toEqual([0, 1, 2]);
  expect(found.get(0)).toEqual({
    rows: 6,
    columns: { x: { kind: 'categorical', rows: 6, missing: 4, levels: ['a'], counts: [2], other: 0 } },
  });
  expect(found.get(2)?.rows).toBe(10);
});
