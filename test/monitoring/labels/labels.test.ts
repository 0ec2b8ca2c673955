import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDuckDb } from '../../../src/data/engine.ts';
import { parquetOf, quoteText } from '../../../src/data/sql-text.ts';
import { labelsAsOf, recordLabels } from '../../../src/monitoring/labels/labels.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { openStore } from '../../../src/store/open-store.ts';

let dir: string;
let store: ObjectStore;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-labels-'));
  store = openStore(`file:${join(dir, 'store')}`);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const day = (n: number) => new Date(Date.UTC(2013, 3, n)).toISOString();

test('what was known of a label depends on when one asks: repeated and corrected labels are kept apart', async () => {
  await recordLabels(store, 'm', [
    { inference_id: 'a', label: 0, observed_at: day(10) },
    { inference_id: 'b', label: 1, observed_at: day(10) },
  ]);
  await recordLabels(store, 'm', [
    { inference_id: 'a', label: 1, observed_at: day(12) },
    { inference_id: 'b', label: 1, observed_at: day(12) },
  ]);
  const before = await labelsAsOf(store, 'm', { asOf: day(11), cacheDir: join(dir, 'cache') });
  const after = await labelsAsOf(store, 'm', { asOf: day(13), cacheDir: join(dir, 'cache') });

  expect(before.counts).toEqual({ labelled: 2, repeated: 0, corrected: 0, unknown: 0, too_late: 0 });
  expect(await rows(before.path)).toEqual([
    ['a', 0, 0],
    ['b', 1, 0],
  ]);
  expect(after.counts).toEqual({ labelled: 2, repeated: 1, corrected: 1, unknown: 0, too_late: 0 });
  expect(await rows(after.path)).toEqual([
    ['a', 1, 1],
    ['b', 1, 0],
  ]);
});

test('a label for a prediction that nobody made is counted and enters nothing', async () => {
  const log = join(dir, 'log.parquet');
  await withDuckDb({ tempDir: dir }, (db) =>
    db.run(`COPY (SELECT 'known' AS inference_id) TO ${quoteText(log)} (FORMAT parquet)`),
  );
  await recordLabels(store, 'u', [
    { inference_id: 'known', label: 1, observed_at: day(10) },
    { inference_id: 'stranger', label: 1, observed_at: day(10) },
  ]);
  const found = await labelsAsOf(store, 'u', { asOf: day(11), cacheDir: join(dir, 'cache'), log: [log] });
  expect(found.counts).toMatchObject({ labelled: 1, unknown: 1 });
  expect(await rows(found.path)).toEqual([['known', 1, 0]]);
});

test('a label that comes years late is accepted, and one recorded later wins where both were observed at once', async () => {
  const late = '2031-01-01T00:00:00.000Z';
  await recordLabels(store, 'l', [{ inference_id: 'a', label: 0, observed_at: late }], {
    recordedAt: '2031-01-02T00:00:00Z',
  });
  await recordLabels(store, 'l', [{ inference_id: 'a', label: 1, observed_at: late }], {
    recordedAt: '2031-01-03T00:00:00Z',
  });
  const found = await labelsAsOf(store, 'l', { asOf: late, cacheDir: join(dir, 'cache') });
  expect(await rows(found.path)).toEqual([['a', 1, 1]]);
});

test('a retry of the same report with its own time writes nothing new', async () => {
  const report = [{ inference_id: 'a', label: 1, observed_at: day(10) }];
  const first = await recordLabels(store, 'r', report, { recordedAt: day(11) });
  const second = await recordLabels(store, 'r', report, { recordedAt: day(11) });
  expect(second).toEqual(first);
  expect((await labelsAsOf(store, 'r', { asOf: day(12), cacheDir: join(dir, 'cache') })).counts.repeated).toBe(0);
});

test('a model without labels has an empty table, not an error', async () => {
  const found = await labelsAsOf(store, 'none', { asOf: day(12), cacheDir: join(dir, 'cache'), log: [] });
  expect(found.counts).toEqual({ labelled: 0, repeated: 0, corrected: 0, unknown: 0, too_late: 0 });
  expect(await rows(found.path)).toEqual([]);
});

async function rows(path: string): Promise<unknown[][]> {
  const sql = `SELECT inference_id, label, corrections::INT FROM ${parquetOf([path])} ORDER BY ALL`;
  return withDuckDb({ tempDir: dir }, async (db) => (await db.runAndReadAll(sql)).getRowsJS());
}
