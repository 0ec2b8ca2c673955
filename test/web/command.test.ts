/** `hone web`: the pages by themselves, and tokens. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { workspace } from '../cli/story.ts';

test('a token is random, and what belongs into the file is its SHA-256', async () => {
  const { hone } = await workspace();
  const [first, second] = [JSON.parse((await hone('web', 'token', '--json')).out), await hone('web', 'token')];
  expect(first.token_sha256).toBe(createHash('sha256').update(first.token).digest('hex'));
  expect(second.out).not.toContain(first.token);
  expect(second.out).toContain('token_sha256: ');
});

test('pages that strangers could reach unsigned are not served', async () => {
  const { hone, dir } = await workspace();
  const file = join(dir, 'config', 'hone.yaml');
  const config = parse(await readFile(file, 'utf8'));
  await writeFile(file, stringify({ ...config, web: { host: '0.0.0.0', port: 0 } }));
  const refused = await hone('web', 'serve');
  expect(refused.code).toBe(2);
  expect(refused.err).toContain('the local profile signs nobody in');
});
