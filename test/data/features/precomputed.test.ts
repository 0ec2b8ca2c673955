import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ModelConfig } from '../../../src/config/model.ts';
import { definitionFor } from '../../../src/data/features/definition.ts';
import { ingest } from '../../../src/data/ingest/ingest.ts';
import { validate } from '../../../src/data/validation/validate.ts';
import { blocksOf } from '../../docs/pages.ts';
import { surroundings, tinyConfig, writeParquet, writeText } from '../surroundings.ts';

const rows = (
  day: number,
) => `SELECT i + ${day * 100} AS id, 'e' AS entity, i % 3 AS x, 'k' || i % 2 AS kind, i % 2 AS y,
    TIMESTAMPTZ '2013-01-0${day}' + INTERVAL 1 MINUTE * i AS at, TIMESTAMPTZ '2013-01-0${day + 1}' AS known_at
  FROM range(50) r(i)`;
const asOf = '2013-01-08T00:00:00.000Z';

async function ready() {
  const around = await surroundings();
  await writeParquet(around.dir, '1.parquet', rows(1));
  await writeParquet(around.dir, '2.parquet', rows(2));
  const config = await tinyConfig(around.dir, (config: ModelConfig) => {
    config.data.source = { type: 'parquet', path: around.dir };
    config.features.precomputed = true;
  });
  const producedBy = (version: string) =>
    writeText(around.dir, '_producer.json', JSON.stringify({ name: 'dbt', version }));
  const workDir = join(around.dir, '_work');
  const input = { ...around, base: around.dir, workDir, cacheDir: join(around.dir, '_cache'), config, asOf };
  return { input, producedBy, dir: around.dir };
}

test('features that come ready need a producer with a version, and its version is part of their definition', async () => {
  const { input, producedBy } = await ready();
  const nobody = await ingest(input);
  expect(() => definitionFor(input.config, nobody.manifest)).toThrow(/names no producer and version/);
  await expect(validate({ ...input, raw: nobody.ref.digest })).rejects.toMatchObject({ code: 'HONE_PRODUCER_UNKNOWN' });
  const digests: string[] = [];
  for (const version of ['1.0', '1.1']) {
    await producedBy(version);
    const { manifest } = await ingest(input);
    digests.push(definitionFor(input.config, manifest).digest);
  }
  expect(digests[0]).not.toBe(digests[1]);
});

test('a new version of the producer beside files of the old one is refused, until it has written them all again', async () => {
  const { input, producedBy, dir } = await ready();
  await producedBy('1.0');
  const before = (await ingest(input)).ref.digest;
  await producedBy('1.1');
  await writeParquet(dir, '2.parquet', rows(2).replace('i % 3', 'i % 4'));
  const mixed = (await ingest(input)).ref.digest;
  const refused = await validate({ ...input, raw: mixed, previous: before });
  const [finding] = refused.findings.filter(({ rule }) => rule === 'mixed_producers');
  expect(refused.verdict).toBe('reject');
  expect(finding).toMatchObject({ severity: 'reject', count: 1, share: 0.5 });
  const page = blocksOf('docs/how-to/write-features.md');
  expect(finding?.sentence).toBe(page.find(({ tag }) => tag === 'mixed')?.text);

  await writeParquet(dir, '1.parquet', rows(1).replace('i % 3', 'i % 4'));
  const whole = (await ingest(input)).ref.digest;
  const taken = await validate({ ...input, raw: whole, previous: before });
  expect(taken.findings.map(({ rule }) => rule)).not.toContain('mixed_producers');
});
