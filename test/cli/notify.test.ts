/** `hone notify` as a person uses it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { httpReceiver } from '../notifications/receivers.ts';
import { hone as honeWith, tellHistory, workspace } from './story.ts';

test('a route is tried from here; an unknown one is refused with those that there are; nothing was told yet', async () => {
  const { dir, store, hone } = await workspace();
  await tellHistory(store);
  const file = join(dir, 'config/hone.yaml');
  const routes = '\nnotify: { routes: { ops-chat: { type: slack, url_env: HONE_TEST_CHAT } } }\n';
  await writeFile(file, `${await readFile(file, 'utf8')}${routes}`);
  const { received, url } = await httpReceiver((nth) => (nth === 1 ? 200 : 503));
  const asked = (...argv: string[]) => honeWith(dir, argv, { ...process.env, HONE_TEST_CHAT: url });
  expect(await asked('notify', 'test', 'ops-chat')).toMatchObject({
    code: 0,
    out: 'The route ops-chat (slack) took the notice.\n',
  });
  expect(JSON.parse(received[0]?.body ?? '').text).toContain('nobody needs to do anything');
  expect((await asked('notify', 'test', 'ops-chat')).code).toBe(69);
  expect(await hone('notify', 'test', 'ops-chat'), 'not set').toMatchObject({ code: 2 });
  expect((await hone('notify', 'test', 'pager')).err).toContain('It has: ops-chat.');
  expect((await hone('notify', 'replay', 'ops-chat')).out).toBe('Nothing waits for ops-chat.\n');
  expect((await hone('notify', 'list', 'flights-delay')).out).toContain('Nobody was told anything');
});
