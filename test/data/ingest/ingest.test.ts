import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { localFiles, readSnapshot } from '../../../src/data/snapshots.ts';
import { parquetOf } from '../../../src/data/sql-text.ts';
import { flightsConfig, january, query, surroundings, tinyConfig, writeParquet, writeText } from '../surroundings.ts';

const asOf = '2013-01-26T00:00:00.000Z';

test('rows before as_of are kept, and the same input gives the same digest', async () => {
  const around = await surroundings();
  const config = await flightsConfig();
  const first = await ingest({ ...around, config, asOf });
  const second = await ingest({ ...around, config, asOf });
  expect(second.ref).toEqual(first.ref);
  expect(await readSnapshot(around.store, first.ref.digest, 'raw')).toEqual(first.manifest);
  const [expected] = await query(around.dir, `SELECT count(*) AS n FROM '${january}' WHERE event_ts < '${asOf}'`);
  expect(first.ref.rows).toBe(Number(expected?.['n']));
  expect(first.manifest.files.map(({ name }) => name)).toEqual(['2013-01.parquet']);
  expect(first.manifest.window).toEqual({ from: '2013-01-01T10:15:00.000Z', to: asOf });
  expect(JSON.stringify(first.manifest)).not.toContain(around.dir);
});

test('a label that becomes available after as_of is unknown, and so are its time and the outcomes', async () => {
  const around = await surroundings();
  const { manifest } = await ingest({ ...around, config: await flightsConfig(), asOf });
  const files = parquetOf(await localFiles(around.store, manifest, around.cacheDir));
  const [late] = await query(
    around.dir,
    `SELECT count(*) FILTER (label_available_at > TIMESTAMPTZ '${asOf}') AS seen,
            count(*) FILTER (event_ts > TIMESTAMPTZ '${asOf}' - INTERVAL 2 HOUR) AS newest,
            count(arrived_late) FILTER (event_ts > TIMESTAMPTZ '${asOf}' - INTERVAL 2 HOUR) AS newest_labels,
            count(*) FILTER ((arrived_late IS NULL) <> (arr_delay_min IS NULL)) AS half_hidden
     FROM ${files}`,
  );
  expect(late).toMatchObject({ seen: 0n, half_hidden: 0n });
  expect(Number(late?.['newest'])).toBeGreaterThan(50);
  expect(Number(late?.['newest_labels'])).toBeLessThan(Number(late?.['newest']) / 4);
  const [youngest, yesterday] = manifest.label_coverage;
  expect(youngest?.age_days).toBe(0);
  expect((youngest?.labelled ?? 0) / (youngest?.rows ?? 1)).toBeLessThan(0.95);
  expect((yesterday?.labelled ?? 0) / (yesterday?.rows ?? 1)).toBeGreaterThan(0.9);
});

test('a rolling window keeps what its training, validation, holdout, gaps and maturity need', async () => {
  const around = await surroundings();
  const config = await flightsConfig((config) => {
    config.training.window = { type: 'rolling', length: 'P7D' };
    config.training.split = { validation: 'P2D', holdout: 'P2D', gap: 'PT24H' };
  });
  const { manifest } = await ingest({ ...around, config, asOf });
  expect(Date.parse(manifest.window.from)).toBeGreaterThanOrEqual(Date.parse('2013-01-11T00:00:00Z'));
  expect(Date.parse(manifest.window.from)).toBeLessThan(Date.parse('2013-01-12T00:00:00Z'));
});

test('months that did not change share their file between snapshots', async () => {
  const around = await surroundings();
  const config = await flightsConfig((config) => {
    config.data.source = { type: 'parquet', path: 'examples/flights_nyc_2013/events/2013-0[12].parquet' };
  });
  const before = await ingest({ ...around, config, asOf: '2013-02-10T00:00:00.000Z' });
  const after = await ingest({ ...around, config, asOf: '2013-02-11T00:00:00.000Z' });
  expect(after.manifest.files[0]).toEqual(before.manifest.files[0]);
  expect(after.manifest.files[1]?.sha256).not.toBe(before.manifest.files[1]?.sha256);
});

