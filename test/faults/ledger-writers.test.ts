/** Many clients of one ledger at once, with faults: what each was told is explained by one order of what is stored. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { type S3Server, startVersityGw, VersityGwMissing } from '../../src/local/versitygw.ts';
import { openLedger } from '../../src/registry/ledger.ts';
import { randomStream } from '../../src/statistics/random.ts';
import { openStore } from '../../src/store/open-store.ts';
import { S3Store } from '../../src/store/s3-store.ts';
import { type Fault, startFaultProxy } from './fault-proxy.ts';
import { type Answered, expectExplained, playClient } from './ledger-history.ts';

const s3 = await startVersityGw().catch((error: unknown) => {
  if (error instanceof VersityGwMissing) return error;
  throw error;
});
/** The full suite asks for more. */
const times = process.env['HONE_TEST_FULL'] === '1' ? 3 : 1;

if (s3 instanceof VersityGwMissing) {
  test.skip(`a ledger in S3 behind a connection that fails: ${s3.message}`, () => undefined);
} else {
  afterAll(() => s3.stop());
  test('in S3, behind a connection that loses, delays, damages and repeats', async () => {
    const bucket = await newBucket(s3);
    const proxy = await startFaultProxy(s3.endpoint);
    const seed = Number(process.env['HONE_TEST_SEED'] ?? Date.now() % 2 ** 31);
    proxy.whenever(storm(seed));
    const uri = `s3://${bucket}/ledger?endpoint=${proxy.endpoint}`;
    const answers: Answered[] = [];
    const clients = Array.from({ length: 6 }, (_, i) => {
      const store = S3Store.at(uri, { attempts: 2, requestMs: 400, maxPauseMs: 20 });
      const open = () => openLedger(store, 'flights-delay');
      const asked = { name: `client-${i}`, count: 10 * times, seed: seed + i };
      return playClient(open, asked, (answer) => answers.push(answer));
    });
    await Promise.all(clients);
    const requests = proxy.seen.length;
    await proxy.close();
    const calm = openLedger(openStore(`s3://${bucket}/ledger?endpoint=${s3.endpoint}`), 'flights-delay');
    await expectExplained(calm, answers).catch((error: Error) => {
      throw new Error(`HONE_TEST_SEED=${seed}, ${requests} requests: ${error.message}`, { cause: error });
    });
    expect(answers).toHaveLength(6 * 10 * times);
    expect(new Set(answers.map(({ kind }) => kind)), `seed ${seed}`).toEqual(new Set(['written', 'refused', 'read']));
  });
}

/** About every sixth request goes wrong, each in a way of its own. */
function storm(seed: number): (method: string) => Fault | undefined {
  const random = randomStream(seed);
  const faults: Readonly<Record<string, readonly Fault[]>> = {
    PUT: ['drop-answer', 'tear-upload', 'flip-upload', 'duplicate', { status: 503, code: 'SlowDown' }, { delayMs: 60 }],
    GET: ['drop-answer', 'cut-answer', 'flip-answer', { status: 500, code: 'InternalError' }, { delayMs: 60 }],
  };
  return (method) => {
    const [hit, which] = [random.uniform(), random.uniform()];
    const possible = faults[method] ?? [];
    return hit < 0.17 ? possible[Math.floor(which * possible.length)] : undefined;
  };
}

async function newBucket({ endpoint, accessKeyId, secretAccessKey }: S3Server): Promise<string> {
  process.env['AWS_ACCESS_KEY_ID'] = accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = secretAccessKey;
  const admin = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
  await admin.send(new CreateBucketCommand({ Bucket: 'hone-ledgers' }));
  admin.destroy();
  return 'hone-ledgers';
}
