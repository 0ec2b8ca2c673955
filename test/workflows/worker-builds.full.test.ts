/** A new build of the worker: runs under way end on theirs, new ones begin on the one that was made current. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { promoteBuild, workerBuilds } from '../../src/client/worker-builds.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { startWorkers } from '../../src/worker.ts';
import { eventually } from '../messages.ts';
import { smallTown, type Town } from '../town.ts';

const deployment = `hone-${randomBytes(4).toString('hex')}`;
let town: Town;
const workers: Awaited<ReturnType<typeof startWorkers>>[] = [];
beforeAll(async () => {
  town = await smallTown({
    worker: false,
    serving: false,
    edit: (model) => {
      model['training'] = { ...(model['training'] as object), refit: 'none' };
    },
  });
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await town.close();
});

async function startBuild(build: string): Promise<void> {
  const { hone } = town.workspace;
  workers.push(
    await startWorkers({
      ...{ workspace: town.dir, build, logger: createLogger('test', 'silent'), scratchDir: join(town.dir, build) },
      hone: { ...hone, temporal: { ...hone.temporal, deployment } },
    }),
  );
}

/** Builds whose workers took turns of the workflow, in order. */
async function buildsOf(workflow: string): Promise<string[]> {
  const { events } = await (await town.client.temporal()).workflow.getHandle(workflow).fetchHistory();
  const all = (events ?? []).flatMap((event) => {
    const done = event.workflowTaskCompletedEventAttributes;
    return done ? [done.deploymentVersion?.buildId ?? 'none'] : [];
  });
  return [...new Set(all)];
}

const waits = (run: string) => town.runUntil(run, 'it waits for approval', ({ waitingFor }) => waitingFor !== null);
const reject = async (run: string) => {
  const { packet } = await waits(run);
  const body = { packet: packet?.slice(0, 8), by: 'ana', comment: 'a test' };
  await (await town.client.temporal()).workflow.getHandle(run).signal('reject', body);
  return await town.end(run);
};

test('a run ends on the build that it began on, a new one begins on the build that was made current', async () => {
  await startBuild('build-a');
  expect(await promoteBuild(town.client, deployment)).toMatchObject({ build: 'build-a', before: null });
  const first = String((await town.trigger({ reason: 'on build a' })).run);
  await waits(first);

  await startBuild('build-b');
  await expect(promoteBuild(town.client, deployment, 'build-c')).rejects.toMatchObject({ code: 'HONE_BUILD_UNKNOWN' });
  const promoted = await promoteBuild(town.client, deployment, 'build-b');
  expect(promoted).toMatchObject({ build: 'build-b', before: 'build-a' });
  expect(promoted.sentence).toContain('read back');

  expect(await reject(first)).toMatchObject({ outcome: 'rejected_by_person' });
  expect(await buildsOf(first), 'pinned').toEqual(['build-a']);

  const second = String((await town.trigger({ reason: 'on build b' })).run);
  await reject(second);
  expect(await buildsOf(second)).toEqual(['build-b']);
  await eventually(
    'the old build has nothing left to do',
    () => workerBuilds(town.client, deployment),
    (builds) => builds.some(({ build, state }) => build === 'build-b' && state === 'current'),
  );
}, 300_000);
