import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type S3Server, startVersityGw, VersityGwMissing } from '../../src/local/versitygw.ts';
import { openLedger } from '../../src/registry/ledger.ts';
import { StoreRefused, StoreUnreachable, StoreWithoutConditionalCreate } from '../../src/store/errors.ts';
import { openStore, proveConditionalCreate } from '../../src/store/open-store.ts';
import { S3Store } from '../../src/store/s3-store.ts';
import { type FaultProxy, startFaultProxy } from '../faults/fault-proxy.ts';
import { registration } from '../registry/requests.ts';
import { collect, conformance } from './conformance.ts';

const server = await startVersityGw().catch((error: unknown) => {
  if (error instanceof VersityGwMissing) return error;
  throw error;
});

if (server instanceof VersityGwMissing) {
  test.skip(`the S3 store on versitygw: ${server.message}`, () => undefined);
} else {
  useCredentialsOf(server);
  afterAll(() => server.stop());
  const bucket = await newBucket(server);
  let places = 0;

  conformance('the S3 store on versitygw', async () => {
    const prefix = `p${++places}/store`;
    return {
      open: () => openStore(`s3://${bucket}/${prefix}?endpoint=${server.endpoint}`),
      fileOf: (key) => join(server.folder, bucket, prefix, key),
      close: async () => undefined,
    };
  });

  describe('the S3 store behind a connection that fails', () => {
    let proxy: FaultProxy;
    const throughProxy = (patience = {}) =>
      S3Store.at(`s3://${bucket}/faults?endpoint=${proxy.endpoint}`, { maxPauseMs: 20, ...patience });
    const direct = openStore(`s3://${bucket}/faults?endpoint=${server.endpoint}`);

    beforeEach(async () => {
      proxy = await startFaultProxy(server.endpoint);
    });
    afterEach(() => proxy.close());

    test('a create whose answer is lost after the commit is told as exists by the retry', async () => {
      proxy.plan({ method: 'PUT', fault: 'drop-answer', times: 1 });
      expect(await throughProxy().create('lost/1', Buffer.from('mine'))).toBe('exists');
      expect(Buffer.from(await direct.get('lost/1')).toString()).toBe('mine');
      expect(proxy.seen.filter((line) => line.startsWith('PUT'))).toHaveLength(2);
    });

    test('a ledger append whose answer is lost lands once and is reported as found', async () => {
      proxy.plan({ method: 'PUT', fault: 'drop-answer', times: 1 });
      const answer = await openLedger(throughProxy(), 'lost-append').append(registration('run/deploy/promote'));
      expect(answer.status).toBe('found');
      expect(await openLedger(direct, 'lost-append').verify()).toMatchObject({ ok: true, entries: 1 });
    });

    test('a torn upload is never visible, and the retry stores the whole', async () => {
      const body = Buffer.alloc(200_000, 'x');
      proxy.plan({ method: 'PUT', fault: 'tear-upload', times: 1 });
      await expect(throughProxy({ attempts: 1 }).create('torn/1', body)).rejects.toThrow(StoreUnreachable);
      expect(await direct.find('torn/1')).toBeUndefined();
      proxy.plan({ method: 'PUT', fault: 'tear-upload', times: 2 });
      expect(await throughProxy().create('torn/1', body)).toBe('created');
      expect(body.equals(await direct.get('torn/1'))).toBe(true);
    });

    test('a bit flipped on the way to the server is refused there and sent again', async () => {
      proxy.plan({ method: 'PUT', fault: 'flip-upload', times: 1 });
      expect(await throughProxy().create('flip/1', Buffer.from('as it was'))).toBe('created');
      expect(Buffer.from(await direct.get('flip/1')).toString()).toBe('as it was');
      expect(proxy.seen).toHaveLength(2);
    });

    test('a hung server costs a bounded time and is a retryable error that names the call', async () => {
      proxy.plan({ method: 'GET', fault: 'hang', times: 9 });
      const started = performance.now();
      const failure = await throughProxy({ attempts: 2, requestMs: 200 })
        .get('hung/1')
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StoreUnreachable);
      expect(failure).toMatchObject({
        retryable: true,
        exitCode: 69,
        message: expect.stringContaining('GET "hung/1"'),
      });
      expect(performance.now() - started).toBeLessThan(5000);
    });

    test('an answer that trickles is given up after the time that its size allows', async () => {
      await direct.create('slow/1', Buffer.alloc(4000, 'x'));
      proxy.plan({ method: 'GET', fault: { bytesPerSecond: 1000 }, times: 9 });
      const slow = throughProxy({ attempts: 1, requestMs: 300 }).get('slow/1');
      await expect(slow).rejects.toMatchObject({
        code: 'HONE_STORE_UNREACHABLE',
        message: expect.stringContaining('no complete answer within'),
      });
    });

    test('bursts of 503 and a 409 are retried, within bounds', async () => {
      proxy.plan({ method: 'PUT', fault: { status: 503, code: 'SlowDown' }, times: 3 });
      proxy.plan({ method: 'PUT', fault: { status: 409, code: 'ConditionalRequestConflict' }, times: 1 });
      expect(await throughProxy().create('burst/1', Buffer.from('x'))).toBe('created');
      proxy.plan({ method: 'GET', fault: { status: 500, code: 'InternalError' }, times: 99 });
      await expect(throughProxy({ attempts: 3 }).get('burst/1')).rejects.toThrow(/3 tries/);
      expect(proxy.seen.filter((line) => line.startsWith('GET'))).toHaveLength(3);
    });

    test('a 403 is final after one refresh of the credentials, and shows no secret', async () => {
      proxy.plan({ method: 'GET', fault: { status: 403, code: 'AccessDenied' }, times: 9 });
      const failure = await throughProxy()
        .get('secret/1')
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StoreRefused);
      expect(String((failure as Error).message)).toContain('GET "secret/1"');
      expect(String((failure as Error).message)).not.toContain(server.secretAccessKey);
      expect(proxy.seen).toHaveLength(2);
      proxy.plan({ method: 'PUT', fault: { status: 403, code: 'ExpiredToken' }, times: 1 });
      expect(await throughProxy().create('secret/2', Buffer.from('x'))).toBe('created');
    });

    test('a store that ignores the condition is refused at start-up', async () => {
      proxy.plan({ method: 'PUT', fault: 'hide-refusal', times: 99 });
      await expect(proveConditionalCreate(throughProxy())).rejects.toThrow(StoreWithoutConditionalCreate);
    });

    test('a lost answer during the start-up test does not condemn a good store', async () => {
      proxy.plan({ method: 'PUT', fault: 'drop-answer', times: 4 });
      await proveConditionalCreate(throughProxy());
    });
  });

  test('a bucket that does not exist is refused, with what to check', async () => {
    const store = openStore(`s3://no-such-bucket/x?endpoint=${server.endpoint}`);
    await expect(store.get('a')).rejects.toThrow(StoreRefused);
    await expect(store.create('a', Buffer.from('x'))).rejects.toThrow(StoreRefused);
    await expect(collect(store.list(''))).rejects.toThrow(/bucket/);
  });

  test('a list longer than one page is complete and in order', async () => {
    const store = openStore(`s3://${bucket}/pages?endpoint=${server.endpoint}`);
    const keys = Array.from({ length: 1010 }, (_, i) => `k/${String(i).padStart(5, '0')}`);
    for (let i = 0; i < keys.length; i += 40) {
      await Promise.all(keys.slice(i, i + 40).map((key) => store.put(key, Buffer.from('x'))));
    }
    expect(await collect(store.list('k/'))).toEqual(keys);
  });

  test('nobody listening is unreachable, not missing', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as { port: number };
    listener.close();
    const store = S3Store.at(`s3://${bucket}/x?endpoint=http://127.0.0.1:${port}`, { attempts: 2, maxPauseMs: 10 });
    await expect(store.find('a')).rejects.toThrow(StoreUnreachable);
  });
}

function useCredentialsOf({ accessKeyId, secretAccessKey }: S3Server): void {
  process.env['AWS_ACCESS_KEY_ID'] = accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = secretAccessKey;
}

async function newBucket({ endpoint }: S3Server): Promise<string> {
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: 'hone-test' }));
  client.destroy();
  return 'hone-test';
}
