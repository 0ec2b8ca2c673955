import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDuckDb } from '../../src/data/engine.ts';
import { addProfiles } from '../../src/drift/add.ts';
import { type CompareOptions, compareWindows } from '../../src/drift/compare.ts';
import { driftReport, referenceProfile as referenceSchema } from '../../src/drift/contract.ts';
import { documentOf } from '../../src/drift/document.ts';
import { judgeDrift } from '../../src/drift/judge.ts';
import { profileGroups } from '../../src/drift/profile.ts';
import { gridOf, referenceProfile } from '../../src/drift/reference.ts';

const events = fileURLToPath(new URL('../../examples/flights_nyc_2013/events/', import.meta.url));
const [january, march] = [`${events}2013-01.parquet`, `${events}2013-03.parquet`];
const exact: {
  numeric: Record<string, { ks_statistic: number; wasserstein_distance: number; missing: number[] }>;
  categorical: Record<string, { js_distance: number; chi_squared: number }>;
} = JSON.parse(readFileSync(new URL('fixtures/flights.json', import.meta.url), 'utf8'));
let workDir: string;
beforeAll(async () => {
  workDir = await mkdtemp(join(tmpdir(), 'hone-drift-'));
});
afterAll(() => rm(workDir, { recursive: true, force: true }));

const compare = async (before: string, after: string, options: Partial<CompareOptions> = {}) =>
  (await compareWindows(before, after, { workDir, ...options })).report;

/** Writes the rows of a query as Parquet and returns the path. */
async function parquet(name: string, query: string): Promise<string> {
  const path = join(workDir, `${name}.parquet`);
  await withDuckDb({ tempDir: workDir }, (db) => db.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`));
  return path;
}

test('March against January: temperature moved, the mix of airports did not, and the figures are those of scipy', async () => {
  const report = await compare(january, march, {
    timeColumn: 'event_ts',
  });
  driftReport.parse(report);
  expect(report.columns['temp_f']).toMatchObject({
    verdict: 'moved',
    kind: 'numeric',
    n_reference: 26865,
    n_current: 28886,
  });
  expect(report.columns['temp_f']?.sentence).toMatch(
    /^temp_f moved: mean 36\.4 → 40\.8 .*PSI 1\.37 \(limit 0\.10, noise of the reference's own days .*28,886 rows, 2013-03\.parquet, 2013-03-01 to 2013-03-31, against 2013-01\.parquet, 2013-01-01 to /,
  );
  expect(report.columns['origin']?.verdict).toBe('stable');
  expect(report.columns['carrier']?.verdict).toBe('stable');
  expect(report.dataset.verdict).toBe('moved');
  expect(report.columns['label_available_at']).toMatchObject({ kind: 'timestamp', verdict: 'not_judged', psi: null });
  expect(report.columns['flight_id']?.sentence).toMatch(/^flight_id: not tested: it looks like an id/);
  for (const [name, one] of Object.entries(exact.numeric)) {
    expect(report.columns[name]?.ks_statistic).toBeCloseTo(one.ks_statistic, 10);
    expect(report.columns[name]?.wasserstein_distance).toBeCloseTo(one.wasserstein_distance, 8);
    expect(report.columns[name]?.missing.reference).toBeCloseTo(one.missing[0]!, 12);
    expect(report.columns[name]?.missing.current).toBeCloseTo(one.missing[1]!, 12);
  }
  for (const [name, one] of Object.entries(exact.categorical)) {
    expect(report.columns[name]?.js_distance).toBeCloseTo(one.js_distance, 12);
  }
  expect(report.columns['origin']?.chi_squared).toBeCloseTo(exact.categorical['origin']!.chi_squared, 8);
});

test('odd against even days of one winter: no column moved, though days differ in weather', async () => {
  const winter = `read_parquet(['${events}2013-01.parquet', '${events}2013-02.parquet', '${events}2013-03.parquet'])`;
  const odd = await parquet('odd', `SELECT * FROM ${winter} WHERE epoch_ms(event_ts) // 86400000 % 2 = 1`);
  const even = await parquet('even', `SELECT * FROM ${winter} WHERE epoch_ms(event_ts) // 86400000 % 2 = 0`);
  const report = await compare(odd, even, { timeColumn: 'event_ts' });
  expect(report.dataset).toMatchObject({ verdict: 'stable', moved: [] });
  expect(report.dataset.judged).toBeGreaterThan(20);
});

