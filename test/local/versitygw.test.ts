import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { obtainVersityGw, VersityGwMissing } from '../../src/local/versitygw.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test('without a setting, a program, a cache or Go, the message lists every try and what to do', async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), 'hone-cache-'));
  vi.stubEnv('HONE_VERSITYGW', undefined);
  vi.stubEnv('PATH', cacheDir);
  const failure = await obtainVersityGw({ cacheDir }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(VersityGwMissing);
  for (const part of ['HONE_VERSITYGW is not set', 'none on PATH', 'none at', 'go install failed', 'Install Go']) {
    expect((failure as Error).message).toContain(part);
  }
  await rm(cacheDir, { recursive: true });
});

test('a setting that names no program is an error, not passed over', async () => {
  vi.stubEnv('HONE_VERSITYGW', join(tmpdir(), 'no-such-program'));
  await expect(obtainVersityGw()).rejects.toThrow(/HONE_VERSITYGW names .*no-such-program/);
});
