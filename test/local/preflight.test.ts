import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { examine } from '../../src/local/doctor.ts';
import { nodePart, pythonPart } from '../../src/local/preflight.ts';

/** A folder with a Python that says this version, as the only thing on PATH. */
async function pathWithPython(version: string | undefined): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hone-preflight-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  if (version !== undefined) {
    await writeFile(join(dir, 'python3'), `#!/bin/sh\necho ${version}\n`);
    await chmod(join(dir, 'python3'), 0o755);
  }
  return dir;
}

test('a Node that is too old is named with its version and the way to a newer one', () => {
  expect(nodePart('18.20.0')).toMatchObject({ ok: false, version: '18.20.0' });
  expect(nodePart('18.20.0').advice).toContain('install Node 20 or newer');
  expect(nodePart('20.11.0')).toMatchObject({ ok: true, advice: '' });
});

test('a Python that is missing or too old is told with what was found and how to get one', async () => {
  expect(await pythonPart({ PATH: await pathWithPython('3.12.1') })).toMatchObject({ ok: true, version: '3.12.1' });
  const old = await pythonPart({ PATH: await pathWithPython('3.9.2') });
  expect(old).toMatchObject({ ok: false, from: 'python3 is 3.9.2' });
  expect(old.advice).toContain('install Python 3.11 or newer');
  expect(await pythonPart({ PATH: await pathWithPython(undefined) })).toMatchObject({
    ok: false,
    from: 'no Python on PATH',
  });
});

test.each(['', '/nowhere/python'])(
  'HONE_PYTHON set to %j is refused, never passed over in silence',
  async (setting) => {
    const part = await pythonPart({ PATH: await pathWithPython('3.12.1'), HONE_PYTHON: setting });
    expect(part).toMatchObject({ ok: false, from: 'HONE_PYTHON' });
    expect(part.advice).toContain('HONE_PYTHON is set to');
  },
);

test('the doctor examines the machine even where there is no workspace', async () => {
  const parts = await examine(null);
  const names = parts.map(({ name }) => name);
  expect(names).toEqual([
    'Node.js',
    'Python',
    'Temporal CLI',
    'Trainer environments',
    'DuckDB',
    'ONNX Runtime',
    'Workspace',
  ]);
  expect(parts.find(({ name }) => name === 'Workspace')).toMatchObject({
    ok: false,
    advice: 'go to a clone, or use --dir',
  });
});
