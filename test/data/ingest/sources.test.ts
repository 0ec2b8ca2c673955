import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Source } from '../../../src/config/sections/sources.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { declaredProducer } from '../../../src/data/ingest/producer.ts';
import { localFiles } from '../../../src/data/snapshots.ts';
import { parquetOf } from '../../../src/data/sql-text.ts';
import { query, type Surroundings, surroundings, tinyConfig, writeParquet } from '../surroundings.ts';

const asOf = '2013-02-26T00:00:00.000Z';
const head = 'id,entity,at,x,kind,y,known_at';

/** SQL of `n` rows on one day. */
const day = (date: string, n = 3, more = '') =>
  `SELECT '${date}-' || i AS id, 'e' AS entity, TIMESTAMPTZ '${date} 12:00:00+00' + i * INTERVAL 1 MINUTE AS at, 1.5 AS x,
          'a' AS kind, i % 2 AS y, TIMESTAMPTZ '${date} 18:00:00+00' AS known_at${more} FROM range(${n}) t(i)`;

async function put(around: Surroundings, name: string, sql: string): Promise<string> {
  await mkdir(dirname(join(around.dir, name)), { recursive: true });
  return await writeParquet(around.dir, name, sql);
}

async function take(around: Surroundings, source: Source, rolling?: string) {
  const config = await tinyConfig('', (config) => {
    config.data.source = source;
    if (rolling) {
      config.training.window = { type: 'rolling', length: rolling };
      config.training.split = { validation: 'P1D', holdout: 'P1D', gap: 'PT0S' };
    }
  });
  const { manifest, changes } = await ingest({ ...around, base: around.dir, config, asOf });
  const rows = (sql: string) =>
    localFiles(around.store, manifest, around.cacheDir).then((paths) =>
      query(around.dir, sql.replace('SNAPSHOT', parquetOf(paths))),
    );
  return { manifest, changes, rows, names: (manifest.deliveries ?? []).map(({ name }) => name) };
}

test('a folder is read whole, below every sub-folder; hidden names and other endings are no data', async () => {
  const around = await surroundings();
  await put(around, 'in/a.parquet', day('2013-02-01'));
  await put(around, 'in/deep/er/b.parquet', day('2013-02-02'));
  await put(around, 'in/_temporary/c.parquet', day('2013-02-03'));
  await put(around, 'in/.staging/d.parquet', day('2013-02-04'));
  await writeFile(join(around.dir, 'in/README.md'), 'about');
  await writeFile(join(around.dir, 'in/e.parquet.tmp'), 'half');
  const { manifest, names } = await take(around, { type: 'parquet', path: 'in' });
  expect(names).toEqual(['in/a.parquet', 'in/deep/er/b.parquet']);
  expect(manifest.deliveries?.[0]).toMatchObject({
    rows: 3,
    format: 'parquet',
    first_event: '2013-02-01T12:00:00.000Z',
    last_event: '2013-02-01T12:02:00.000Z',
  });
  const sameByUri = await take(around, { type: 'parquet', path: 'file:in' });
  expect(sameByUri.manifest.files).toEqual(manifest.files);
});

test('partition folders become typed columns; what the file says itself wins', async () => {
  const around = await surroundings();
  const more = ", 'inside' AS region";
  await put(around, 'in/date=2013-02-01/hour=7/shop=007/region=eu/a.parquet', day('2013-02-01', 2, more));
  await put(
    around,
    'in/date=2013-02-02/hour=12/shop=12/region=__HIVE_DEFAULT_PARTITION__/a.parquet',
    day('2013-02-02', 2, more),
  );
  const { manifest, rows } = await take(around, { type: 'parquet', path: 'in' });
  const types = Object.fromEntries(manifest.columns.map(({ name, type }) => [name, type]));
  expect(types).toMatchObject({ date: 'DATE', hour: 'BIGINT', shop: 'VARCHAR', region: 'VARCHAR' });
  expect(
    await rows('SELECT DISTINCT CAST(date AS VARCHAR) AS date, hour, shop, region FROM SNAPSHOT ORDER BY 1'),
  ).toEqual([
    { date: '2013-02-01', hour: 7n, shop: '007', region: 'inside' },
    { date: '2013-02-02', hour: 12n, shop: '12', region: 'inside' },
  ]);
});

