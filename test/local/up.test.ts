import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadWorkspace } from '../../src/config/load.ts';
import { ProcessAlreadyRunning } from '../../src/local/errors.ts';
import { logFileOf } from '../../src/local/log-file.ts';
import { freePort } from '../../src/local/ports.ts';
import { runningParts, startServing, startTemporal, startWorker, stopAll } from '../../src/local/up.ts';
import { ROOT } from '../config/workspace.ts';

/** The shipped configuration on ports of its own. */
async function localWorkspace() {
  const dir = await mkdtemp(join(tmpdir(), 'hone-up-'));
  onTestFinished(async () => {
    await stopAll(dir);
    await rm(dir, { recursive: true, force: true });
  });
  await cp(join(ROOT, 'config'), join(dir, 'config'), { recursive: true });
  const file = join(dir, 'config/hone.yaml');
  const ports = {
    ':7233': `:${await freePort()}`,
    ':8233': `:${await freePort()}`,
    'port: 8088': `port: ${await freePort()}`,
  };
  const text = Object.entries(ports).reduce((all, [from, to]) => all.replace(from, to), await readFile(file, 'utf8'));
  await writeFile(file, text);
  return await loadWorkspace(dir);
}

test('Temporal, worker and serving come up in order, are found by another command, and stop in reverse', async () => {
  const workspace = await localWorkspace();
  const { dir, hone } = workspace;
  const temporal = await startTemporal(workspace, { tied: true });
  expect(temporal.address).toBe(hone.temporal.address);
  const [worker, serving] = await Promise.all([
    startWorker(workspace, { tied: true, readyTimeoutMs: 60_000 }),
    startServing(workspace, { tied: true }),
  ]);
  expect((await fetch(`${serving.url}/live`)).ok).toBe(true);
  expect(await readFile(logFileOf(dir, 'worker'), 'utf8')).toContain('worker is up');
  expect((await runningParts(dir)).map(({ name, pid }) => [name, pid])).toEqual([
    ['serving', serving.pid],
    ['temporal', temporal.pid],
    ['worker', worker.pid],
  ]);
  await expect(startTemporal(workspace, { tied: true })).rejects.toThrow(ProcessAlreadyRunning);
  expect((await stopAll(dir)).map(({ name }) => name)).toEqual(['serving', 'worker', 'temporal']);
  expect(await runningParts(dir)).toEqual([]);
  expect(await stopAll(dir), 'a second down finds nothing').toEqual([]);
});
