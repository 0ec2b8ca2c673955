import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { checkUnchanged } from '../../../src/data/ingest/source-files.ts';
import {
  flightsConfig,
  january,
  type Surroundings,
  surroundings,
  tinyConfig,
  writeParquet,
  writeText,
} from '../surroundings.ts';

const asOf = '2013-02-26T00:00:00.000Z';
const tinyRow =
  "SELECT 1 AS id, 'e' AS entity, TIMESTAMPTZ '2013-01-01' AS at, 1.0 AS x, 'a' AS kind, 1 AS y, TIMESTAMPTZ '2013-01-02' AS known_at";

async function ingestFlights(around: Surroundings, path: string) {
  const config = await flightsConfig((config) => {
    config.data.source = { type: 'parquet', path };
  });
  return ingest({ ...around, config, asOf });
}

test('an empty file is named, and an undamaged neighbour does not hide it', async () => {
  const around = await surroundings();
  await writeText(around.dir, '2013-01.parquet', await readFile(january));
  const bad = await writeText(around.dir, '2013-02.parquet', '');
  const failed = ingestFlights(around, join(around.dir, '*.parquet'));
  await expect(failed).rejects.toMatchObject({ code: 'HONE_SOURCE_UNREADABLE', retryable: false });
  await expect(failed).rejects.toThrow(`${bad} cannot be read: it is empty (0 bytes)`);
});

test('a Parquet file without its footer is refused for good: tries again would not mend it', async () => {
  const around = await surroundings();
  const whole = await readFile(january);
  const bad = await writeText(around.dir, 'cut.parquet', whole.subarray(0, whole.length - 5000));
  const failed = ingestFlights(around, bad);
  await expect(failed).rejects.toMatchObject({ code: 'HONE_SOURCE_UNREADABLE', retryable: false });
  await expect(failed).rejects.toThrow(/cut\.parquet cannot be read: .* without a Parquet footer.*completion_marker/);
});

test('a damaged footer that still ends well is named', async () => {
  const around = await surroundings();
  const bytes = Buffer.from(await readFile(january));
  bytes.fill(0x5a, bytes.length - 3000, bytes.length - 1000);
  const bad = await writeText(around.dir, 'footer.parquet', bytes);
  const failed = ingestFlights(around, bad);
  await expect(failed).rejects.toMatchObject({ code: 'HONE_SOURCE_UNREADABLE' });
  await expect(failed).rejects.toThrow('footer.parquet');
});

test('a damaged page behind a good footer is found while reading, and its file is named among others', async () => {
  const around = await surroundings();
  await writeText(around.dir, '2013-01.parquet', await readFile(january));
  const bytes = Buffer.from(await readFile(january.replace('2013-01', '2013-02')));
  bytes.fill(0x5a, 100_000, 140_000);
  await writeText(around.dir, '2013-02.parquet', bytes);
  const failed = ingestFlights(around, join(around.dir, '*.parquet'));
  await expect(failed).rejects.toMatchObject({ code: 'HONE_SOURCE_UNREADABLE' });
  await expect(failed).rejects.toThrow(/2013-02\.parquet cannot be read: .*Deliver the file again/s);
});

test('CSV under a Parquet name is told apart, with the cure', async () => {
  const around = await surroundings();
  const bad = await writeText(around.dir, 'really.parquet', 'flight_id,event_ts\n1,2013-01-01T00:00:00Z\n');
  await expect(ingestFlights(around, bad)).rejects.toThrow(
    /begins with "flig", not "PAR1".*data\.source\.type: csv|data\.source\.type/s,
  );
});

test('a missing file and a glob without a match say where was looked', async () => {
  const around = await surroundings();
  for (const path of ['examples/nowhere.parquet', 'examples/flights_nyc_2013/events/1999-*.parquet']) {
    const failed = ingestFlights(around, path);
    await expect(failed).rejects.toMatchObject({ code: 'HONE_SOURCE_MISSING' });
    await expect(failed).rejects.toThrow(path);
  }
});

test('a file that changes while it is read is refused as incomplete', async () => {
  const around = await surroundings();
  const path = await writeParquet(around.dir, 'a.parquet', tinyRow);
  const config = await tinyConfig(path);
  const onProgress = () => void appendFile(path, 'x');
  await expect(ingest({ ...around, config, asOf, onProgress })).rejects.toMatchObject({
    code: 'HONE_SOURCE_INCOMPLETE',
  });
  await expect(checkUnchanged([{ path: join(around.dir, 'gone'), bytes: 1, modifiedMs: 1 }])).rejects.toThrow(
    /removed/,
  );
});

