/** The script for bash, evaluated by a real bash. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { ROOT } from '../config/workspace.ts';
import { hone } from './story.ts';

const run = promisify(execFile);
let script: string;
beforeAll(async () => {
  script = (await hone(ROOT, ['completion', 'bash'])).out;
});

/** What bash offers after these words; the last one is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const typed = words.map((word) => `'${word}'`).join(' ');
  const asked = `${script}\nCOMP_WORDS=(hone ${typed}); COMP_CWORD=${words.length}; _hone; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return (await run('bash', ['-c', asked], { cwd: ROOT })).stdout.trim().split('\n');
}

test.each([
  [['roll'], ['rollout', 'rollback']],
  [['run', 'un'], ['unstick']],
  [['run', 'start', 'flights-delay', '--wa'], ['--wait']],
  [['run', 'retry', 'flights-delay-000001', '--fr'], ['--from']],
  [['--json', 'monitor', 'labels', 'im'], ['import']],
  [['registry', 'gc', '--del'], ['--delete']],
  [['model', 'show', '--js'], ['--json']],
])('after hone %j, bash offers %j', async (words, expected) => {
  expect((await offered(...words)).sort()).toEqual([...expected].sort());
});

test('where nothing of hone fits, files are offered', async () => {
  expect(await offered('validate', 'flights-delay', '--data', 'package.j')).toEqual(['package.json']);
});

test('every command is in the script of each shell; an unknown shell is refused with those that there are', async () => {
  for (const shell of ['zsh', 'fish']) {
    const { code, out } = await hone(ROOT, ['completion', shell]);
    expect(code).toBe(0);
    for (const word of ['quarantine', 'readmit', 'break-glass', 'clock']) expect(out).toContain(word);
  }
  const refused = await hone(ROOT, ['completion', 'tcsh']);
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('bash, zsh, fish') });
});
