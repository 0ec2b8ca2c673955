/** The Temporal server dies by SIGKILL in the middle of a run and comes back on the same database file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DevServer, startDevServer } from '../../src/local/dev-server.ts';
import { freePort } from '../../src/local/ports.ts';
import { signalGroup } from '../../src/local/process-identity.ts';
import type { Town } from '../town.ts';
import { canaryAnswers, promoteFirst, startSecond, townForTwo } from './champion.ts';
import { activitiesOf, laterRun } from './history.ts';
import { expectInvariants } from './invariants.ts';

let folder: string;
let server: DevServer;
let start: () => Promise<DevServer>;
let town: Town;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-restart-'));
  const port = await freePort();
  start = () =>
    startDevServer({ port, uiPort: null, dbFile: join(folder, 'temporal.db'), logFile: join(folder, 'temporal.log') });
  server = await start();
  town = await townForTwo({
    temporal: server.address,
    edit: (model) => {
      model['deploy'] = { canary: { steps: [25, 100], bake: 'PT4S', min_requests: 20, max_wait: 'PT2M' } };
    },
  });
  await promoteFirst(town);
});
afterAll(async () => {
  await town?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a run loses nothing when the server is killed in its data stages, while a person is waited for, and in a canary', async () => {
  const traffic = town.traffic();
  const run = await startSecond(town);
  await killAndRestart();
  await town.runUntil(run, 'an approval is waited for', ({ waitingFor }) => waitingFor !== null);
  await killAndRestart();
  await town.approve(run);
  await canaryAnswers(town, run);
  await killAndRestart();

  expect(await endAfterReconnect(run)).toMatchObject({ outcome: 'promoted', version: 4 });
  expect(await traffic.stop(), 'predictions went on').toMatchObject({ failed: 0 });
  const activities = await activitiesOf(town, run);
  const completed = Object.fromEntries(Object.entries(activities).map(([name, count]) => [name, count.completed]));
  expect(completed).toEqual(laterRun);
  await expectInvariants(town);
});

async function killAndRestart(): Promise<void> {
  signalGroup(server.pid, 'SIGKILL');
  await server.exited;
  await new Promise((done) => setTimeout(done, 1000)); // so that clients meet a closed door, not only a broken one
  server = await start();
}

/** A call that was under way when the server died may fail; the run has not. */
async function endAfterReconnect(run: string) {
  for (const deadline = Date.now() + 60_000; ; ) {
    try {
      return await town.end(run);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
