/** A small workspace in a temporary folder: the shipped defaults and one model file, changed line by line by each test. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { ConfigInvalid } from '../../src/config/errors.ts';
import { loadWorkspace } from '../../src/config/load.ts';
import type { Problem } from '../../src/config/problems.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const MODEL_FILE = 'config/models/flights-delay.yaml';

export interface TestWorkspace {
  readonly dir: string;
  write(file: string, text: string): Promise<void>;
  /** Replaces a text that must be there, so that a test cannot go stale in silence. */
  edit(file: string, from: string, to: string): Promise<void>;
  /** `line:column` where a text starts. */
  place(file: string, text: string): Promise<string>;
  /** Every problem of the workspace; none where it is valid. */
  problems(): Promise<readonly Problem[]>;
}

/** Changes files of a workspace; an edit whose text is not there is an error of the test. */
export function editor(dir: string): Pick<TestWorkspace, 'write' | 'edit'> {
  const write = async (file: string, text: string) => {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), text);
  };
  return {
    write,
    async edit(file, from, to) {
      const text = await readFile(join(dir, file), 'utf8');
      if (!text.includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)}`);
      await write(file, text.replace(from, to));
    },
  };
}

/** A copy of the shipped `config/`. Removed when the test ends. */
export async function testWorkspace(): Promise<TestWorkspace> {
  const dir = await mkdtemp(join(tmpdir(), 'hone-config-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await cp(join(ROOT, 'config'), join(dir, 'config'), { recursive: true });
  return {
    dir,
    ...editor(dir),
    async place(file, text) {
      const before = (await readFile(join(dir, file), 'utf8')).split(text)[0] ?? '';
      return `${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`;
    },
    async problems() {
      try {
        await loadWorkspace(dir);
        return [];
      } catch (error) {
        if (error instanceof ConfigInvalid) return error.problems;
        throw error;
      }
    },
  };
}