test('CSV and JSON lines know partitions too, and a query sees them', async () => {
  const around = await surroundings();
  for (const date of ['2013-02-01', '2013-02-02']) {
    await mkdir(join(around.dir, `csv/date=${date}`), { recursive: true });
    await mkdir(join(around.dir, `json/date=${date}`), { recursive: true });
    await writeFile(
      join(around.dir, `csv/date=${date}/a.csv`),
      `${head}\n01,e,${date}T12:00:00Z,1,a,1,${date}T13:00:00Z\n`,
    );
    const record = {
      id: '1',
      entity: 'e',
      at: `${date}T12:00:00Z`,
      x: 1,
      kind: 'a',
      y: 1,
      known_at: `${date}T13:00:00Z`,
    };
    await writeFile(join(around.dir, `json/date=${date}/a.jsonl`), `${JSON.stringify(record)}\n`);
  }
  for (const source of [
    { type: 'csv', path: 'csv' },
    { type: 'jsonl', path: 'json' },
  ] as const) {
    const { manifest, rows } = await take(around, source);
    expect(manifest.columns).toContainEqual({ name: 'date', type: 'DATE' });
    expect(manifest.deliveries?.map(({ rows, first_event }) => [rows, first_event])).toEqual([
      [1, '2013-02-01T12:00:00.000Z'],
      [1, '2013-02-02T12:00:00.000Z'],
    ]);
    expect(await rows(`SELECT count(*) AS n FROM SNAPSHOT WHERE CAST("at" AS DATE) = date`)).toEqual([{ n: 2n }]);
  }
  const asked = await take(around, {
    type: 'sql',
    path: 'csv',
    query: "SELECT * FROM source WHERE date = '2013-02-02'",
  });
  expect(asked.manifest.rows).toBe(1);
  expect(asked.manifest.deliveries?.[0]).toMatchObject({ rows: null, first_event: null });
});

test('with partition_date only the partitions of the window are read: a damaged old one does not matter', async () => {
  const around = await surroundings();
  for (const date of ['2013-02-18', '2013-02-24', '2013-02-25'])
    await put(around, `in/date=${date}/a.parquet`, day(date));
  await mkdir(join(around.dir, 'in/date=2012-06-01'));
  await writeFile(join(around.dir, 'in/date=2012-06-01/a.parquet'), 'PAR1 damaged PAR1');
  await mkdir(join(around.dir, 'in/date=2013-05-01'));
  await writeFile(join(around.dir, 'in/date=2013-05-01/a.parquet'), 'of the future');
  const source: Source = { type: 'parquet', path: 'in', partition_date: 'date' };
  const { names } = await take(around, source, 'P2D');
  expect(names).toEqual(['in/date=2013-02-24/a.parquet', 'in/date=2013-02-25/a.parquet']);
  await expect(take(around, source)).rejects.toThrow(/date=2012-06-01/); // all history needs it
});

test('partition_date that is not the day of the event is refused, and so is a file outside any partition', async () => {
  const around = await surroundings();
  await put(around, 'in/date=2013-02-20/a.parquet', day('2013-02-10'));
  const source: Source = { type: 'parquet', path: 'in', partition_date: 'date' };
  const failed = take(around, source);
  await expect(failed).rejects.toThrow(
    /date=2013-02-20 but has an event at 2013-02-10T12:00:00.000Z.*take partition_date out/s,
  );
  await expect(failed).rejects.toMatchObject({ code: 'HONE_SOURCE_COLUMN_UNSUITABLE' });
  await put(around, 'in/a.parquet', day('2013-02-10'));
  await expect(take(around, source)).rejects.toThrow(/lies in no folder date=…/);
});

test('with a completion marker, a partition without it waits and is named; without any the source is incomplete', async () => {
  const around = await surroundings();
  await put(around, 'in/date=2013-02-01/a.parquet', day('2013-02-01'));
  await put(around, 'in/date=2013-02-02/a.parquet', day('2013-02-02'));
  const source: Source = { type: 'parquet', path: 'in', completion_marker: '_SUCCESS' };
  const nothing = take(around, source);
  await expect(nothing).rejects.toMatchObject({ code: 'HONE_SOURCE_INCOMPLETE', retryable: true });
  await writeFile(join(around.dir, 'in/date=2013-02-01/_SUCCESS'), '');
  const half = await take(around, source);
  expect(half.names).toEqual(['in/date=2013-02-01/a.parquet']);
  expect(half.changes.files.waiting).toEqual({ count: 1, names: ['in/date=2013-02-02/a.parquet'] });
  expect(half.changes.sentences.join()).toContain('Not taken, because the completion marker is missing');
  await writeFile(join(around.dir, 'in/_SUCCESS'), ''); // above all partitions: all are complete
  expect((await take(around, source)).names).toHaveLength(2);
});

test('Parquet without rows is refused by name', async () => {
  const around = await surroundings();
  await put(around, 'in/a.parquet', day('2013-02-01'));
  await put(around, 'in/b.parquet', day('2013-02-02', 0));
  const failed = take(around, { type: 'parquet', path: 'in' });
  await expect(failed).rejects.toThrow(/b\.parquet cannot be read: it is whole but has no row/);
  await expect(failed).rejects.toMatchObject({ code: 'HONE_SOURCE_UNREADABLE', retryable: false });
});

test('files delivered after as_of leave the snapshot of then as it was', async () => {
  const around = await surroundings();
  await put(around, 'in/a.parquet', day('2013-02-01'));
  const before = await take(around, { type: 'parquet', path: 'in' });
  await put(around, 'in/b.parquet', day('2013-06-01'));
  expect((await take(around, { type: 'parquet', path: 'in' })).manifest).toEqual(before.manifest);
});

