/** What is recorded does not stay for ever: old days go, and a subject goes when asked, from every place and for good. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadWorkspace } from '../../../src/config/load.ts';
import type { ModelConfig } from '../../../src/config/model.ts';
import { rowsOf, withDuckDb } from '../../../src/data/engine.ts';
import { parquetOf } from '../../../src/data/sql-text.ts';
import { recordBusiness } from '../../../src/monitoring/labels/business.ts';
import { labelsAsOf, recordLabels } from '../../../src/monitoring/labels/labels.ts';
import { keyedHash } from '../../../src/monitoring/log/log-policy.ts';
import { fetchPartitions, writePartitions } from '../../../src/monitoring/log/partitions.ts';
import { predictionRecord } from '../../../src/monitoring/log/records.ts';
import { eraseSubject } from '../../../src/monitoring/retention/erasure.ts';
import { removeOld } from '../../../src/monitoring/retention/retention.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { openStore } from '../../../src/store/open-store.ts';

const { models } = await loadWorkspace(fileURLToPath(new URL('../../../', import.meta.url)));
const base = models.get('flights-delay')!.config;
const key = 'a key of the test';
const day = (n: number) => new Date(Date.UTC(2013, 3, n)).toISOString();
let dir: string;
let store: ObjectStore;
let nth = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-retention-'));
  store = openStore(`file:${join(dir, 'store')}`);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Twelve days of three predictions each, one of them about N7; labels a day later, a business figure each. */
async function recorded(options: { hashed?: boolean } = {}): Promise<ModelConfig> {
  const model = `kept-${nth++}`;
  const config = {
    ...base,
    model,
    monitoring: { ...base.monitoring, log: { ...base.monitoring.log, retention: 'P4D' } },
  };
  const entity = (name: string) => (options.hashed ? keyedHash(key, 'tail_number', name) : name);
  const rows = Array.from({ length: 36 }, (_, i) => ({
    ...{
      inference_id: `p${i}`,
      event_time: Date.parse(day(1 + Math.floor(i / 3))),
      model,
      version: 1,
      arm: 'champion',
    },
    ...{ entity: entity(i % 3 === 0 ? 'N7' : `N${100 + i}`), prediction: i / 100 },
    ...(options.hashed ? { h_tail_number: entity(i % 3 === 0 ? 'N7' : `N${100 + i}`) } : {}),
  }));
  const extra = options.hashed ? { extra: { h_tail_number: 'VARCHAR' as const } } : {};
  await writePartitions(store, { kind: predictionRecord, model, ...extra, chunks: [rows], writtenAt: 1, tempDir: dir });
  const observed_at = (i: number) => day(2 + Math.floor(i / 3));
  const told = rows.map(({ inference_id }, i) => ({ inference_id, observed_at: observed_at(i) }));
  await recordLabels(
    store,
    model,
    told.map((one) => ({ ...one, label: 1 })),
    { tempDir: dir },
  );
  await recordBusiness(
    store,
    model,
    told.map((one) => ({ ...one, name: 'reviews', value: 1 })),
    { tempDir: dir },
  );
  return config;
}

const retain = (config: ModelConfig, asOf: string, from: ObjectStore = store, steps: number[] = []) =>
  removeOld({
    ...{ store: from, config, asOf, cacheDir: join(dir, 'cache'), signal: new AbortController().signal },
    onProgress: (removed) => void steps.push(removed),
  });
const erase = (config: ModelConfig, subject: string, from: ObjectStore = store) =>
  eraseSubject({
    ...{ store: from, config, subject, key, cacheDir: join(dir, 'cache'), workDir: dir },
    ...{ signal: new AbortController().signal, onProgress: () => {} },
  });
async function ids(config: ModelConfig, folder: 'log' | 'labels' | 'business'): Promise<string[]> {
  const files = await fetchPartitions(store, config.model, folder, { cacheDir: join(dir, 'cache') });
  if (files.length === 0) return [];
  const rows = await withDuckDb({ tempDir: dir }, (db) =>
    rowsOf(db, `SELECT inference_id FROM ${parquetOf(files)} ORDER BY 1`),
  );
  return rows.map((row) => String(row['inference_id']));
}

