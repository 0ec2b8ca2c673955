import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Source } from '../../../src/config/sections/sources.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { localFiles } from '../../../src/data/snapshots.ts';
import { parquetOf } from '../../../src/data/sql-text.ts';
import { query, surroundings, tinyConfig, writeText } from '../surroundings.ts';

const asOf = '2013-02-26T00:00:00.000Z';
const head = 'id,entity,at,x,kind,y,known_at';
const row = (id: number, x = '1.5') => `${id},e,2013-01-01T00:00:00Z,${x},a,1,2013-01-02T00:00:00Z`;
const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => row(from + i));
const lines = (...all: string[]) => `${all.join('\n')}\n`;

async function ingested(text: string | Uint8Array, options: Partial<Source> = {}, name = 'a.csv') {
  const around = await surroundings();
  const path = await writeText(around.dir, name, text);
  const config = await tinyConfig(path, (config) => {
    config.data.source = { type: 'csv', path, ...options } as Source;
  });
  const { manifest } = await ingest({ ...around, config, asOf });
  const files = parquetOf(await localFiles(around.store, manifest, around.cacheDir));
  return { manifest, rows: await query(around.dir, `SELECT * EXCLUDE ("at", known_at) FROM ${files} ORDER BY id`) };
}

test.each<[string, string | Uint8Array, RegExp]>([
  [
    'rows that are too short or too long',
    lines(head, row(1), '2,e', ...rows(3, 5003), `${row(9)},9`),
    /a\.csv.*line 3: too few columns; line 5004: too many columns/,
  ],
  [
    'a quote that is not closed',
    lines(head, row(1), '2,"e,2013', ...rows(3, 5003)),
    /line 3: a quote that is not closed/,
  ],
  ['a quote that is not closed in the last line', lines(head, ...rows(1, 3000), '2,"e'), /line 3001: a quote/],
  [
    'a header of half a million quoted line breaks, in a moment',
    `"id${'\n'.repeat(500_000)}`,
    /line 1: no end of the header/,
  ],
  ['a header whose quote is not closed', `"id,entity\n${row(1)}\n`, /line 1: no end of the header/],
  [
    'UTF-16 that was not declared',
    Buffer.from(`\ufeff${lines(head, row(1))}`, 'utf16le'),
    /line 1 is UTF-16.*encoding: utf-16/,
  ],
  ['UTF-16 without a mark', Buffer.from(lines(head, row(1)), 'utf16le'), /line 1 is UTF-16/],
  [
    'Latin-1 that was not declared',
    Buffer.from(lines(head, row(1), row(2).replace(',a,', ',é,')), 'latin1'),
    /line 3: bytes that are no UTF-8.*encoding: latin-1/,
  ],
  ['a NUL byte', lines(head, row(1), row(2).replace(',a,', ',\0,')), /line 3 has a NUL byte/],
  ['mixed line ends', `${head}\r\n${row(1)}\r\n${row(2)}\n${row(3)}\r\n`, /mixes line ends/],
  [
    'semicolons with decimal commas',
    lines(head, row(1), row(2, '2,5')).replaceAll(',', ';').replace('2;5', '2,5'),
    /column "x" has numbers with a comma, such as 2,5 in line 3.*decimal: ","/,
  ],
  ['decimal commas in quotes', lines(head, row(1), row(2, '"2,5"')), /column "x".*2,5 in line 3/],
  [
    'a line of three million bytes',
    lines(head, row(1), row(2).replace(',a,', `,${'a'.repeat(3_000_000)},`)),
    /line 3: more than 2,000,000 bytes/,
  ],
  ['a header alone', `${head}\n`, /has no row \(0 rows\)/],
  ['no byte', '', /empty \(0 bytes\)/],
  ['a column named twice', lines(`${head},x`, `${row(1)},2`), /line 1 names the column "x" twice/],
  [
    'a gzip file that was cut',
    gzipSync(lines(head, ...rows(1, 3000))).subarray(0, 40),
    /cannot be unpacked|cannot be read/,
  ],
])('%s: refused for good, with file and line', async (name, text, message) => {
  const failed = ingested(text, {}, name.includes('gzip') ? 'a.csv.gz' : 'a.csv');
  await expect(failed).rejects.toThrow(message);
  await expect(failed).rejects.toMatchObject({ code: 'HONE_SOURCE_UNREADABLE', retryable: false });
});

