/** docs/learn/tour.md, command by command, as a newcomer types it; only the ports are free ones, and digests those of the packets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadWorkspace } from '../../src/config/load.ts';
import { freePort } from '../../src/local/ports.ts';
import { stopAll } from '../../src/local/up.ts';
import { openLedger } from '../../src/registry/ledger.ts';
import { openStore } from '../../src/store/open-store.ts';
import { ROOT } from '../config/workspace.ts';
import { blocksOf } from '../docs/pages.ts';

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

const commands = blocksOf('docs/learn/tour.md')
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => text.split('\n'))
  .filter((line) => line !== '' && line !== 'npm ci');

/** A watch that says that a person is waited for is left, as the page says: by Ctrl-C. */
function leftWhenItWaits(shell: ChildProcess, said: string): void {
  if (/waits for (\d approval|labels)/.test(said) && shell.pid !== undefined) process.kill(-shell.pid, 'SIGINT');
}

function typed(command: string, dir: string): Promise<Ended> {
  const shell = spawn('bash', ['-c', command], { cwd: dir, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const watches = command.includes(' run watch ');
  let said = '';
  const hear = (part: Buffer): void => {
    said += part.toString();
    if (watches) leftWhenItWaits(shell, said);
  };
  shell.stdout.on('data', hear);
  shell.stderr.on('data', hear);
  return new Promise((resolve) => shell.on('close', (code) => resolve({ code, said })));
}

/** Ports that nobody else has, in place of the usual ones. */
async function onFreePorts(dir: string): Promise<void> {
  const file = join(dir, 'config', 'hone.yaml');
  const hone = parse(await readFile(file, 'utf8'));
  const [temporal, ui, serving, web] = [await freePort(), await freePort(), await freePort(), await freePort()];
  Object.assign(hone.temporal, { address: `127.0.0.1:${temporal}`, ui: `http://127.0.0.1:${ui}` });
  hone.serving.port = serving;
  hone.web.port = web;
  await writeFile(file, stringify(hone));
}

async function digestOf(run: string, dir: string): Promise<string> {
  const { said } = await typed(`npx hone packet show ${run} --json 2>/dev/null`, dir);
  return (JSON.parse(said) as { digest: string }).digest.slice(0, 8);
}

test('every command of the tour does what the page says', async () => {
  const home = await mkdtemp(join(tmpdir(), 'hone-tour-'));
  const dir = join(home, 'tour');
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  onTestFinished(async () => void (await stopAll(dir)));
  for (const name of ['package.json', 'node_modules', 'bin', 'src', 'examples', 'config', 'trainers'])
    await symlink(join(ROOT, name), join(home, name));
  await expect(typed('npx hone init tour --example flights-delay', home)).resolves.toMatchObject({ code: 0 });
  await onFreePorts(dir);

  for (const shown of commands.filter((line) => !line.startsWith('cd ') && !line.includes(' init '))) {
    const run = /flights-delay-\d{6}/.exec(shown)?.[0];
    const command = run && shown.includes('1f3a9c2e') ? shown.replace('1f3a9c2e', await digestOf(run, dir)) : shown;
    const { code, said } = await typed(command, dir);
    // 130: left while it waits; 6: superseded, as the last watch tells.
    expect([0, ...(command.includes(' run watch ') ? [130, null, 6] : [])], `${command}\n${said}`).toContain(code);
  }

  const { hone } = await loadWorkspace(dir);
  const ledger = openLedger(openStore(hone.store, dir), 'flights-delay');
  const { budgets, aliases } = await ledger.state();
  expect(budgets.runs.map(({ outcome }) => outcome)).toEqual(['promoted', 'promoted', 'superseded']);
  expect(aliases.champion?.version).toBe(2);
}, 1_200_000);
