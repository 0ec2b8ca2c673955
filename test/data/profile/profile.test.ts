/** What a profile says of a column, held against plain SQL over the same rows. */
import { expect, test } from 'vitest';
import { withDuckDb } from '../../../src/data/engine.ts';
import { type ColumnSummary, type DataProfile, QUANTILES } from '../../../src/data/profile/contract.ts';
import { profileData } from '../../../src/data/profile/profile.ts';
import { quoteName } from '../../../src/data/sql-text.ts';
import { surroundings, writeParquet } from '../surroundings.ts';

/** Profile of a query's rows, written as Parquet first. */
async function profileOf(select: string): Promise<DataProfile & { of(name: string): ColumnSummary }> {
  const { dir } = await surroundings();
  const path = await writeParquet(dir, 'rows.parquet', select);
  const relation = `read_parquet('${path}')`;
  const profile = await withDuckDb({ tempDir: dir }, async (db) => {
    const columns = (await db.runAndReadAll(`DESCRIBE SELECT * FROM ${relation}`)).getRowObjectsJS();
    const [rows] = (await db.runAndReadAll(`SELECT count(*)::INT AS n FROM ${relation}`)).getRowObjectsJS();
    const source = columns.map((row) => {
      const name = String(row['column_name']);
      return { name, type: String(row['column_type']), sql: quoteName(name) };
    });
    return profileData(db, { relation, columns: source, fileRows: [Number(rows?.['n'])] });
  });
  const of = (name: string) => {
    const found = profile.columns.find((column) => column.name === name);
    if (!found) throw new Error(`no column ${name}`);
    return found;
  };
  return { ...profile, of };
}

test('a column with few values is counted exactly: distinct, ends, most frequent values, quantiles', async () => {
  const profile = await profileOf(
    `SELECT CASE WHEN range % 10 = 0 THEN NULL ELSE (range * 7919) % 1000 END AS x,
            CASE WHEN range % 4 = 0 THEN '' ELSE 'k' || range % 3 END AS kind, range % 2 = 0 AS even FROM range(30000)`,
  );
  const x = profile.of('x');
  expect(x).toMatchObject({ kind: 'number', rows: 30_000, missing: 3000, exact: true, min: 1, max: 999 });
  expect(x.distinct).toBe(900);
  expect(x.quantiles).toHaveLength(QUANTILES.length);
  expect(x.quantiles[4]).toBe(499); // the 450th of 1 to 999 without the multiples of ten, as quantile_disc has it
  expect(profile.of('kind')).toMatchObject({ kind: 'text', missing: 0, empty: 7500, distinct: 4, min: '', max: 'k2' });
  expect(profile.of('kind').top).toHaveLength(4);
  expect(profile.of('even')).toMatchObject({ kind: 'boolean', distinct: 2, top: [{ rows: 15_000 }, { rows: 15_000 }] });
});

test('a column with many values has its true ends, an estimate of distinct and quantiles within a cell', async () => {
  const profile = await profileOf(
    `SELECT range AS id, sqrt(range) AS root, 'u' || range AS name, TIMESTAMPTZ '2013-01-01' + to_seconds(range) AS at
     FROM range(200000)`,
  );
  expect(profile.sampled).toBeLessThan(70_000);
  const root = profile.of('root');
  expect(root).toMatchObject({ exact: false, missing: 0, min: 0, max: Math.sqrt(199_999) });
  expect(Math.abs(root.distinct / 200_000 - 1)).toBeLessThan(0.25);
  QUANTILES.forEach((share, i) => {
    expect(Math.abs((root.quantiles[i] ?? 0) - Math.sqrt(share * 200_000))).toBeLessThan(0.3);
  });
  expect(profile.of('id')).toMatchObject({ min: 0, max: 199_999, exact: false });
  expect(profile.of('name')).toMatchObject({ kind: 'text', min: 'u0', max: 'u99999', exact: false });
  expect(profile.of('at')).toMatchObject({
    kind: 'time',
    min: '2013-01-01T00:00:00.000Z',
    max: '2013-01-03T07:33:19.000Z',
  });
});

test('NaN is missing and infinity is no end, in columns with few and with many values', async () => {
  const odd = (value: string) =>
    `CASE WHEN range % 100 = 1 THEN 'nan'::DOUBLE WHEN range % 100 = 2 THEN 'inf'::DOUBLE WHEN range % 100 = 3 THEN '-inf'::DOUBLE
      WHEN range % 100 = 4 THEN NULL ELSE ${value} END`;
  const profile = await profileOf(
    `SELECT ${odd('(range % 7)::DOUBLE')} AS few, ${odd('range + 0.5')} AS many,
            CASE WHEN range = 5 THEN 'infinity'::TIMESTAMP ELSE TIMESTAMP '2020-01-01' + to_seconds(range) END AS at
     FROM range(20000)`,
  );
  expect(profile.of('few')).toMatchObject({ missing: 400, infinite: 400, min: 0, max: 6, distinct: 9 });
  expect(profile.of('many')).toMatchObject({ exact: false, missing: 400, infinite: 400, min: 0.5, max: 19_999.5 });
  expect(profile.of('at')).toMatchObject({ infinite: 1, min: '2020-01-01T00:00:00.000Z' });
});

test('a value that comes only late in the file is seen, and a column that explodes after the sample is no error', async () => {
  // the slices of the sample lie at the same distance: this column has new values only between the first two
  const profile = await profileOf(
    `SELECT CASE WHEN range BETWEEN 20000 AND 55000 THEN range ELSE 0 END AS burst, CASE WHEN range > 390000 THEN 2 ELSE 1 END AS late
     FROM range(400000)`,
  );
  expect(profile.of('late')).toMatchObject({ distinct: 2, exact: true });
  expect(profile.of('burst')).toMatchObject({ exact: false, min: 0, max: 55_000 });
  expect(Math.abs(profile.of('burst').distinct / 35_001 - 1)).toBeLessThan(0.25);
});

test('hostile names, types that are only counted, null columns and 500 columns are profiled', async () => {
  const wide = Array.from({ length: 500 }, (_, i) => `range % ${i + 1} AS c${i}`).join(', ');
  const profile = await profileOf(
    `SELECT range AS "a""b'; DROP TABLE sample; --", NULL::INT AS nothing, [range] AS list, {'a': range} AS struct,
            '<script>' || chr(10) AS "line\nbreak", ${wide} FROM range(3)`,
  );
  expect(profile.columns).toHaveLength(505);
  expect(profile.of(`a"b'; DROP TABLE sample; --`)).toMatchObject({ distinct: 3, min: 0, max: 2 });
  expect(profile.of('nothing')).toMatchObject({ missing: 3, distinct: 0, min: null, max: null, quantiles: [] });
  expect(profile.of('list')).toMatchObject({ kind: 'other', missing: 0 });
  expect(profile.of('line\nbreak').top).toEqual([{ value: '<script>\n', rows: 3 }]);
  expect(profile.of('c499')).toMatchObject({ distinct: 3 });
});
