import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MODEL, tellHistory, workspace } from './story.ts';

test.each([
  ['config', 'validate'],
  ['config', 'explain', MODEL],
  ['config', 'schema'],
  ['model', 'list'],
  ['model', 'show', MODEL],
  ['registry', 'list', MODEL],
  ['registry', 'show', `${MODEL}/2`],
  ['ledger', 'show', MODEL],
  ['ledger', 'verify', MODEL],
  ['lineage', `${MODEL}@champion`],
  ['doctor'],
])('with --json, %s %s prints one document and nothing else', async (...argv) => {
  const { hone, store } = await workspace();
  await tellHistory(store);
  const { code, out, err } = await hone(...argv, '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(typeof JSON.parse(out)).toBe('object');
});

test.each([
  [['config', 'explain', 'nothing'], 2, 'HONE_MODEL_UNKNOWN'],
  [['model', 'show', '../x'], 2, 'HONE_MODEL_UNKNOWN'],
  [['registry', 'show', 'flights-delay@boss'], 2, 'HONE_USAGE'],
  [['registry', 'show', 'flights-delay/99'], 1, 'HONE_VERSION_MISSING'],
  [['ledger', 'show', MODEL, '--at', 'yesterday'], 2, 'HONE_USAGE'],
  [['ledger', 'show', MODEL, '--last', '-3'], 2, 'HONE_USAGE'],
  [['ledgr'], 2, 'HONE_USAGE'],
  [['ledger', 'show'], 2, 'HONE_USAGE'],
  [['model', 'list', '--dir', '/nowhere'], 2, 'HONE_WORKSPACE_MISSING'],
] as const)('%j ends with exit code %i and %s on stdout', async (argv, code, name) => {
  const { hone, store } = await workspace();
  await tellHistory(store);
  const said = await hone(...argv, '--json');
  expect(said.code).toBe(code);
  expect(JSON.parse(said.out)).toMatchObject({ error: { code: name } });
  expect(said.err, 'a person reads it too').not.toBe('');
});

test('an invalid configuration is told to a program as a list of problems', async () => {
  const { hone, dir } = await workspace();
  await writeFile(join(dir, 'config/models/other.yaml'), 'extends: ../defaults.yaml\nmodel: other\nowner: 7\n');
  const { code, out } = await hone('config', 'validate', '--json');
  expect(code).toBe(2);
  const { error } = JSON.parse(out) as { error: { problems: { file: string; line: number; path: string }[] } };
  expect(error.problems).toContainEqual(
    expect.objectContaining({ file: 'config/models/other.yaml', line: 3, path: 'owner' }),
  );
});

test('what was live at a time is answered for the state before and after a rollback', async () => {
  const { hone, store } = await workspace();
  await tellHistory(store);
  const champion = async (at: string) => {
    const { out } = await hone('ledger', 'show', MODEL, '--at', at, '--logical', '--json');
    return (JSON.parse(out) as { state: { aliases: { champion: { version: number } | null } } }).state.aliases.champion
      ?.version;
  };
  expect(await champion('2013-02-01')).toBeUndefined();
  expect(await champion('2013-04-01T12:00:00Z')).toBe(2);
  expect(await champion('2013-04-03')).toBe(1);
});

test('a ledger whose entry was changed is reported as broken, with exit code 1', async () => {
  const { hone, store, dir } = await workspace();
  await tellHistory(store);
  const folder = join(dir, '.hone/store/models', MODEL, 'ledger');
  const file = (await readdir(folder)).find((name) => name.includes('000000000004'));
  await writeFile(join(folder, file ?? ''), '{}');
  const { code, out } = await hone('ledger', 'verify');
  expect(code).toBe(1);
  expect(out).toContain('flights-delay: broken after entry 3.');
});
