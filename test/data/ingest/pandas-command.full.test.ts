import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { localFiles } from '../../../src/data/snapshots.ts';
import { parquetOf } from '../../../src/data/sql-text.ts';
import { ensurePython } from '../../../src/local/python.ts';
import { project, query, surroundings, tinyConfig, writeText } from '../surroundings.ts';

test('pandas_source.py writes Parquet for the window it is told, and names itself as the producer', async () => {
  const around = await surroundings();
  const commands = join(project, 'examples/commands');
  const { python } = await ensurePython({ requirements: join(commands, 'requirements.txt') });
  const orders = Array.from({ length: 48 }, (_, i) => {
    const at = new Date(Date.UTC(2013, 1, 25) + i * 3_600_000).toISOString();
    return `00${i},s${i % 3},${at},${i},${1 + (i % 4)},${i % 2}`;
  });
  const csv = await writeText(
    around.dir,
    'orders.csv',
    ['order_id,shop,ordered_at,value,items,returned', ...orders].join('\n'),
  );
  const config = await tinyConfig('', (config) => {
    config.data.source = {
      type: 'command',
      command: [python, join(commands, 'pandas_source.py'), csv],
      timeout: 'PT2M',
      completion_marker: '_SUCCESS',
    };
    Object.assign(config.data, { id: 'order_id', entity: 'shop', event_time: 'ordered_at' });
    Object.assign(config.data.label, { column: 'returned', available_at: null });
  });
  const { manifest } = await ingest({ ...around, base: around.dir, config, asOf: '2013-02-26T00:00:00.000Z' });
  expect(manifest).toMatchObject({ rows: 24, producer: { name: 'pandas_source.py', version: '1' } });
  expect(manifest.deliveries).toMatchObject([{ name: 'rows.parquet', format: 'parquet', rows: 24 }]);
  const files = parquetOf(await localFiles(around.store, manifest, around.cacheDir));
  expect(await query(around.dir, `SELECT order_id, value_per_item FROM ${files} ORDER BY ordered_at LIMIT 2`)).toEqual([
    { order_id: '000', value_per_item: 0 },
    { order_id: '001', value_per_item: 0.5 },
  ]);
});
