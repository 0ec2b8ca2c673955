/** The Temporal server itself is away over several ticks of a schedule, and catches up when it is back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applySchedules, scheduleIds } from '../../src/client/schedules.ts';
import { type DevServer, startDevServer } from '../../src/local/dev-server.ts';
import { freePort } from '../../src/local/ports.ts';
import { signalGroup } from '../../src/local/process-identity.ts';
import type { TriggerAnswer } from '../../src/workflows/contract.ts';
import { smallTown, type Town } from '../town.ts';
import { eventually } from './eventually.ts';
import { expectInvariants } from './invariants.ts';

const EVERY_MS = 5000;
const AWAY_MS = 20_000;
let folder: string;
let start: () => Promise<DevServer>;
let server: DevServer;
let town: Town;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-ticks-'));
  const port = await freePort();
  start = () =>
    startDevServer({ port, uiPort: null, dbFile: join(folder, 'temporal.db'), logFile: join(folder, 'temporal.log') });
  server = await start();
  town = await smallTown({ temporal: server.address, serving: false });
});
afterAll(async () => {
  await town?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('ticks that fell into the time without a server are caught up, and start one run at most', {
  timeout: 4 * 60_000,
}, async () => {
  const config = town.workspace.models.get(town.model)?.config;
  if (!config) throw new Error('no model');
  await applySchedules(town.client, [
    { ...config, triggers: { ...config.triggers, schedule: { ...config.triggers.schedule, enabled: true } } },
  ]);
  const scheduleOf = async () => (await town.client.temporal()).schedule.getHandle(scheduleIds(town.model).retraining);
  // Weekly ticks, but every five seconds.
  await (await scheduleOf()).update((now) => ({ ...now, spec: { intervals: [{ every: EVERY_MS }] } }) as never);
  const before = await eventually(async () => {
    const { info } = await (await scheduleOf()).describe();
    expect(info.numActionsTaken).toBeGreaterThan(0);
    return info.numActionsTaken;
  }, 30_000);
  const killed = Date.now();
  signalGroup(server.pid, 'SIGKILL');
  await server.exited;
  await sleep(AWAY_MS); // the fault itself: three ticks and more
  const back = Date.now();
  server = await start();

  const caughtUp = await eventually(async () => {
    const { info } = await (await scheduleOf()).describe();
    const missed = info.recentActions.filter(({ scheduledAt }) => +scheduledAt > killed && +scheduledAt < back);
    expect(info.numActionsTaken - before).toBeGreaterThanOrEqual(3);
    expect(missed.length, 'ticks of the time without a server').toBeGreaterThanOrEqual(3);
    return missed;
  }, 60_000);
  await (await scheduleOf()).pause('seen enough');
  const temporal = await town.client.temporal();
  const answers = (await Promise.all(
    caughtUp.map(({ action }) => temporal.workflow.getHandle(action.workflow.workflowId).result()),
  )) as TriggerAnswer[];
  expect(answers.every(({ answer }) => ['started', 'merged', 'queued', 'skipped'].includes(answer))).toBe(true);
  const { nextRun, activeRun } = await town.ledger.state();
  expect(nextRun - 1, 'runs').toBeLessThanOrEqual(1);
  if (activeRun) {
    await temporal.workflow.getHandle(activeRun.run).cancel();
    await town.end(activeRun.run).catch(() => undefined);
  }
  await (await scheduleOf()).delete();
  await eventually(async () => expect((await town.ledger.state()).activeRun).toBeNull(), 60_000);
  await expectInvariants(town);
});
