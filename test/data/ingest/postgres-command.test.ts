import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { localFiles } from '../../../src/data/snapshots.ts';
import { parquetOf } from '../../../src/data/sql-text.ts';
import { PythonEnvironmentFailed, PythonMissing } from '../../../src/local/python-errors.ts';
import { project, query, surroundings, tinyConfig } from '../surroundings.ts';
import { startPostgres } from './postgres-server.ts';

const server = await startPostgres().catch((error: unknown) => {
  if (error instanceof PythonMissing || error instanceof PythonEnvironmentFailed) return error;
  throw error;
});

const asOf = '2013-02-26T00:00:00.000Z';

async function fromTable(table: string, change: { window?: string; env?: NodeJS.ProcessEnv } = {}) {
  const around = await surroundings();
  const before = { ...process.env };
  Object.assign(process.env, change.env);
  onTestFinished(() => {
    process.env = before;
  });
  const config = await tinyConfig('', (config) => {
    config.data.source = {
      type: 'command',
      command: ['sh', join(project, 'examples/commands/postgres.sh'), table, 'at'],
      timeout: 'PT1M',
      completion_marker: '_SUCCESS',
    };
    if (change.window) config.training.window = { type: 'rolling', length: change.window };
    config.training.split = { validation: 'P1D', holdout: 'P1D', gap: 'PT0S' };
  });
  const { manifest } = await ingest({ ...around, base: around.dir, config, asOf });
  const files = parquetOf(await localFiles(around.store, manifest, around.cacheDir));
  return { manifest, rows: (sql: string) => query(around.dir, sql.replace('SNAPSHOT', files)) };
}

if (server instanceof Error) {
  test.skip(`postgres.sh on a real Postgres: ${server.message}`, () => undefined);
} else {
  afterAll(() => server.stop());
  const { env } = server;
  await server.sql(`
    CREATE SCHEMA "odd ""schema";
    CREATE TABLE "odd ""schema"."it's; DROP TABLE t"
      (id text, entity text, at timestamptz, x double precision, kind text, y int, known_at timestamptz);
    INSERT INTO "odd ""schema"."it's; DROP TABLE t"
      SELECT lpad(i::text, 5, '0'), 'e', '2013-02-01T00:00:00Z'::timestamptz + i * interval '1 hour',
             CASE WHEN i % 10 = 0 THEN NULL ELSE i / 3.0 END, E'a,"b"\\n' || (i % 2), i % 2,
             '2013-02-01T06:00:00Z'::timestamptz + i * interval '1 hour'
      FROM generate_series(0, 999) i;`);
  const table = `odd "schema.it's; DROP TABLE t`;

  test('postgres.sh: a window of a real Postgres table, leading zeros, line breaks, nulls and the server version', async () => {
    const all = await fromTable(table, { env });
    expect(all.manifest.rows).toBe(600); // 25 days before as_of, of 1,000 hours
    expect(all.manifest.producer).toMatchObject({
      name: `postgres:${table}`,
      version: expect.stringMatching(/^1\d\.\d/),
    });
    expect(all.manifest.deliveries).toMatchObject([{ name: 'rows.csv', rows: 600 }]);
    const [row] = await all.rows(
      `SELECT min(id) AS id, count(*) - count(x) AS nulls, min(kind) AS kind, epoch_ms(min("at")) AS first, max(x) AS x FROM SNAPSHOT`,
    );
    expect(row).toEqual({
      id: '00000',
      nulls: 60n,
      kind: 'a,"b"\n0',
      first: BigInt(Date.parse('2013-02-01T00:00:00Z')),
      x: 599 / 3,
    });
    const rolling = await fromTable(table, { env, window: 'P2D' });
    expect(rolling.manifest.window.from).toBe('2013-02-20T00:00:00.000Z');
    expect(rolling.manifest.deliveries?.[0]?.rows).toBe(144); // the server sent the window only
  });

  test('postgres.sh: a table that is not there fails with psql’s own words, and nothing hangs on a server that is not', async () => {
    await expect(fromTable('public.nothing', { env })).rejects.toThrow(/relation "public\.nothing" does not exist/);
    await expect(fromTable('public.nothing', { env })).rejects.toMatchObject({ code: 'HONE_SOURCE_COMMAND_FAILED' });
    await expect(fromTable(table, { env: { ...env, PGHOST: '/tmp/nowhere' } })).rejects.toThrow(/connection to server/);
    expect(await server.sql(`SELECT count(*) FROM "odd ""schema"."it's; DROP TABLE t"`)).toContain('1000');
  });
}
