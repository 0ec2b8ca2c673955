/** Whole rollouts through a real program that keeps what it serves in a file, on a real Temporal server. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { commandRollout } from '../../src/client/decisions.ts';
import { smallTown, type Town } from '../town.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const PROGRAM = resolve(import.meta.dirname, '../deployment/program.mjs');
interface Call {
  readonly call: string;
  readonly key?: string;
  readonly version?: number | null;
  readonly share?: number;
}

let town: Town;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-program-'));
  town = await smallTown({
    serving: false,
    edit: ({ training, gate, deploy }) => {
      Object.assign(training as object, { refit: 'none' });
      const champion = { promote_when: 'non_inferior', margin: { roc_auc: 0.4, log_loss: 0.4 } };
      Object.assign(gate as object, { champion, slices: { columns: [] } });
      const program = [process.execPath, PROGRAM, folder, 'odd'];
      Object.assign(deploy as object, {
        target: { kind: 'command', program, timeout: 'PT30S', environment: [] },
        pipeline: { answer_within: 'PT1M', settle_within: 'PT5S', look_every: 'PT0.2S' },
      });
    },
  });
});
afterAll(async () => {
  await town?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => rm(join(folder, 'calls.jsonl'), { force: true }));

const can = (able: { split?: boolean; withdraw?: boolean; fails?: string }) =>
  writeFile(join(folder, 'able.json'), JSON.stringify(able));
const start = async (reason: string) => {
  const { run } = await town.trigger({ reason });
  await town.approve(run ?? '');
  return run ?? '';
};
const serves = async () => JSON.parse(await readFile(join(folder, 'serving.json'), 'utf8'));
const champion = async () => (await town.ledger.state()).aliases.champion?.version ?? null;
/** Changes that it was asked for, in their order, each once. */
const asked = async () => {
  const calls = (await readFile(join(folder, 'calls.jsonl'), 'utf8')).trim().split('\n');
  const changes = calls.map((line) => JSON.parse(line) as Call).filter(({ key }) => key !== undefined);
  return [...new Set(changes.map(({ call, version, share }) => `${call} ${version} at ${share} %`))];
};
const entries = async (kind: string) => {
  const found = [];
  for await (const { change, why } of town.ledger.entries()) if (change.kind === kind) found.push({ change, why });
  return found;
};

test('a first version that fails is taken out of a program that can serve none', async () => {
  await can({ withdraw: true, fails: 'deploy/' });
  await writeFile(join(folder, 'serving.json'), JSON.stringify({ version: 1, share: 100, healthy: true }));
  const end = await town.end(await start('a first that fails')).catch((error: Error) => error.cause ?? error);
  expect(JSON.stringify(end)).toContain('the deployment target shows no version');
  expect(await asked()).toEqual(['deploy 1 at 100 %', 'rollback null at 0 %']);
  expect(await serves()).toMatchObject({ version: null, share: 0 });
  expect(await champion()).toBeNull();
});

test('where it cannot serve none, people are paged once, with what to look at, and the run ends', async () => {
  await can({ fails: 'deploy/' });
  const end = await town.end(await start('another first that fails')).catch((error: Error) => error.cause ?? error);
  expect(JSON.stringify(end)).toContain('somebody was paged to take the version out');
  const [page, ...more] = await entries('return_failed');
  expect(more).toEqual([]);
  expect(page?.change).toMatchObject({ to: null, command: `npx hone deployment status ${town.model}` });
  expect(page?.why).toContain('Take it out by the target');
  expect(await asked()).toEqual(['deploy 2 at 100 %']);
});

test('a version goes to all requests and is read back', async () => {
  await can({});
  const run = await start('the first');
  expect(await town.end(run)).toMatchObject({ outcome: 'promoted' });
  expect(await serves()).toEqual({ version: await champion(), share: 100, healthy: true });
});

test('without a split a person sends it on after the replay; with one it takes its steps', async () => {
  await can({});
  const whole = await start('without a split');
  await town.runUntil(whole, 'a person is asked', ({ rollout, waitingFor }) => Boolean(rollout && waitingFor));
  await commandRollout(town.client, whole, 'promote', { by: 'ana' });
  const { version } = await town.end(whole);
  expect(await asked()).toEqual([`deploy ${version} at 100 %`]);

  await rm(join(folder, 'calls.jsonl'));
  await can({ split: true });
  const stepped = await town.end(await start('with a split'));
  expect(stepped).toMatchObject({ outcome: 'promoted' });
  expect(await asked()).toEqual([`deploy ${stepped.version} at 25 %`, `deploy ${stepped.version} at 100 %`]);
});

test('a program that fails in the middle leads back to the version before, which is read back', async () => {
  await can({ split: true, fails: 'share-100' });
  const before = await champion();
  const run = await start('one that fails');
  const end = await town.end(run).catch((error: Error) => error.cause ?? error);
  expect(JSON.stringify(end)).toContain('no machine is free');
  expect(JSON.stringify(end)).toContain(`the deployment target shows version ${before} at 100 %`);
  expect(await serves()).toEqual({ version: before, share: 100, healthy: true });
  expect(await champion()).toBe(before);
});
