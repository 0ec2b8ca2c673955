/** Everything that a workspace needs comes up by one command, stays up after it, and goes by another. */
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { freePort, isListening } from '../../src/local/ports.ts';
import { stopAll } from '../../src/local/up.ts';
import { ROOT } from '../config/workspace.ts';
import { MODEL, workspace } from './story.ts';

test('up starts what is missing and returns, a second up finds it all, down stops it', async () => {
  const { dir, hone } = await workspace();
  onTestFinished(async () => void (await stopAll(dir)));
  await symlink(join(ROOT, 'examples'), join(dir, 'examples'));
  const file = join(dir, 'config', 'hone.yaml');
  const config = parse(await readFile(file, 'utf8'));
  const [temporal, ui, serving, web] = [await freePort(), await freePort(), await freePort(), await freePort()];
  Object.assign(config.temporal, { address: `127.0.0.1:${temporal}`, ui: `http://127.0.0.1:${ui}` });
  config.serving.port = serving;
  config.web.port = web;
  await writeFile(file, stringify(config));

  const up = await hone('up', '--json');
  expect(up.code).toBe(0);
  expect(JSON.parse(up.out)).toMatchObject({
    temporal: { address: `127.0.0.1:${temporal}` },
    serving: { url: `http://127.0.0.1:${serving}` },
    web: { url: `http://127.0.0.1:${web}` },
    started: ['temporal', 'worker', 'serving', 'web'],
    applied: {
      models: [
        { model: 'electricity-price', change: 'new' },
        { model: MODEL, change: 'new' },
      ],
    },
  });
  expect(up.err).toContain('worker: starting …');
  expect((await fetch(`http://127.0.0.1:${serving}/live`)).ok).toBe(true);
  expect(await (await fetch(`http://127.0.0.1:${web}/`)).text()).toContain('You are <strong>ana</strong>');

  const again = await hone('up');
  expect(again).toMatchObject({ code: 0 });
  expect(again.out).toMatch(/Started now +nothing, everything ran already/);
  expect(again.out).toContain('Nothing has changed: 2 models are current.');

  const down = JSON.parse((await hone('down', '--json')).out);
  expect(down.stopped.map(({ name }: { name: string }) => name)).toEqual(['web', 'serving', 'worker', 'temporal']);
  expect(await isListening('127.0.0.1', temporal)).toBe(false);
  expect((await hone('down')).out).toBe('Nothing of this workspace was running.\n');
});
