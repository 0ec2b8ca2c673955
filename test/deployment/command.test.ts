/** A real program as the target: JSON in, JSON out, exit codes, time-out and cancellation with its whole group. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandTarget } from '../../src/deployment/command.ts';
import { TargetRefused, TargetUnreachable } from '../../src/deployment/errors.ts';

const PROGRAM = resolve(import.meta.dirname, 'program.mjs');
const ODD = '$(touch here); `touch there` "quoted" \'twice\'';
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-command-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function target(timeout = 'PT30S', signal?: AbortSignal) {
  const program = [process.execPath, PROGRAM, folder, ODD];
  return commandTarget(
    { kind: 'command', program, timeout, environment: ['TOKEN'] },
    {
      ...{ model: 'flights', workspace: folder },
      environment: { PATH: process.env['PATH'], SECRET: 'not for the program', TOKEN: 'for the program' },
      ...(signal ? { signal } : {}),
    },
  );
}
const change = (key: string, version: number | null = 7) => ({ key, version, share: version === null ? 0 : 100 });

test('a version is deployed, read back and rolled back by the program, without a shell in between', async () => {
  const { deploy, status, rollback, capabilities } = target();
  expect(await capabilities()).toEqual({ split: false });
  expect(await status()).toEqual({ version: null, share: 0, healthy: true });
  expect(await deploy(change('run/1'))).toBe('done');
  expect(await status()).toEqual({ version: 7, share: 100, healthy: true });
  expect(await rollback(change('run/undo', 6))).toBe('done');
  expect((await status()).version).toBe(6);

  expect(await rollback(change('run/none', null))).toBe('done');
  expect((await status()).version).toBeNull();

  const calls = (await readFile(join(folder, 'calls.jsonl'), 'utf8')).trim().split('\n');
  const [first] = calls.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(first).toMatchObject({ odd: ODD, secret: null, token: 'for the program' });
  expect([existsSync(join(folder, 'here')), existsSync(join(folder, 'there'))]).toEqual([false, false]);
});

test('exit code 65 is final with its last words, another one may pass, and what is no answer is refused', async () => {
  const refused = await target()
    .deploy(change('refused'))
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(TargetRefused);
  expect(refused).toMatchObject({ retryable: false, message: expect.stringContaining('not on Fridays') });
  await expect(target().deploy(change('busy'))).rejects.toBeInstanceOf(TargetUnreachable);
  await expect(target().deploy(change('nonsense'))).rejects.toThrow('no JSON: "deployed!"');
  const missing = commandTarget(
    { kind: 'command', program: ['./not-there'], timeout: 'PT1S', environment: [] },
    { model: 'flights', workspace: folder, environment: {} },
  );
  await expect(missing.status()).rejects.toThrow('could not be started');
});

test('a program that hangs is stopped with everything that it started, at its time-out and at a cancellation', async () => {
  await expect(target('PT0.5S').deploy(change('hangs'))).rejects.toThrow('was stopped after PT0.5S');
  expect(await alive()).toBe(false);
  await rm(join(folder, 'child.pid'));

  const stop = new AbortController();
  const hanging = target('PT30S', stop.signal).deploy(change('again/hangs'));
  hanging.catch(() => undefined);
  for (const until = Date.now() + 10_000; !existsSync(join(folder, 'child.pid')) && Date.now() < until; )
    await new Promise((done) => setTimeout(done, 20));
  stop.abort();
  await expect(hanging).rejects.toThrow();
  expect(await alive()).toBe(false);
});

/** A killed process may stay as an entry until its new parent has taken note. */
async function alive(): Promise<boolean> {
  const pid = await readFile(join(folder, 'child.pid'), 'utf8');
  for (const until = Date.now() + 5000; Date.now() < until; await new Promise((done) => setTimeout(done, 20))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
    if (stat === null || / [ZX] /.test(stat)) return false;
  }
  return true;
}
