/**
 * kill -9 of the worker inside its effects: at each write of a run to its ledger, and at each manifest of a version, once
 * before S3 has seen it and once after S3 has committed it and nobody was told. Between activities: `kill.full.test.ts`.
 */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, expect, test } from 'vitest';
import { type S3Server, startVersityGw, VersityGwMissing } from '../../src/local/versitygw.ts';
import type { Town } from '../town.ts';
import { promoteFirst, startSecond, townForTwo } from './champion.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { activitiesOf, laterRun, withoutRefit } from './history.ts';
import { expectInvariants } from './invariants.ts';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

const s3 = await startVersityGw().catch((error: unknown) => {
  if (error instanceof VersityGwMissing) return error;
  throw error;
});

const EFFECTS = /\/ledger\/\d+\.json|\/versions\/\d+\/manifest\.json/;
const timeout = { timeout: 15 * 60_000 };

if (s3 instanceof VersityGwMissing) {
  test.skip(`kill -9 inside the effects of a run: ${s3.message}`, () => undefined);
} else {
  afterAll(() => s3.stop());
  test(
    'kill -9 at every write of a run, before and after it: each is there once, and the run is promoted',
    timeout,
    async () => {
      const { town, proxy } = await openTown(s3);
      try {
        const first = await startWorkerProcess(town);
        await promoteFirst(town);
        const traffic = town.traffic();
        const run = await startSecond(town);
        await town.runUntil(run, 'it is under way', ({ stage }) => stage !== null);

        const ended = town.end(run).then(() => null);
        void approveOnce(town, run); // as soon as its packet lies there
        const deaths = await dieAtEveryWrite(town, proxy, first, ended);

        expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 2 });
        expect(deaths.length, deaths.join(', ')).toBeGreaterThanOrEqual(8);
        expect(await traffic.stop(), 'predictions went on').toMatchObject({ failed: 0 });
        const activities = await activitiesOf(town, run);
        const completed = Object.fromEntries(
          Object.entries(activities).map(([name, count]) => [name, count.completed]),
        );
        expect(completed).toEqual(withoutRefit(laterRun));
        await expectInvariants(town);
      } finally {
        await town.close();
        await proxy.close();
      }
    },
  );
}

/** However long the workers took to get there. */
async function approveOnce(town: Town, run: string): Promise<void> {
  for (let tries = 0; tries < 8; tries++) {
    const sent = await town.approve(run).then(
      () => true,
      () => false,
    );
    if (sent) return;
  }
}

/** Each key kills twice: a retry may send it again. Returns where the workers died; the last one has stopped. */
async function dieAtEveryWrite(
  town: Town,
  proxy: FaultProxy,
  first: WorkerProcess,
  ended: Promise<null>,
): Promise<string[]> {
  const deaths: string[] = [];
  let fatal = () => {};
  proxy.whenever((method, path) => {
    if (method !== 'PUT' || !EFFECTS.test(path)) return undefined;
    const when = (['before', 'after'] as const).find((one) => !deaths.includes(`${one} ${path}`));
    if (!when) return undefined;
    const where = `${when} ${path}`;
    deaths.push(where);
    return { when, reached: () => fatal() };
  });
  for (let next: WorkerProcess | null = first; ; next = null) {
    const reached = new Promise<'reached'>((done) => {
      fatal = () => done('reached');
    });
    const worker: WorkerProcess = next ?? (await startWorkerProcess(town));
    if ((await Promise.race([reached, ended])) === null) {
      proxy.whenever(null);
      await worker.stop();
      return deaths;
    }
    await worker.kill();
  }
}

async function openTown(server: S3Server): Promise<{ town: Town; proxy: FaultProxy }> {
  process.env['AWS_ACCESS_KEY_ID'] = server.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = server.secretAccessKey;
  const proxy = await startFaultProxy(server.endpoint);
  const admin = new S3Client({ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true });
  await admin.send(new CreateBucketCommand({ Bucket: 'hone-crashes' }));
  admin.destroy();
  const town = await townForTwo({
    store: `s3://hone-crashes/town?endpoint=${proxy.endpoint}`,
    worker: false,
    edit: (model) => {
      model['training'] = { ...(model['training'] as object), refit: 'none' };
    },
  });
  return { town, proxy };
}