test.each([30, 100, 1000, 10_000])('random halves of %i rows: over six draws no column ever moved', async (rows) => {
  let moved = 0;
  for (let draw = 0; draw < 6; draw++) {
    const sample = (half: number) =>
      `SELECT * FROM read_parquet('${january}') WHERE hash(flight_id, ${draw}) % 2 = ${half}
       ORDER BY hash(flight_id, ${draw + 1000}) LIMIT ${rows}`;
    const [a, b] = [await parquet('a', sample(0)), await parquet('b', sample(1))];
    const report = await compare(a, b, {});
    moved += report.dataset.moved.length;
  }
  expect(moved).toBe(0);
});

test('a jump in missing values and a renamed category are seen, and said first', async () => {
  const broken = await parquet(
    'broken',
    `SELECT * REPLACE (CASE WHEN hash(flight_id) % 10 < 3 THEN NULL ELSE distance_miles END AS distance_miles,
       CASE WHEN origin = 'JFK' THEN 'KJFK' ELSE origin END AS origin) FROM read_parquet('${january}')`,
  );
  const { columns } = await compare(january, broken, {
    columns: ['distance_miles', 'origin', 'carrier'],
  });
  expect(columns['distance_miles']?.verdict).toBe('moved');
  expect(columns['distance_miles']?.sentence).toContain('missing in 0 % → 30 % of rows');
  expect(columns['origin']).toMatchObject({ verdict: 'moved', new_categories: ['KJFK'] });
  expect(columns['origin']?.sentence).toContain('never seen before (KJFK)');
  expect(columns['carrier']?.verdict).toBe('stable');
});

test('too few rows are not judged, and a text where numbers were does not stop the others', async () => {
  const few = await parquet(
    'few',
    `SELECT carrier, temp_f::VARCHAR || 'F' AS temp_f FROM read_parquet('${march}') LIMIT 15`,
  );
  const { columns, dataset } = await compare(january, few);
  expect(columns['carrier']).toMatchObject({ verdict: 'not_judged', threshold: null });
  expect(columns['carrier']?.sentence).toContain('not judged (too few rows: 15 of 20 needed)');
  expect(dataset).toMatchObject({ verdict: 'not_judged', share_moved: null });
  const many = await parquet('many', `SELECT carrier, temp_f::VARCHAR || 'F' AS temp_f FROM read_parquet('${march}')`);
  const typed = await compare(january, many);
  expect(typed.columns['temp_f']?.verdict).toBe('moved');
  expect(typed.columns['carrier']?.verdict).toBe('stable');
});

test('a stored reference judges a window without reading the reference rows again, and profiles of days add up', async () => {
  const numeric = ['temp_f', 'pressure_mb', 'distance_miles'];
  const reference = await referenceProfile({
    paths: [january],
    numeric,
    categorical: ['carrier'],
    timeColumn: 'event_ts',
    workDir,
  });
  const stored = referenceSchema.parse(JSON.parse(JSON.stringify(reference)));
  expect(stored.columns['temp_f']?.bands.map(({ days }) => days)).toEqual([1, 2, 3, 7, 14, 28]);
  expect(stored.from).toBe('2013-01-01T10:15:00.000Z');
  const specs = Object.entries(stored.columns).map(([name, { profile }]) => ({
    name,
    kind: profile.kind,
    ...gridOf(profile),
  }));
  const { whole, days } = await withDuckDb({ tempDir: workDir }, async (db) => ({
    whole: (await profileGroups(db, `read_parquet('${march}')`, specs)).get(0)!,
    days: await profileGroups(db, `read_parquet('${march}')`, specs, 'epoch_ms(event_ts) // 86400000'),
  }));
  expect(days.size).toBeGreaterThan(30);
  const summed = [...days.values()].reduce(addProfiles);
  expect(summed).toEqual(whole);
  const report = judgeDrift(stored, summed, { psiLimit: 0.1, minRows: 500, days: 31, windowName: 'March' });
  expect(report.columns['temp_f']?.verdict).toBe('moved');
});

