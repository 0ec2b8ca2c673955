import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { withDuckDb } from '../../src/data/engine.ts';
import type { FeatureWindow } from '../../src/data/features/definition.ts';
import type { LookupRef } from '../../src/data/features/lookup-contract.ts';
import { parquetOf } from '../../src/data/sql-text.ts';
import { read } from '../../src/drift/profile.ts';
import { readLog } from '../../src/monitoring/log/prediction-log.ts';
import type { VersionManifest } from '../../src/registry/contract.ts';
import { FEATURE_DEFINITION_FILE } from '../../src/serving/contract.ts';
import { getBlob, putBlob, putDocument } from '../../src/store/content.ts';
import { following, model, openServed, row, type Served, tiny } from './served.ts';
import { tinyScore } from './tiny-model.ts';

let served: Served;
afterEach(() => served.close());

/** `dep_hour` of a carrier, from a window instead of from the row. */
async function lookupOf(day: string, hours: Record<string, number>): Promise<LookupRef> {
  const path = join(served.dir, `hours-${day}.parquet`);
  const values = Object.entries(hours).map(([carrier, hour]) => `('${carrier}', ${hour}::INTEGER)`);
  await withDuckDb({ tempDir: served.dir }, (db) =>
    db.run(`COPY (SELECT * FROM (VALUES ${values.join(', ')}) t(_key_0, usual_hour)) TO '${path}' (FORMAT parquet)`),
  );
  return {
    kind: 'lookup',
    of: 'window',
    name: 'usual_hour',
    key: [{ column: 'carrier', type: 'VARCHAR' }],
    columns: [{ name: 'usual_hour', type: 'INTEGER' }],
    missing: { usual_hour: 0 },
    as_of: `2013-04-${day}T00:00:00.000Z`,
    file: { ...(await putBlob(served.store, { path }, 'usual_hour.parquet')), rows: values.length },
  };
}

const withLookup = (lookup: LookupRef) => async (manifest: VersionManifest) => {
  const file = manifest.files.find(({ name }) => name === FEATURE_DEFINITION_FILE);
  const definition = JSON.parse(Buffer.from(await getBlob(served.store, file?.sha256 ?? '')).toString()) as {
    definition: { columns: { name: string; expr: string }[]; windows?: FeatureWindow[] };
  };
  for (const column of definition.definition.columns) {
    if (column.name === 'dep_hour') column.expr = 'windows.usual_hour';
  }
  definition.definition.windows = [
    {
      name: 'usual_hour',
      type: 'int32',
      by: ['carrier'],
      length_ms: 1,
      delay_ms: 0,
      expr: 'max(sched_dep_minute // 60)',
      of_labels: false,
    },
  ];
  const text = JSON.stringify({ ...definition, lookups: [lookup] });
  const blob = await putBlob(served.store, Buffer.from(text), FEATURE_DEFINITION_FILE);
  return { ...manifest, files: [...manifest.files.filter((one) => one !== file), blob] };
};

async function publish(day: string, hours: Record<string, number>): Promise<void> {
  const lookup = await lookupOf(day, hours);
  const definition = served.definition.digest;
  const key = `models/${model}/lookups/${definition}/201304${day}T000000000Z-${'0'.repeat(12)}.json`;
  const set = { model, definition, raw: '0'.repeat(64), as_of: lookup.as_of, lookups: [lookup] };
  await putDocument(served.store, key, set);
}

const scores = (version: number, hour: number) => tinyScore(tiny(version), [1400, hour], 'UA');

test('joins and windows are answered from the newest lookup, by champion and canary, and its age is on the record', async () => {
  served = await openServed();
  const registered = await lookupOf('01', { UA: 10 });
  await served.register(1, withLookup(registered));
  await served.promote(1);
  const node = await served.start();
  await node.until('version 1 answers', following(1));
  const [first] = await node.predict(row(1));
  expect(first?.prediction).toBeCloseTo(scores(1, 10), 6);

  await served.register(2, withLookup(registered));
  await served.canary(2, 50);
  await node.until('version 2 is loaded', (record) => record.models[model]?.loaded.includes(2));
  await publish('02', { UA: 20, AA: 5 });
  const answers = async (from: number) => node.predict(...Array.from({ length: 40 }, (_, i) => row(from + i)));
  let newest = await answers(100);
  const follows = () => newest.every((one) => Math.abs(Number(one.prediction) - scores(one.version, 20)) < 1e-6);
  for (let nth = 200; nth < 20_000 && !follows(); nth += 100) newest = await answers(nth);
  expect(follows()).toBe(true);
  expect(new Set(newest.map(({ arm }) => arm))).toEqual(new Set(['champion', 'canary']));
  const [unknown] = await node.predict(row(7, { carrier: 'ZZ' }));
  expect(unknown?.prediction).toBeCloseTo(tinyScore(tiny(unknown?.version ?? 0), [1400, 0], 'ZZ'), 6);

  await node.until('scores of the canary were recomputed', (record) => record.models[model]?.arms['2']?.rows_checked);
  expect((await node.record()).models[model]?.arms['2']?.max_disagreement).toBeLessThan(1e-6);
  await node.close();
  const paths = await readLog(served.store, model, { cacheDir: join(served.dir, 'log') });
  const [ages, sent] = await withDuckDb({ tempDir: served.dir }, (db) =>
    read(
      db,
      `SELECT strftime(lookup_as_of, '%Y-%m-%d') AS day, count(*)::INT FROM ${parquetOf(paths)} GROUP BY 1 ORDER BY 1`,
    ),
  );
  expect(ages).toEqual(['2013-04-01', '2013-04-02']);
  expect(sent?.[0]).toBeGreaterThan(0);
});

test('a version with lookups that is started again while the store is away serves the newest that it had', async () => {
  served = await openServed();
  await served.register(1, withLookup(await lookupOf('01', { UA: 10 })));
  await publish('02', { UA: 20 });
  await served.promote(1);
  const before = await served.start();
  await before.until('version 1 answers', following(1));
  await before.close();
  const gone = () => Promise.reject(new Error('away'));
  const store = Object.assign(Object.create(served.store) as typeof served.store, {
    get: gone,
    find: gone,
    put: gone,
    create: gone,
    download: gone,
    list: () => ({ [Symbol.asyncIterator]: () => ({ next: gone }) }),
  });
  const node = await served.start({ store });
  await node.until('version 1 answers', (record) => record.models[model]?.champion === 1);
  const [answer] = await node.predict(row(1));
  expect(answer?.prediction).toBeCloseTo(scores(1, 20), 6);
  await node.close().catch(() => {});
});
