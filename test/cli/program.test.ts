import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../config/workspace.ts';

const run = promisify(execFile);

test('npx hone works in a clone after npm ci, without a build', async () => {
  const { stdout } = await run('npx', ['--no-install', 'hone', '--help'], { cwd: ROOT });
  expect(stdout).toContain('Usage: hone [options] [command]');
  expect(stdout.indexOf('Examples:')).toBeLessThan(stdout.indexOf('Usage:'));
});

test('a command outside of any workspace says so on stderr and ends with 2', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hone-nowhere-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const failed = run(process.execPath, [join(ROOT, 'bin/hone.mjs'), 'model', 'list'], { cwd: dir });
  await expect(failed).rejects.toMatchObject({ code: 2, stdout: '' });
  await expect(failed).rejects.toMatchObject({ stderr: expect.stringContaining('this is not a hone workspace') });
});

test('a reader that stops early, such as head, is no error', async () => {
  const { stdout } = await run(
    '/bin/sh',
    ['-c', `"${process.execPath}" bin/hone.mjs config schema | head -1; echo done`],
    {
      cwd: ROOT,
    },
  );
  expect(stdout).toBe('{\ndone\n');
});