test('a column of distinct numbers is kept as a grid, and its distances stay within a thousandth', async () => {
  const draw = (name: string, shift: number) =>
    parquet(
      name,
      `SELECT (sqrt(-2 * ln((i + 0.5) / 60000.0)) * cos(6.283185307179586 * ((i * 7919) % 60000) / 60000.0) + ${shift})::DOUBLE AS x FROM range(60000) t(i)`,
    );
  const [a, b] = [await draw('normal', 0), await draw('shifted', 0.2)];
  const { columns } = await compare(a, b);
  expect(columns['x']?.wasserstein_distance).toBeCloseTo(0.2, 3);
  expect(columns['x']?.ks_statistic).toBeCloseTo(0.0797, 2);
  const reference = await referenceProfile({ paths: [a], numeric: ['x'], categorical: [], timeColumn: null, workDir });
  expect(reference.columns['x']?.profile).toMatchObject({ fine: { kind: 'grid', cells: 4096 } });
  expect(JSON.stringify(reference).length).toBeLessThan(150_000);
});

test('features that a model file computes by SQL are compared too; what needs more than the row is named', async () => {
  const narrow = await parquet('narrow', `SELECT temp_f, carrier FROM read_parquet('${march}')`);
  const columns = [
    { name: 'temp_c', type: 'float32', expr: '(temp_f - 32) / 1.8 -- Celsius' },
    { name: 'dep_hour', type: 'int32', expr: 'sched_dep_minute // 60' },
    { name: 'seats', type: 'int32', expr: 'planes.seats' },
    { name: 'leak', type: 'int32', expr: 'arrived_late' },
  ] as const;
  const features = { model: 'm', columns, hidden: ['arrived_late'] };
  const report = await compare(january, narrow, { features, columns: ['temp_f', 'temp_c', 'carrier'] });
  const { temp_c: celsius, temp_f: fahrenheit } = report.columns;
  expect(celsius?.verdict).toBe('moved');
  expect(celsius?.ks_statistic).toBeCloseTo(fahrenheit?.ks_statistic ?? 0, 3);
  expect(report.columns['dep_hour']?.sentence).toBe(
    'dep_hour: not tested: it is computed by m, and not from the columns of both windows alone (sched_dep_minute // 60).',
  );
  for (const name of ['seats', 'leak']) expect(report.columns[name]?.verdict).toBe('not_judged');
});

test("what moved is weighed by what the model makes of it: a column's place, and the share of the whole", async () => {
  const importance = { temp_f: 0.2, carrier: 0.5, origin: 0.3, distance_miles: 0 };
  const report = await compare(january, march, {
    columns: Object.keys(importance),
    importance,
    timeColumn: 'event_ts',
  });
  expect(report.dataset.moved).toEqual(['temp_f']);
  expect(report.dataset).toMatchObject({ share_moved: 0.25, importance_moved: expect.closeTo(0.2, 12) });
  expect(report.dataset.sentence).toMatch(/^1 of 4 columns moved, 20 % of the model's importance \(/);
  expect(report.columns['temp_f']?.sentence).toMatch(
    /\(26,865 rows\); feature 3 of 4 by importance \(20 %\)\. Look at/,
  );
  expect(report.columns['distance_miles']?.importance).toEqual({ rank: 4, of: 4, share: 0 });
  expect(documentOf(report).dataset.importance_moved).toBeCloseTo(0.2, 12);
  expect(documentOf(await compare(january, march, { columns: ['origin'] })).dataset).not.toHaveProperty(
    'importance_moved',
  );
});
