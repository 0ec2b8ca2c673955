/** The network between a worker and the Temporal server is cut while the worker lives on; another one takes over. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Town } from '../town.ts';
import { canaryAnswers, promoteFirst, startSecond, townForTwo } from './champion.ts';
import { eventually } from './eventually.ts';
import { activitiesOf, laterRun, withoutRefit } from './history.ts';
import { expectInvariants } from './invariants.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

let proxy: TcpProxy;
let town: Town;
beforeAll(async () => {
  proxy = await startTcpProxy(inject('temporalAddress'));
  town = await townForTwo({
    worker: false,
    edit: (model) => {
      model['training'] = { ...(model['training'] as object), refit: 'none' };
      model['deploy'] = { canary: { steps: [25, 100], bake: 'PT25S', min_requests: 20, max_wait: 'PT5M' } };
    },
  });
});
afterAll(async () => {
  await town?.close();
  await proxy?.close();
});

test('a worker that is cut off goes on by itself for a while; what it says after the cut is refused, and nothing is there twice', {
  timeout: 8 * 60_000,
}, async () => {
  const cutOff = await startWorkerProcess({ dir: await sameWorkspaceThrough(proxy.address) });
  await promoteFirst(town);
  const traffic = town.traffic();
  const run = await startSecond(town);
  await town.approve(run);
  await canaryAnswers(town, run);

  proxy.part();
  const other: WorkerProcess = await startWorkerProcess(town);
  await eventually(async () => {
    const { watchRollout } = await activitiesOf(town, run);
    const pending = (await (await town.client.temporal()).workflow.getHandle(run).describe()).raw.pendingActivities;
    const attempt = pending?.find(({ activityType }) => activityType?.name === 'watchRollout')?.attempt ?? 0;
    expect(Math.max(attempt, watchRollout?.attempt ?? 0), 'the other one has taken over').toBeGreaterThan(1);
  }, 60_000);
  // Both watch the same canary now. The first one comes to its verdict, writes what it may, and is not heard.
  await new Promise((done) => setTimeout(done, 30_000));
  proxy.heal();

  expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 2 });
  expect(await traffic.stop(), 'predictions went on').toMatchObject({ failed: 0 });
  const activities = await activitiesOf(town, run);
  const completed = Object.fromEntries(Object.entries(activities).map(([name, count]) => [name, count.completed]));
  expect(completed).toEqual(withoutRefit(laterRun));
  await expectInvariants(town);

  await other.stop();
  // Healed, it works again: alone, it can answer.
  await town.runUntil(run, 'the one that was cut off answers', ({ outcome }) => outcome === 'promoted');
  await cutOff.stop();
});

/** The same store and queue, another way to the server. */
async function sameWorkspaceThrough(address: string): Promise<string> {
  const dir = join(town.dir, 'elsewhere');
  await cp(join(town.dir, 'config'), join(dir, 'config'), { recursive: true });
  const file = join(dir, 'config', 'hone.yaml');
  const hone = parse(await readFile(file, 'utf8'));
  hone.temporal.address = address;
  hone.store = `file:${join(town.dir, 'store')}`;
  await writeFile(file, stringify(hone));
  return dir;
}
