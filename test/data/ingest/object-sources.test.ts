import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import type { Source } from '../../../src/config/sections/sources.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { startVersityGw, VersityGwMissing } from '../../../src/local/versitygw.ts';
import { surroundings, tinyConfig, writeParquet } from '../surroundings.ts';

const server = await startVersityGw().catch((error: unknown) => {
  if (error instanceof VersityGwMissing) return error;
  throw error;
});

if (server instanceof VersityGwMissing) {
  test.skip(`a source under an S3 prefix: ${server.message}`, () => undefined);
} else {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  process.env['AWS_ACCESS_KEY_ID'] = accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = secretAccessKey;
  afterAll(() => server.stop());
  const Bucket = 'hone-sources';
  const s3 = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket }));

  test('objects under a prefix are a source: partitions, marker, repeats, one object alone, and where they come from', async () => {
    const around = await surroundings();
    const put = async (key: string, body: Buffer | string) => {
      await s3.send(new PutObjectCommand({ Bucket, Key: `lake/events/${key}`, Body: Buffer.from(body as string) }));
    };
    const take = async (source: Partial<Source>, path = 'lake/events') => {
      const config = await tinyConfig('', (config) => {
        const uri = `s3://${Bucket}/${path}?endpoint=${endpoint}&region=us-east-1`;
        config.data.source = { type: 'parquet', path: uri, ...source } as Source;
      });
      return await ingest({ ...around, config, asOf: '2013-02-26T00:00:00.000Z' });
    };
    const day = async (date: string) => {
      const sql = `SELECT '${date}-' || i AS id, 'e' AS entity, TIMESTAMPTZ '${date} 12:00:00+00' AS at, 1.5 AS x, 'a' AS kind,
                          1 AS y, TIMESTAMPTZ '${date} 18:00:00+00' AS known_at FROM range(3) t(i)`;
      return await readFile(await writeParquet(around.dir, `${date}.parquet`, sql));
    };
    const first = await day('2013-02-01');
    await put('date=2013-02-01/part-0.parquet', first);
    await put('date=2013-02-01/_SUCCESS', '');
    await put('date=2013-02-02/part-0.parquet', await day('2013-02-02'));
    await put('notes.txt', 'no data');
    await put('_producer.json', '{"name":"spark","version":"9"}');

    const marked = await take({ completion_marker: '_SUCCESS' });
    expect(marked.manifest.deliveries?.map(({ name }) => name)).toEqual(['date=2013-02-01/part-0.parquet']);
    expect(marked.changes.files.waiting.names).toEqual(['date=2013-02-02/part-0.parquet']);
    const all = await take({});
    expect(all.ref.rows).toBe(6);
    expect(all.manifest.producer).toEqual({ name: 'spark', version: '9' });
    expect(all.manifest.columns).toContainEqual({ name: 'date', type: 'DATE' });
    expect((await take({}, 'lake/events/date=2013-02-02/part-0.parquet')).ref.rows).toBe(3);
    expect(await readdir(around.workDir)).toEqual([]);
    const sha256 = all.manifest.deliveries?.[0]?.sha256 ?? '';
    expect(Buffer.from(await readFile(join(around.cacheDir, sha256.slice(0, 2), sha256)))).toEqual(first);

    expect((await take({})).ref).toEqual(all.ref); // from the cache
    await writeFile(join(around.cacheDir, sha256.slice(0, 2), sha256), 'damaged in the cache');
    expect((await take({})).ref).toEqual(all.ref); // fetched again

    await put('date=2013-02-01/part-1.parquet', first);
    const repeated = await take({});
    expect(repeated.ref).toEqual(all.ref);
    expect(repeated.changes.files.repeated.names).toEqual(['date=2013-02-01/part-1.parquet']);

    await put('date=2013-02-03/part-0.parquet', first.subarray(0, first.length - 100));
    await expect(take({})).rejects.toThrow(
      `s3://${Bucket}/lake/events/date=2013-02-03/part-0.parquet cannot be read: its ${first.length - 100} bytes end without`,
    );
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'lake/events/date=2013-02-03/part-0.parquet' }));
    const broken = Buffer.from(first).fill(0x5a, 4, 200);
    await put('date=2013-02-04/part-0.parquet', broken);
    await expect(take({})).rejects.toThrow(
      /^s3:\/\/hone-sources\/lake\/events\/date=2013-02-04\/part-0\.parquet cannot be read/,
    );
    await expect(take({}, 'lake/nowhere')).rejects.toMatchObject({ code: 'HONE_SOURCE_MISSING' });
  });

  test('credentials come from the environment, and a store that refuses them says so', async () => {
    const around = await surroundings();
    process.env['AWS_SECRET_ACCESS_KEY'] = 'wrong';
    try {
      const config = await tinyConfig('', (config) => {
        config.data.source = { type: 'parquet', path: `s3://${Bucket}/lake?endpoint=${endpoint}&region=us-east-1` };
      });
      const failed = ingest({ ...around, config, asOf: '2013-02-26T00:00:00.000Z' });
      await expect(failed).rejects.toMatchObject({ code: 'HONE_STORE_REFUSED' });
    } finally {
      process.env['AWS_SECRET_ACCESS_KEY'] = secretAccessKey;
    }
  });
}
