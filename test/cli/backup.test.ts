/** `hone backup` and `hone restore` as a person uses them. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tellHistory, workspace } from './story.ts';

test('a store is backed up, lost and brought back by commands; each says what comes next', async () => {
  const { dir, store, hone } = await workspace();
  await tellHistory(store);
  const place = join(dir, 'backups');
  const empty = await hone('restore', '--from', place);
  expect(empty).toMatchObject({ code: 2, err: expect.stringContaining('holds no backup') });

  expect(await hone('backup', '--to', '.hone/store/backups')).toMatchObject({ code: 2 });
  const made = await hone('backup', '--to', place);
  expect(made).toMatchObject({ code: 0 });
  expect(made.out).toContain('2013-04-12T060000Z');
  expect(made.out).toContain('keep config/ in git');
  const shorter = JSON.parse((await hone('backup', '--to', 'file:other', '--without-data', '--json')).out);
  expect(shorter).toMatchObject({ without_data: true, damaged: [] });
  expect((await hone('restore', '--from', place, '--list')).out).toContain('2013-04-12T060000Z  2013-04-12');
  expect((await hone('restore', '--from', place, '--dry-run')).out).toContain('Nothing was written.');
  expect(await hone('restore', '--from', place)).toMatchObject({ code: 0 });

  await store.put('models/flights-delay/newer.json', Buffer.from('{}'));
  const refused = await hone('restore', '--from', place);
  expect(refused).toMatchObject({ code: 6, err: expect.stringContaining('is not empty') });

  await rm(join(dir, '.hone/store'), { recursive: true });
  const restored = await hone('restore', '--from', place, '--backup', '2013-04-12T060000Z');
  expect(restored).toMatchObject({ code: 0 });
  expect(restored.out).toContain('hone config apply');
  expect(restored.out.split('\n').filter((line) => line.length > 80 && !line.includes(dir))).toEqual([]);
  expect(await hone('ledger', 'verify')).toMatchObject({ code: 0 });
  expect(JSON.parse((await hone('model', 'show', 'flights-delay', '--json')).out)).toHaveProperty(
    'state.aliases.champion.version',
    1,
  );
});
