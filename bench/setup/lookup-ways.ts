/** A window of 100,000 keys read for one request: from memory by key, against an indexed table inside the engine. */
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { withDuckDb } from '../../src/data/engine.ts';
import { Lookups } from '../../src/data/features/online-lookup.ts';
import { type BenchmarkResult, inTurn } from '../contract.ts';

const KEYS = 100_000;
const ASKED = 300;

export async function compareLookups(dir: string, repeats: number): Promise<BenchmarkResult> {
  const path = join(dir, 'lookup.parquet');
  await withDuckDb({ tempDir: dir }, (db) =>
    db.run(
      `COPY (SELECT 'N' || i AS _key_0, (i % 97)::FLOAT AS late FROM range(${KEYS}) t(i)) TO '${path}' (FORMAT parquet)`,
    ),
  );
  const lookups = await Lookups.load({
    key: null,
    paths: [path],
    lookups: [
      {
        ...{ kind: 'lookup', of: 'window', name: 'late', key: [{ column: 'tail', type: 'VARCHAR' }] },
        ...{ columns: [{ name: 'late', type: 'FLOAT' }], missing: { late: null }, as_of: '2013-01-01T00:00:00.000Z' },
        file: { name: 'late', sha256: '0'.repeat(64), bytes: 0, rows: KEYS },
      },
    ],
  });
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const db = await instance.connect();
  await db.run(`CREATE TABLE late AS SELECT * FROM '${path}'`);
  await db.run('CREATE INDEX by_key ON late(_key_0)');
  const select = await db.prepare('SELECT late FROM late WHERE _key_0 = $1::VARCHAR');
  const keys = Array.from({ length: ASKED }, (_, i) => `N${(i * 7919) % KEYS}`);
  const result = await inTurn(
    { metric: `one row, a window of ${KEYS} keys`, unit: 'CPU µs', repeats },
    {
      ours: () => cpu(async (key) => lookups.find({ rows: 1, columns: new Map([['tail', [key]]]) }), keys),
      peer: () =>
        cpu(async (key) => {
          select.bindVarchar(1, key);
          return (await select.run()).fetchChunk();
        }, keys),
    },
  );
  select.destroySync();
  db.closeSync();
  instance.closeSync();
  return result;
}

async function cpu(ask: (key: string) => Promise<unknown>, keys: readonly string[]): Promise<number> {
  const used = process.cpuUsage();
  for (const key of keys) await ask(key);
  const { user, system } = process.cpuUsage(used);
  return (user + system) / keys.length;
}
