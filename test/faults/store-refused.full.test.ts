/** The whole loop on a real S3 server, which for a while refuses everything: expired credentials, lost rights. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type S3Server, startVersityGw, VersityGwMissing } from '../../src/local/versitygw.ts';
import type { Town } from '../town.ts';
import { canaryAnswers, promoteFirst, startSecond, townForTwo } from './champion.ts';
import { hone } from './command.ts';
import { eventually } from './eventually.ts';
import { type FaultProxy, type Plan, startFaultProxy } from './fault-proxy.ts';
import { expectInvariants, served } from './invariants.ts';
import { openTurnstile } from './turnstile.ts';

const s3 = await startVersityGw().catch((error: unknown) => {
  if (error instanceof VersityGwMissing) return error;
  throw error;
});

if (s3 instanceof VersityGwMissing) test.skip(`a store on S3 that refuses: ${s3.message}`, () => undefined);
else describe('a store on S3 that refuses for a while', () => story(s3));

function story(server: S3Server): void {
  const turnstile = openTurnstile();
  let proxy: FaultProxy;
  let town: Town;

  beforeAll(async () => {
    process.env['AWS_ACCESS_KEY_ID'] = server.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = server.secretAccessKey;
    proxy = await startFaultProxy(server.endpoint);
    const admin = new S3Client({ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true });
    await admin.send(new CreateBucketCommand({ Bucket: 'hone-faults' }));
    admin.destroy();
    town = await townForTwo({
      store: `s3://hone-faults/town?endpoint=${proxy.endpoint}`,
      interceptors: turnstile.interceptors,
      edit: (model) => {
        model['training'] = { ...(model['training'] as object), refit: 'none' };
        model['deploy'] = { canary: { steps: [25, 100], bake: 'PT5S', min_requests: 20, max_wait: 'PT2M' } };
      },
    });
    await promoteFirst(town);
  });
  afterAll(async () => {
    await town?.close();
    await proxy?.close();
    await server.stop();
  });

  test('a command says within seconds which key was refused and ends with 69', async () => {
    const allow = refuseAll(proxy);
    const said = await hone(town.dir, 'ledger', 'show', town.model);
    allow();
    expect(said).toMatchObject({ code: 69, document: { error: { code: 'HONE_STORE_REFUSED' } } });
    expect(said.err).toMatch(/refused GET "models\/flights-.*AccessDenied.*credentials/s);
    expect(said.seconds).toBeLessThan(10);
  });

  test('a run that meets it in features fails with the key in its sentence, and gives its lock back once it can', async () => {
    const before = served(await town.ledger.state());
    const reached = turnstile.hold('features');
    const run = await startSecond(town, 'meets a store that refuses');
    await reached;
    const allow = refuseAll(proxy);
    turnstile.release();
    const temporal = await town.client.temporal();
    await eventually(async () => {
      const { raw } = await temporal.workflow.getHandle(run).describe();
      const closing = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'closeRun');
      expect(closing?.attempt ?? 0, 'the end is tried again and again').toBeGreaterThan(1);
    }, 20_000);
    allow();

    await expect(town.end(run)).rejects.toThrow();
    expect(await town.status(run)).toMatchObject({ outcome: 'failed', sentence: expect.stringContaining('refused') });
    expect(served(await town.ledger.state())).toEqual(before);
    await expectInvariants(town);
  });

  test('a canary that meets it waits, and no prediction fails', async () => {
    const traffic = town.traffic();
    const run = await startSecond(town, 'is in its canary when the store refuses');
    await town.approve(run);
    await canaryAnswers(town, run);
    const allow = refuseAll(proxy);
    await new Promise((done) => setTimeout(done, 3000));
    allow();

    expect(await town.end(run)).toMatchObject({ outcome: 'promoted' });
    expect(await traffic.stop(), 'predictions went on').toMatchObject({ failed: 0 });
    await expectInvariants(town);
  });
}

/** Returns what ends it. */
function refuseAll(proxy: FaultProxy): () => void {
  const plans = ['GET', 'PUT', 'HEAD', 'DELETE', 'POST'].map((method): Plan => {
    return { method, fault: { status: 403, code: 'AccessDenied' }, times: Number.POSITIVE_INFINITY };
  });
  for (const plan of plans) proxy.plan(plan);
  return () => {
    for (const plan of plans) plan.times = 0;
  };
}