test('broken JSON lines name file and line', async () => {
  const around = await surroundings();
  const path = await writeText(around.dir, 'a.jsonl', '{"id":1}\n{"id":2,\n{"id":3}\n');
  await expect(ingest({ ...around, config: await tinyConfig(path), asOf })).rejects.toThrow(/a\.jsonl.*line 3/s);
});

test('a column that the model file names but the source lacks is named with its role', async () => {
  const around = await surroundings();
  const path = await writeParquet(around.dir, 'a.parquet', tinyRow.replace('AS known_at', 'AS known'));
  await expect(ingest({ ...around, config: await tinyConfig(path), asOf })).rejects.toThrow(
    /no column "known_at", which the model file names as data\.label\.available_at.*known/s,
  );
});

test.each([
  [
    'a time that is a number',
    tinyRow.replace("TIMESTAMPTZ '2013-01-01'", '1357000000'),
    /"at" cannot be a time: its type is INTEGER/,
  ],
  [
    'a time that is unreadable text',
    tinyRow.replace("TIMESTAMPTZ '2013-01-01'", "'01/13/2013 x'"),
    /1 values are no time, such as "01\/13\/2013 x"/,
  ],
  [
    'an id with fractions',
    tinyRow.replace('1 AS id', '1.5::DOUBLE AS id'),
    /"id" cannot be an id: numbers of type DOUBLE lose digits/,
  ],
])('%s is refused', async (_, rows, message) => {
  const around = await surroundings();
  const path = await writeParquet(around.dir, 'a.parquet', rows);
  await expect(ingest({ ...around, config: await tinyConfig(path), asOf })).rejects.toThrow(message);
});

test('a source without any row before as_of says which window was asked for', async () => {
  const around = await surroundings();
  const path = await writeParquet(around.dir, 'a.parquet', tinyRow);
  await expect(
    ingest({ ...around, config: await tinyConfig(path), asOf: '2012-01-01T00:00:00.000Z' }),
  ).rejects.toMatchObject({ code: 'HONE_SOURCE_WITHOUT_ROWS' });
});

test('a column named as the engine names places of rows is refused, until a query renames it', async () => {
  const around = await surroundings();
  const path = await writeParquet(around.dir, 'a.parquet', `${tinyRow}, 7 AS File_Index`);
  await expect(ingest({ ...around, config: await tinyConfig(path), asOf })).rejects.toThrow(
    /"File_Index" cannot be a column: the name is one that the engine uses itself.*type sql/,
  );
  const config = await tinyConfig(path, (config) => {
    config.data.source = { type: 'sql', path, query: 'SELECT * RENAME (File_Index AS place) FROM source' };
  });
  expect((await ingest({ ...around, config, asOf })).ref.rows).toBe(1);
});

test('data that does not fit into the memory limit is refused with the setting to raise, and leaves no spill', async () => {
  const around = await surroundings();
  const wide = Array.from({ length: 120 }, (_, i) => `hash(range, ${i})::DOUBLE AS n${i}`).join(', ');
  const path = await writeParquet(around.dir, 'a.parquet', `SELECT t.*, ${wide} FROM (${tinyRow}) t, range(20000)`);
  const failed = ingest({ ...around, config: await tinyConfig(path), asOf, memoryMb: 8 });
  await expect(failed).rejects.toThrow(/memory limit of 8 MB.*raise data\.memory_mb in config\/hone\.yaml/);
  expect(await readdir(around.workDir)).toEqual([]);
});

test('odd column names survive, quotes and all', async () => {
  const around = await surroundings();
  const path = await writeParquet(
    around.dir,
    `it's.parquet`.replace("'", '_'),
    `${tinyRow}, 2.0 AS "we""ird; DROP, name"`,
  );
  const config = await tinyConfig(path, (config) => {
    config.features.use.push('we"ird; DROP, name');
  });
  const { manifest } = await ingest({ ...around, config, asOf });
  expect(manifest.columns.map(({ name }) => name)).toContain('we"ird; DROP, name');
});
