import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { startVersityGw, VersityGwMissing } from '../../src/local/versitygw.ts';
import { lineage } from '../../src/registry/lineage.ts';
import { smallTown } from '../town.ts';

const server = await startVersityGw().catch((error: unknown) => {
  if (error instanceof VersityGwMissing) return error;
  throw error;
});

if (server instanceof VersityGwMissing) {
  test.skip(`the loop with its store in S3: ${server.message}`, () => undefined);
} else {
  afterAll(() => server.stop());

  test('the whole loop runs with its store in S3, by one line of configuration', async () => {
    const { endpoint, accessKeyId, secretAccessKey } = server;
    process.env['AWS_ACCESS_KEY_ID'] = accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = secretAccessKey;
    const s3 = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: 'hone-loop' }));
    const town = await smallTown({ store: `s3://hone-loop/town?endpoint=${endpoint}&region=us-east-1` });
    try {
      const { run } = await town.trigger({});
      await town.approve(run as string);
      expect(await town.end(run as string)).toMatchObject({ outcome: 'promoted', version: 2 });
      expect(await town.ledger.verify()).toMatchObject({ ok: true });
      expect(await lineage(town.store, town.model, 'champion')).toMatchObject({ version: 2, run });
    } finally {
      await town.close();
    }
  });
}