test('CSV keeps leading zeros of ids and categories, JSON lines keep integers beyond 2^53', async () => {
  const around = await surroundings();
  const csv = await writeText(
    around.dir,
    'a.csv',
    'id,entity,at,x,kind,y,known_at\n007,e1,2013-01-01T00:00:00Z,1.5,01,0,2013-01-02T00:00:00Z\n' +
      '008,,2013-01-02T00:00:00Z,,02,1,2013-01-03T00:00:00Z\n',
  );
  const fromCsv = await ingest({ ...around, config: await tinyConfig(csv), asOf });
  const csvRows = parquetOf(await localFiles(around.store, fromCsv.manifest, around.cacheDir));
  expect(await query(around.dir, `SELECT id, kind, entity FROM ${csvRows} ORDER BY "at"`)).toEqual([
    { id: '007', kind: '01', entity: 'e1' },
    { id: '008', kind: '02', entity: null },
  ]);

  const lines = ['9007199254740993', '18446744073709551615'].map(
    (id) =>
      `{"id":${id},"entity":"e","at":"2013-01-01T00:00:00.5Z","x":1,"kind":"a","y":1,"known_at":"2013-01-02T00:00:00Z"}`,
  );
  const jsonl = await writeText(around.dir, 'a.jsonl', lines.join('\n'));
  const fromJson = await ingest({ ...around, config: await tinyConfig(jsonl), asOf });
  const jsonRows = parquetOf(await localFiles(around.store, fromJson.manifest, around.cacheDir));
  const ids = await query(around.dir, `SELECT CAST(id AS VARCHAR) AS id FROM ${jsonRows} ORDER BY 1`);
  expect(ids.map(({ id }) => id)).toEqual(['18446744073709551615', '9007199254740993']);
});

test('a query over the source is run locked down', async () => {
  const around = await surroundings();
  const path = await writeParquet(
    around.dir,
    'a.parquet',
    `SELECT range AS id, 'e' AS entity, TIMESTAMPTZ '2013-01-01' AS at, 1.0 AS x, 'a' AS kind, 1 AS y, TIMESTAMPTZ '2013-01-02' AS known_at FROM range(10)`,
  );
  const secret = await writeText(around.dir, 'secret.csv', 'a\n1\n');
  const withQuery = (text: string) =>
    tinyConfig(path, (config) => {
      config.data.source = { type: 'sql', path, query: text };
    });
  const half = await ingest({ ...around, config: await withQuery('SELECT * FROM source WHERE id < 5'), asOf });
  expect(half.ref.rows).toBe(5);
  for (const text of [
    `SELECT * FROM read_csv('${secret}')`,
    `COPY source TO '${join(around.dir, 'stolen.csv')}'`,
    'SELECT 1; DROP VIEW source',
    'SELECT nothing FROM source',
  ]) {
    await expect(ingest({ ...around, config: await withQuery(text), asOf })).rejects.toMatchObject({
      code: 'HONE_USER_SQL_FAILED',
    });
  }
});

test('a command hands over files or prints CSV, and its failure carries its last words', async () => {
  const around = await surroundings();
  const row = '1,e,2013-01-01T00:00:00Z,1,a,1,2013-01-02T00:00:00Z';
  const command = (script: string, timeout = 'PT20S') =>
    tinyConfig('', (config) => {
      config.data.source = { type: 'command', command: ['sh', '-c', script], timeout };
    });
  const head = 'id,entity,at,x,kind,y,known_at';
  const printed = await ingest({ ...around, config: await command(`printf '${head}\\n${row}\\n'`), asOf });
  const written = await ingest({
    ...around,
    config: await command(`printf '${head}\\n${row}\\n' > "$HONE_OUTPUT/a.csv"`),
    asOf,
  });
  expect([printed.ref.rows, written.ref.rows]).toEqual([1, 1]);
  await expect(ingest({ ...around, config: await command('echo no such table >&2; exit 3'), asOf })).rejects.toThrow(
    /ended with 3.*no such table/s,
  );
  await expect(ingest({ ...around, config: await command('sleep 30', 'PT0.2S'), asOf })).rejects.toThrow(
    /longer than PT0.2S/,
  );
  await expect(ingest({ ...around, config: await command('true'), asOf })).rejects.toThrow(/left no file/);
});

test('cancelling stops the engine and leaves no folder behind', async () => {
  const around = await surroundings();
  const config = await flightsConfig((config) => {
    config.data.source = { type: 'parquet', path: 'examples/flights_nyc_2013/events/*.parquet' };
  });
  const controller = new AbortController();
  const started = ingest({
    ...around,
    config,
    asOf: '2014-01-01T00:00:00Z',
    signal: controller.signal,
    onProgress: () => controller.abort(new Error('enough')),
  });
  await expect(started).rejects.toThrow('enough');
  expect(await readdir(around.workDir)).toEqual([]);
});
