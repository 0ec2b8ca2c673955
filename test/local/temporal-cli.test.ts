import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { SettingUnusable, TemporalCliMissing } from '../../src/local/errors.ts';
import { ensureTemporalCli, TEMPORAL_VERSION } from '../../src/local/temporal-cli.ts';
import type { TemporalSource } from '../../src/local/temporal-sources.ts';

/** A program that answers as the CLI does, so that the order of places can be tested without 45 MB each. */
const speaking = (version: string) => `#!/bin/sh\necho "temporal version ${version} (Server 1.32.0, UI 2.54.1)"\n`;

async function place() {
  const dir = await mkdtemp(join(tmpdir(), 'hone-cli-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const put = async (folder: string, version: string) => {
    const program = join(dir, folder, 'temporal');
    await mkdir(join(dir, folder), { recursive: true });
    await writeFile(program, speaking(version));
    await chmod(program, 0o755);
    return program;
  };
  const env = { PATH: `${join(dir, 'bin')}:/usr/bin:/bin`, XDG_CACHE_HOME: join(dir, 'cache') };
  return { dir, put, env };
}

const broken: TemporalSource = { how: 'a broken way', obtain: async () => ({ failed: 'the line is cut' }) };
const bringing = (version: string): TemporalSource => ({
  how: `a way to ${version}`,
  async obtain(folder) {
    await writeFile(join(folder, 'x'), speaking(version));
    return { program: join(folder, 'x') };
  },
});

test('the setting wins over PATH, and PATH over the cache', async () => {
  const { put, env } = await place();
  const set = await put('own', '1.7.0');
  const onPath = await put('bin', TEMPORAL_VERSION);
  await put(`cache/hone/temporal/${TEMPORAL_VERSION}`, TEMPORAL_VERSION);
  const sources: TemporalSource[] = [];
  expect(await ensureTemporalCli({ env: { ...env, HONE_TEMPORAL_CLI: set }, sources })).toEqual({
    path: set,
    version: '1.7.0',
    how: 'HONE_TEMPORAL_CLI',
  });
  expect(await ensureTemporalCli({ env, sources })).toMatchObject({ path: onPath, how: 'PATH' });
  await rm(onPath);
  expect(await ensureTemporalCli({ env, sources })).toMatchObject({ how: 'cache' });
});

test.each(['', '/nowhere/temporal'])('a setting of %j is refused, never passed over in silence', async (setting) => {
  const { env } = await place();
  await expect(ensureTemporalCli({ env: { ...env, HONE_TEMPORAL_CLI: setting } })).rejects.toThrow(SettingUnusable);
});

test('what was obtained is cached, and the next start finds it there', async () => {
  const { env } = await place();
  const said: string[] = [];
  const options = {
    env,
    sources: [broken, bringing('0.9.0'), bringing(TEMPORAL_VERSION)],
    onProgress: (s: string) => said.push(s),
  };
  expect(await ensureTemporalCli(options)).toMatchObject({ how: `a way to ${TEMPORAL_VERSION}` });
  expect(said.at(-1)).toMatch(/is in .*cache\/hone\/temporal/);
  expect(await ensureTemporalCli({ env, sources: [] })).toMatchObject({ how: 'cache' });
  expect(await readdir(join(env.XDG_CACHE_HOME, 'hone', 'temporal'))).toEqual([TEMPORAL_VERSION]);
});

test('where no way works, one message lists every try with its reason', async () => {
  const { put, env } = await place();
  await put('bin', '1.2.0');
  const error = await ensureTemporalCli({ env, sources: [broken, bringing('0.9.0')] }).catch(
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(TemporalCliMissing);
  const message = (error as Error).message;
  for (const part of [
    'HONE_TEMPORAL_CLI: not set',
    '1.2.0 is older than',
    'the cache (',
    'a broken way: the line is cut',
    'what came is 0.9.0',
  ]) {
    expect(message).toContain(part);
  }
});
