import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pollUntil } from '../../src/local/deadline.ts';
import { ProcessAlreadyRunning, ProcessNotReady } from '../../src/local/errors.ts';
import { groupLives, processIdentity } from '../../src/local/process-identity.ts';
import { findProcess, listProcesses } from '../../src/local/process-records.ts';
import { type StartOptions, startProcess, stopProcess } from '../../src/local/processes.ts';

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hone-processes-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function start(dir: string, script: string, options: Partial<StartOptions> = {}) {
  const running = await startProcess({
    name: 'sleeper',
    stateDir: dir,
    command: ['/bin/sh', '-c', script],
    logFile: join(dir, 'sleeper.log'),
    tied: true,
    ...options,
  });
  onTestFinished(() => running.stop(100));
  return running;
}

test('a started process is found by its name, and stopping it ends its whole group', async () => {
  const dir = await folder();
  const running = await start(dir, 'sleep 300 & sleep 300');
  expect(await findProcess(dir, 'sleeper')).toMatchObject({ pid: running.pid });
  expect((await listProcesses(dir)).map(({ name }) => name)).toEqual(['sleeper']);
  expect(await stopProcess(dir, 'sleeper')).toMatchObject({ pid: running.pid });
  expect(await groupLives(running.pid)).toBe(false);
  expect(await findProcess(dir, 'sleeper')).toBeUndefined();
});

test('of many starts of one name at once, one wins and the others say who runs', async () => {
  const dir = await folder();
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => start(dir, 'sleep 300')));
  const refused = results.filter((result) => result.status === 'rejected').map((result) => result.reason as unknown);
  expect(refused).toHaveLength(7);
  for (const error of refused) expect(error).toBeInstanceOf(ProcessAlreadyRunning);
});

test('a record whose number now belongs to another process is nobody: it is never killed', async () => {
  const dir = await folder();
  const bystander = spawn('sleep', ['300'], { detached: true });
  onTestFinished(() => void bystander.kill('SIGKILL'));
  const record = { name: 'sleeper', pid: bystander.pid, identity: 'another boot/1', command: ['sleep'], log: null };
  await writeFile(join(dir, 'sleeper.json'), JSON.stringify({ ...record, started_at: '', facts: {} }));
  expect(await findProcess(dir, 'sleeper')).toBeUndefined();
  expect(await stopProcess(dir, 'sleeper')).toBeUndefined();
  expect(await processIdentity(bystander.pid ?? 0)).toBeDefined();
});

test('a process that ignores SIGTERM is killed after its grace time', async () => {
  const dir = await folder();
  const ready = join(dir, 'ready');
  const running = await start(dir, `trap '' TERM; touch ${ready}; while :; do sleep 0.05; done`, {
    ready: () =>
      readFile(ready).then(
        () => true,
        () => false,
      ),
  });
  await running.stop(200);
  expect(await groupLives(running.pid)).toBe(false);
  expect((await running.exited).signal).toBe('SIGKILL');
});

test('one that ends instead of becoming ready, however early, is told with its exit code and the end of its log', async () => {
  // Many, because an end that comes while the log is still being closed here was once missed, one time in three.
  const ends = Array.from({ length: 12 }, async () => {
    const dir = await folder();
    const failing = start(dir, 'echo the port is taken; exit 3', { ready: async () => false });
    await expect(failing).rejects.toThrow(/ended with exit code 3(.|\n)*\| the port is taken/);
    await expect(failing).rejects.toThrow(ProcessNotReady);
    expect(await findProcess(dir, 'sleeper')).toBeUndefined();
  });
  await Promise.all(ends);
});

test('one that cannot be started at all is told, and its name is free again', async () => {
  const dir = await folder();
  await expect(start(dir, '', { command: [join(dir, 'nothing')] })).rejects.toThrow('could not be started');
  await start(dir, 'sleep 300');
});

test('a tied process ends when its parent is killed with SIGKILL, and an untied one lives on', async () => {
  const dir = await folder();
  const program = `
    import { startProcess } from ${JSON.stringify(new URL('../../src/local/processes.ts', import.meta.url).href)};
    const command = ['/bin/sh', '-c', 'sleep 300 & sleep 300'];
    for (const tied of [true, false]) {
      await startProcess({ name: 'tied-' + tied, stateDir: ${JSON.stringify(dir)}, command, logFile: null, tied });
    }
    console.log('started');
    setInterval(() => {}, 1000);`;
  await writeFile(join(dir, 'parent.mts'), program);
  const parent = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), join(dir, 'parent.mts')]);
  onTestFinished(() => void parent.kill('SIGKILL'));
  await new Promise((done) => parent.stdout.once('data', done));
  const [untied, tied] = await listProcesses(dir);
  expect([untied?.name, tied?.name]).toEqual(['tied-false', 'tied-true']);
  parent.kill('SIGKILL');
  const gone = await pollUntil(async () => ((await groupLives(tied?.pid ?? 0)) ? undefined : true), {
    timeoutMs: 5000,
  });
  expect(gone).toBe(true);
  expect(await groupLives(untied?.pid ?? 0)).toBe(true);
  await stopProcess(dir, 'tied-false');
});
