/** Something that hone needs is not there: a clear message, the right exit code, in seconds, and nothing changed. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { startDevServer } from '../../src/local/dev-server.ts';
import { freePort } from '../../src/local/ports.ts';
import { smallTown, type Town } from '../town.ts';
import { hone } from './command.ts';
import { eventually } from './eventually.ts';
import { expectInvariants } from './invariants.ts';
import { startWorkerProcess } from './worker-process.ts';

type Settings = { store: string; temporal: Record<string, unknown> };

let town: Town;
beforeAll(async () => {
  town = await smallTown({
    serving: false,
    edit: (model) => {
      (model['data'] as { source: Record<string, unknown> }).source['path'] = 'deliveries/2013-*.parquet';
    },
  });
});
afterAll(() => town.close());

test('a data file that is not there: the run fails and names it, the command ends with 1', async () => {
  const said = await hone(town.dir, 'run', 'start', town.model, '--by', 'kim', '--wait', '--timeout', 'PT1M');
  const sentence = expect.stringContaining('deliveries/2013-*.parquet');
  expect(said).toMatchObject({ code: 1, document: { answer: 'started', story: { outcome: 'failed', sentence } } });
  expect(said.seconds).toBeLessThan(30);
  expect((await town.ledger.state()).nextVersion).toBe(1);
  await expectInvariants(town);
});

test('Temporal is down: run start ends with 69 within seconds', async () => {
  const port = await freePort();
  const said = await withSettings({ temporal: { address: `127.0.0.1:${port}` } }, () =>
    hone(town.dir, 'run', 'start', town.model),
  );
  expect(said).toMatchObject({ code: 69, document: { error: { code: 'HONE_TEMPORAL_UNREACHABLE', retryable: true } } });
  expect(said.err).toMatch(new RegExp(`127.0.0.1:${port} does not answer.*hone up`, 's'));
  expect(said.seconds).toBeLessThan(10);
});

test('a worker that finds no Temporal says so and waits; it works as soon as there is one', async () => {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  await withSettings({ temporal: { address } }, async () => {
    const starting = startWorkerProcess(town);
    await eventually(async () => {
      const log = await readFile(join(town.dir, 'worker.log'), 'utf8');
      expect(log).toContain(`Temporal at ${address} does not answer`);
    }, 20_000);
    const server = await startDevServer({ port, uiPort: null, logFile: null });
    const worker = await starting;
    await worker.stop();
    await server.stop();
  });
});

test('a store that cannot be written: the worker ends with 69 and says which key was refused', async () => {
  await withSettings({ store: 'file:config/hone.yaml' }, async () => {
    await expect(startWorkerProcess(town)).rejects.toThrow(/exit code 69[\s\S]*HONE_STORE_REFUSED.*self-test/);
  });
});

test('a misspelt setting: everything ends with 2, with file, line and the nearest key', async () => {
  const before = (await town.ledger.head())?.seq;
  await withSettings({ temporal: { adress: '127.0.0.1:7233' } }, async () => {
    for (const words of [
      ['config', 'validate'],
      ['config', 'apply'],
      ['run', 'start', town.model],
    ]) {
      const said = await hone(town.dir, ...words);
      expect(said).toMatchObject({ code: 2, document: { error: { code: 'HONE_CONFIG_INVALID' } } });
      expect(said.err).toMatch(/hone\.yaml:\d+:\d+ .*adress[\s\S]*did you mean address/);
    }
    await expect(startWorkerProcess(town)).rejects.toThrow(/exit code 2[\s\S]*did you mean address/);
  });
  expect((await town.ledger.head())?.seq).toBe(before);
});

/** With other settings in config/hone.yaml, which come back whatever happens. */
async function withSettings<T>(change: Partial<Settings>, work: () => Promise<T>): Promise<T> {
  const file = join(town.dir, 'config', 'hone.yaml');
  const before = await readFile(file, 'utf8');
  const settings = parse(before) as Settings;
  const temporal = { ...settings.temporal, ...change.temporal };
  await writeFile(file, stringify({ ...settings, ...change, temporal }));
  try {
    return await work();
  } finally {
    await writeFile(file, before);
  }
}
