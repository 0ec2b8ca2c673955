import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { SEARCH_ATTRIBUTES, startDevServer } from '../../src/local/dev-server.ts';
import { ProcessNotReady } from '../../src/local/errors.ts';
import { isListening } from '../../src/local/ports.ts';
import { runCommand } from '../../src/local/run-command.ts';
import { ensureTemporalCli } from '../../src/local/temporal-cli.ts';

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hone-dev-server-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('the real server starts with its database in a file, knows our search attributes, and stops', async () => {
  const dir = await folder();
  const server = await startDevServer({
    dbFile: join(dir, 'db', 'temporal.sqlite'),
    logFile: join(dir, 'log'),
    timeSkipping: true,
  });
  onTestFinished(() => server.stop());
  const { path } = await ensureTemporalCli();
  const ask = ['operator', 'search-attribute', 'list', '--address', server.address, '--output', 'json'];
  const { stdout } = await runCommand(path, ask, { timeoutMs: 20_000 });
  for (const name of SEARCH_ATTRIBUTES) expect(stdout).toContain(name);
  expect((await fetch(server.uiUrl ?? '')).ok).toBe(true);
  expect((await stat(join(dir, 'db', 'temporal.sqlite-wal'))).isFile(), 'the journal is a write-ahead log').toBe(true);
  await server.stop();
  const [host = '', port] = server.address.split(':');
  expect(await isListening(host, Number(port))).toBe(false);
});

test('a port that is taken is told with the end of the log', async () => {
  const dir = await folder();
  const first = await startDevServer({ logFile: null, uiPort: null });
  onTestFinished(() => first.stop());
  const dbFile = join(dir, 'no', 'such\u0000file');
  await expect(startDevServer({ dbFile, logFile: null })).rejects.toThrow();
  const bad = startDevServer({ logFile: join(dir, 'log'), uiPort: null, extra: ['--no-such-flag'] });
  await expect(bad).rejects.toThrow(ProcessNotReady);
  await expect(bad).rejects.toThrow(/no-such-flag/);
});