test('days older than the retention go from log, labels and business, the note says which, and a second look finds nothing', async () => {
  const config = await recorded();
  const steps: number[] = [];
  const note = await retain(config, day(14), store, steps);
  expect(note.before).toBe('2013-04-10');
  expect(note.removed.filter(({ folder }) => folder === 'log')).toHaveLength(9);
  expect(note.sentence).toMatch(/^Removed 25 files of kept-\d+ from 2013-04-01 to 2013-04-09: older than P4D\.$/);
  expect(steps.at(-1)).toBe(25);
  expect((await ids(config, 'log')).length).toBe(9);
  expect((await ids(config, 'labels')).length).toBe(12);
  expect(await retain(config, day(14))).toEqual(note);
  expect((await retain(config, `${day(14).slice(0, 10)}T01:00:00.000Z`)).sentence).toContain('Nothing of');
});

test('a removal that was stopped half way is ended by the next try of the same look', async () => {
  const config = await recorded();
  const failing = stopping(10);
  await expect(retain(config, day(14), failing)).rejects.toThrow('killed');
  const note = await retain(config, day(14));
  expect(note.removed).toHaveLength(25);
  expect((await ids(config, 'log')).length).toBe(9);
});

test.each([
  ['as it is', false],
  ['as a hash only', true],
])(
  'a subject recorded %s is erased from predictions, labels and business figures, and nothing else is',
  async (_, hashed) => {
    const config = await recorded({ hashed });
    await labelsAsOf(store, config.model, { asOf: day(40), cacheDir: join(dir, 'cache') });
    const own = Array.from({ length: 12 }, (_, i) => `p${3 * i}`);
    const erased = await erase(config, 'N7');
    expect(erased.rows).toEqual({ log: 12, labels: 12, business: 12 });
    expect(erased.files).toBe(36);
    for (const folder of ['log', 'labels', 'business'] as const) {
      const left = await ids(config, folder);
      expect(left).toHaveLength(24);
      expect(left.filter((id) => own.includes(id))).toEqual([]);
    }
    expect((await erase(config, 'N7')).rows).toEqual({ log: 0, labels: 0, business: 0 });
    expect(await copiesOf(own, config.model), 'nor is it in copies of this machine').toBe(0);
  },
);

test('a day that this machine read as one file is made anew without the subject', async () => {
  const config = await recorded();
  const other = { inference_id: 'other', event_time: Date.parse(day(1)), model: config.model, version: 1 };
  const write = { kind: predictionRecord, model: config.model, writtenAt: 2, tempDir: dir };
  await writePartitions(store, { ...write, chunks: [[{ ...other, arm: 'champion', entity: 'N999' }]] });
  expect(await ids(config, 'log')).toContain('p0');
  expect(await copiesOf(['p0'], config.model), 'fetched, and in the day').toBe(2);
  await erase(config, 'N7');
  expect(await ids(config, 'log')).toEqual(expect.arrayContaining(['p1', 'other']));
  expect(await copiesOf(['p0'], config.model)).toBe(0);
});

test('one prediction is erased by its id; a subject that nobody recorded is found to be gone', async () => {
  const config = await recorded();
  expect((await erase(config, 'p4')).rows).toEqual({ log: 1, labels: 1, business: 1 });
  expect(await ids(config, 'log')).not.toContain('p4');
  expect((await erase(config, "Robert'); DROP TABLE log;--")).rows.log).toBe(0);
  expect((await ids(config, 'log')).length).toBe(35);
});

test('an erasure that was stopped anywhere ends as if it had not been: rows of others are neither lost nor doubled', async () => {
  const config = await recorded();
  for (const allowed of [1, 11, 14, 7]) {
    await expect(erase(config, 'N7', stopping(allowed))).rejects.toThrow('killed');
  }
  await erase(config, 'N7');
  for (const folder of ['log', 'labels', 'business'] as const) {
    const left = await ids(config, folder);
    expect(left).toHaveLength(24);
    expect(new Set(left).size).toBe(24);
  }
});

/** A store whose owner is killed at the n-th removal. */
function stopping(allowed: number): ObjectStore {
  let left = allowed;
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name !== 'remove') return typeof value === 'function' ? value.bind(target) : value;
      return async (key: string) => {
        if (left-- <= 0) throw new Error('killed');
        await target.remove(key);
      };
    },
  });
}

/** Rows of these predictions of a model in any Parquet file that this machine keeps. */
async function copiesOf(own: readonly string[], model: string): Promise<number> {
  const [row] = await withDuckDb({ tempDir: dir }, (db) =>
    rowsOf(
      db,
      `SELECT count(*) AS rows FROM read_parquet('${dir}/cache/*/*.parquet', union_by_name = true)
       WHERE model = '${model}' AND inference_id IN (${own.map((id) => `'${id}'`).join(', ')})`,
    ),
  );
  return Number(row?.['rows']);
}