test('Parquet called CSV is refused as text that it is not', async () => {
  await expect(ingested(Buffer.from('PAR1\0\0\x15\x04'))).rejects.toThrow(/line 1 has a NUL byte, so it is no text/);
});

test('many wrong lines are counted, and the first twenty named', async () => {
  const short = Array.from({ length: 30 }, () => '2,e');
  await expect(ingested(lines(head, row(1), ...short))).rejects.toThrow(
    /lines 3, 4, 5, .*, 22 and 10 more: too few columns/,
  );
});

test('what is declared is read: delimiter, decimal comma, encoding', async () => {
  const comma = (line: string) => line.replaceAll(',', ';').replace('1.5', '1,5');
  const german = lines(...[head, row(1), row(2).replace(',a,', ',é,')].map(comma));
  const read = await ingested(Buffer.from(german, 'latin1'), { decimal: ',', encoding: 'latin-1' } as Partial<Source>);
  expect(read.rows).toMatchObject([
    { id: '1', kind: 'a' },
    { id: '2', x: 1.5, kind: 'é' },
  ]);
  const wide = Buffer.from(`\ufeff${lines(head, row(7))}`, 'utf16le');
  expect((await ingested(wide, { encoding: 'utf-16' } as Partial<Source>)).rows).toMatchObject([{ id: '7', x: 1.5 }]);
  const text = await ingested(lines(head, row(1, '"2,5"')), { decimal: '.' } as Partial<Source>);
  expect(text.rows).toMatchObject([{ x: '2,5' }]);
});

test('a byte order mark that contradicts what is declared, or stands where JSON has none, is refused', async () => {
  const marked = `\ufeff${lines(head, row(1))}`;
  const latin = { encoding: 'latin-1' } as Partial<Source>;
  await expect(ingested(marked, latin)).rejects.toThrow(
    /a\.csv.*mark of UTF-8, and the model file says encoding: latin-1/,
  );
  const json = `\ufeff${JSON.stringify({ id: 1, at: '2013-01-01T00:00:00Z' })}\n`;
  for (const [text, name] of [
    [json, 'a.jsonl'],
    [gzipSync(json), 'a.jsonl.gz'],
  ] as const) {
    const refused = ingested(text, { type: 'jsonl' }, name);
    await expect(refused).rejects.toThrow(/line 1 begins with a byte order mark, which JSON does not have/);
    await expect(refused).rejects.toMatchObject({ code: 'HONE_SOURCE_UNREADABLE', retryable: false });
  }
});

test('harmless differences are read alike: a byte order mark, \\r\\n, quotes, blank last lines, gzip', async () => {
  const plain = await ingested(lines(head, row(1), row(2)));
  const others: [string | Uint8Array, string][] = [
    [`\ufeff${lines(head, row(1), row(2))}`, 'bom.csv'],
    [gzipSync(`\ufeff${lines(head, row(1), row(2))}`), 'bom.csv.gz'],
    [`${head}\r\n${row(1)}\r\n${row(2)}\r\n`, 'crlf.csv'],
    [lines('"id",entity,"at",x,kind,y,known_at', row(1), row(2).replace('e,', '"e",')), 'quoted.csv'],
    [`${lines(head, row(1), row(2))}\n\n`, 'blank.csv'],
    [gzipSync(lines(head, row(1), row(2))), 'packed.csv.gz'],
    [lines(head, row(1), row(2)).replaceAll(',', '\t'), 'tabs.tsv'],
  ];
  for (const [text, name] of others) {
    const read = await ingested(text, {}, name);
    expect(read.rows, name).toEqual(plain.rows);
    expect(read.manifest.files, name).toEqual(plain.manifest.files);
  }
});
