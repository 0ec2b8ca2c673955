/** Keys on the command line: enrolled, shown, rotated, revoked; the private half never on the screen. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hone as call, workspace } from './story.ts';

test('a key is enrolled, shown, rotated and revoked; what was enrolled is never erased', async () => {
  const { dir } = await workspace();
  const keys = join(dir, 'keys');
  const hone = (...argv: string[]) => call(dir, argv, { ...process.env, HONE_IDENTITY: keys });
  expect((await hone('identity', 'show')).out).toContain('Nobody has a key');

  const enrolled = await hone('identity', 'enrol', 'ana');
  expect(enrolled).toMatchObject({ code: 0, out: expect.stringContaining('hone config apply') });
  expect(await hone('identity', 'enrol', 'ANA')).toMatchObject({ code: 3, err: expect.stringContaining('--rotate') });
  expect((await hone('identity', 'enrol', 'ana', '--rotate')).code).toBe(0);
  expect((await hone('identity', 'revoke', 'ana', '--reason', 'laptop lost')).code).toBe(0);
  expect((await hone('identity', 'revoke', 'ana', '--reason', 'again')).code).toBe(3);

  const shown = JSON.parse((await hone('identity', 'show', 'ana', '--json')).out).keys;
  expect(shown).toMatchObject([
    { name: 'ana', private_here: true, retired: expect.any(String), revoked: { reason: 'laptop lost' } },
    { name: 'ana', private_here: true, revoked: { reason: 'laptop lost' } },
  ]);
  expect((await hone('identity', 'show')).out).toMatch(/ana +[0-9a-f]{16} .*revoked/);

  const file = await readFile(join(dir, 'config', 'hone.yaml'), 'utf8');
  expect(file).toContain('# who may approve; a model names groups, never people');
  for (const name of await readdir(keys)) {
    const secret = (await readFile(join(keys, name), 'utf8')).split('\n')[1] ?? '';
    expect(`${file}${enrolled.out}${JSON.stringify(shown)}`).not.toContain(secret);
  }
  expect((await hone('config', 'validate')).code).toBe(0);
});

test('nothing due is said, and a review that names too little is refused', async () => {
  const { hone } = await workspace();
  expect(await hone('review')).toMatchObject({ code: 0, out: 'No review is due.\n' });
  expect(await hone('review', 'flights-delay/1', '--by', 'dana')).toMatchObject({ code: 2 });
  const comment = ['--comment', 'right call'];
  expect(await hone('review', 'flights-delay/1', '--by', 'dana', ...comment)).toMatchObject({
    code: 3,
    err: expect.stringContaining('No review is due for version 1'),
  });
});
