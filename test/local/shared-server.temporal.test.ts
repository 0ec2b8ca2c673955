import { expect, inject, test } from 'vitest';
import { isListening } from '../../src/local/ports.ts';
import { runCommand } from '../../src/local/run-command.ts';
import { ensureTemporalCli } from '../../src/local/temporal-cli.ts';

test('the shared test server answers with our search attributes', async () => {
  const address = inject('temporalAddress');
  const [host = '', port] = address.split(':');
  expect(await isListening(host, Number(port))).toBe(true);
  const { path } = await ensureTemporalCli();
  const ask = ['operator', 'search-attribute', 'list', '--address', address, '--output', 'json'];
  expect((await runCommand(path, ask, { timeoutMs: 20_000 })).stdout).toContain('HoneNeeds');
});
