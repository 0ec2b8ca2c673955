import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ensurePython } from '../../src/local/python.ts';

let folder: string;
let requirements: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-python-'));
  requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, '# nothing beyond the standard library\n');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

test('builds an environment once, and finds it again by the digest of its requirements; rebuilds one that lost its interpreter', async () => {
  const said: string[] = [];
  const wish = { requirements, cacheDir: folder, onProgress: (sentence: string) => said.push(sentence) };
  const [first, second] = await Promise.all([ensurePython(wish), ensurePython(wish)]);
  expect(['uv', 'pip']).toContain(first.how);
  expect(second).toEqual(first);
  expect(said).toHaveLength(1);
  expect(await ensurePython(wish)).toEqual({ ...first, how: 'cached' });
  const { stdout } = await promisify(execFile)(first.python, ['-c', 'import sys; print(sys.prefix)']);
  expect(stdout).toContain(first.digest.slice(0, 16));

  await unlink(first.python); // as when the interpreter it was built from is gone
  expect((await ensurePython(wish)).how).not.toBe('cached');
  expect(await readdir(join(folder, 'python'))).toEqual([first.digest.slice(0, 16)]);
});

test('a requirement without its hash is refused, and leaves nothing behind', async () => {
  await writeFile(requirements, 'numpy==2.4.6\n');
  const refused = ensurePython({ requirements, cacheDir: folder });
  await expect(refused).rejects.toMatchObject({
    code: 'HONE_PYTHON_ENVIRONMENT_FAILED',
    exitCode: 69,
    retryable: true,
  });
  await expect(refused).rejects.toThrow(/requirements.txt could not be built with (uv|pip)/);
  expect(await readdir(join(folder, 'python'))).toEqual([]);
});

test('without a Python that is new enough the message lists what was tried', async () => {
  vi.stubEnv('PATH', folder);
  vi.stubEnv('HONE_PYTHON', undefined);
  const missing = ensurePython({ requirements, cacheDir: folder });
  await expect(missing).rejects.toMatchObject({ code: 'HONE_PYTHON_MISSING', exitCode: 69 });
  await expect(missing).rejects.toThrow(/No Python 3.11 or newer was found: .*HONE_PYTHON/);
});
