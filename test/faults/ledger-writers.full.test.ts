/** Clients of one ledger in a folder, as processes that are killed and asked again; in S3: `ledger-writers.test.ts`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openLedger } from '../../src/registry/ledger.ts';
import { openStore } from '../../src/store/open-store.ts';
import { type Answered, expectExplained } from './ledger-history.ts';

test('in a folder, by processes that are killed and asked again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hone-ledger-'));
  const uri = `file:${folder}`;
  const seed = Date.now() % 2 ** 31;
  const [one, two] = await Promise.all([
    client(uri, { name: 'p0', count: 100, seed, killAfter: 30 }),
    client(uri, { name: 'p1', count: 60, seed: seed + 1 }),
  ]);
  expect(one.length, 'killed in the middle').toBeLessThan(100);
  // The one that took its place asks all of it again, by the same names.
  const again = await client(uri, { name: 'p0', count: 100, seed });
  await expectExplained(openLedger(openStore(uri), 'flights-delay'), [...one, ...two]);
  const first = new Map(one.filter(({ kind }) => kind === 'written').map(({ effectId, seq }) => [effectId, seq]));
  for (const { effectId, seq, kind } of again) {
    if (kind === 'written' && first.has(effectId))
      expect(seq, `${effectId} was there already`).toBe(first.get(effectId));
  }
  await rm(folder, { recursive: true });
});

/** The answers that a client was told before it ended or was killed. */
async function client(
  uri: string,
  { name, count, seed, killAfter }: { name: string; count: number; seed: number; killAfter?: number },
): Promise<Answered[]> {
  const program = fileURLToPath(new URL('./ledger-client.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, uri, name, String(count), String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString('utf8').split('\n').length - 1;
    if (killAfter !== undefined && told >= killAfter) child.kill('SIGKILL');
  });
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const whole = said.slice(0, said.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Answered);
}