test('the producer comes with the delivery, else from the model file, else nobody is named', async () => {
  const around = await surroundings();
  await put(around, 'in/a.parquet', day('2013-02-01'));
  const source: Source = { type: 'parquet', path: 'in' };
  expect(declaredProducer((await take(around, source)).manifest)).toBeNull();
  const producer = { name: 'dbt', version: '41' };
  expect(declaredProducer((await take(around, { ...source, producer })).manifest)).toEqual(producer);
  await writeFile(join(around.dir, 'in/_producer.json'), '{"name": "dbt", "version": "42"}');
  expect((await take(around, { ...source, producer })).manifest.producer).toEqual({ name: 'dbt', version: '42' });
  await writeFile(join(around.dir, 'in/_producer.json'), '{"version": 42}');
  await expect(take(around, source)).rejects.toThrow(/_producer\.json cannot be read: it does not name a producer/);
});

test('a command is told its window on stdin and in its environment, and may leave partitions and its version', async () => {
  const around = await surroundings();
  const script = `
    cat > asked.json
    out="$HONE_OUTPUT/date=2013-02-25"; mkdir -p "$out"
    printf '${head}\\n1,e,2013-02-25T12:00:00Z,1,a,1,2013-02-25T13:00:00Z\\n' > "$out/a.csv"
    printf '{"name":"export.sh","version":"3"}' > "$HONE_OUTPUT/_producer.json"
    printf '%s|%s|%s' "$HONE_FROM" "$HONE_TO" "$HONE_AS_OF" > environment.txt`;
  const source: Source = { type: 'command', command: ['sh', '-c', script], timeout: 'PT20S' };
  const { manifest, names } = await take(around, source, 'P2D');
  expect(names).toEqual(['date=2013-02-25/a.csv']);
  expect(manifest.producer).toEqual({ name: 'export.sh', version: '3' });
  const asked = JSON.parse(await readFile(join(around.dir, 'asked.json'), 'utf8'));
  expect(asked).toMatchObject({ from: '2013-02-20T00:00:00.000Z', to: asOf, as_of: asOf });
  expect(asked.out).toContain(around.workDir);
  expect(await readFile(join(around.dir, 'environment.txt'), 'utf8')).toBe(`${asked.from}|${asOf}|${asOf}`);
  await take(around, source);
  expect(JSON.parse(await readFile(join(around.dir, 'asked.json'), 'utf8')).from).toBeNull();
});

test('a command that ends well without its marker is refused; its marker is no data', async () => {
  const around = await surroundings();
  const write = `printf '${head}\\n1,e,2013-02-25T12:00:00Z,1,a,1,2013-02-25T13:00:00Z\\n' > "$HONE_OUTPUT/a.csv"`;
  const command = (script: string): Source => ({
    type: 'command',
    command: ['sh', '-c', script],
    timeout: 'PT20S',
    completion_marker: '_SUCCESS',
  });
  await expect(take(around, command(write))).rejects.toThrow(/ended well but left no _SUCCESS/);
  const { names } = await take(around, command(`${write}; touch "$HONE_OUTPUT/_SUCCESS"`));
  expect(names).toEqual(['a.csv']);
});

test('a query that takes longer than its time limit is stopped, for good', async () => {
  const around = await surroundings();
  await put(around, 'in/a.parquet', day('2013-02-01', 2000));
  const query = 'SELECT s.* FROM source s, range(1000000) a, range(1000000) b WHERE hash(a.range, b.range, s.id) = 1';
  const failed = take(around, { type: 'sql', path: 'in', query, timeout: 'PT0.3S' });
  await expect(failed).rejects.toMatchObject({ code: 'HONE_USER_SQL_TIMED_OUT', retryable: false });
  await expect(failed).rejects.toThrow(/data\.source\.query was stopped after 0\.3 s.*raise data\.source\.timeout/);
  expect(await readdir(around.workDir)).toEqual([]);
});

test('cancelling in the middle of a query interrupts it and leaves no folder', async () => {
  const around = await surroundings();
  await put(around, 'in/a.parquet', day('2013-02-01', 2000));
  const endless = 'SELECT s.* FROM source s, range(1000000) a, range(1000000) b WHERE hash(a.range, b.range, s.id) = 1';
  const config = await tinyConfig('', (config) => {
    config.data.source = { type: 'sql', path: 'in', query: endless };
  });
  const controller = new AbortController();
  const started = ingest({ ...around, base: around.dir, config, asOf, signal: controller.signal });
  const ended = expect(started).rejects.toThrow('enough');
  // the staged file exists from the query's first moment on
  await expect
    .poll(
      async () => (await readdir(around.workDir, { recursive: true })).some((name) => name.endsWith('staged.parquet')),
      { timeout: 20_000 },
    )
    .toBe(true);
  controller.abort(new Error('enough'));
  await ended;
  expect(await readdir(around.workDir)).toEqual([]);
  await rm(around.workDir, { recursive: true });
});
