import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLedger } from '../../src/registry/ledger.ts';
import { MODEL, workspace } from './story.ts';

test('a person records a break, it stands in the ledger, and another one takes it back', async () => {
  const { hone, store } = await workspace();
  const declared = await hone('model', 'break', MODEL, '--at', '2013-03-01', '--reason', 'new airport', '--by', 'anna');
  expect(declared).toMatchObject({ code: 0, err: '' });
  expect(declared.out).toContain('The break at 2013-03-01 00:00 UTC is confirmed.');
  expect(declared.out).toContain('The window of flights-delay is all_history, which pays no heed to it');
  const entry = await openLedger(store, MODEL).head();
  expect(entry).toMatchObject({ actor: 'anna', trust: 'asserted', why: 'new airport' });
  const found = { at: '2013-03-01T00:00:00.000Z', source: 'person', by: 'anna', reason: 'new airport' };
  expect(entry?.change).toEqual({ kind: 'break_confirmed', ...found });
  expect(entry?.state.breaks).toEqual([found]);

  const again = await hone('model', 'break', MODEL, '--at', '2013-03-01T00:00:00Z', '--reason', 'again');
  expect(again.code).toBe(6);
  expect(again.err).toContain('a break at 2013-03-01T00:00:00.000Z is confirmed already');

  const back = JSON.parse(
    (await hone('--json', 'model', 'break', MODEL, '--withdraw', '2013-03-01', '--reason', 'wrong year')).out,
  );
  expect(back).toMatchObject({ model: MODEL, withdrawn: true, last: null, window: 'all_history', ledger_seq: 2 });
  expect((await openLedger(store, MODEL).state()).breaks).toEqual([]);
});

test('neither or both of --at and --withdraw are refused, and nothing is written', async () => {
  const { hone, store } = await workspace();
  for (const options of [[], ['--at', '2013-03-01', '--withdraw', '2013-03-01'], ['--at', 'yesterday']]) {
    expect((await hone('model', 'break', MODEL, '--reason', 'x', ...options)).code).toBe(2);
  }
  expect(await openLedger(store, MODEL).head()).toBeNull();
});

test('hone config validate tells of a rolling window that misses a declared season, and ends with 0', async () => {
  const { hone, dir } = await workspace();
  expect(JSON.parse((await hone('--json', 'config', 'validate')).out).warnings).toEqual([]);
  const file = join(dir, 'config/models/flights-delay.yaml');
  const text = (await readFile(file, 'utf8'))
    .replace('window: { type: all_history }', 'window: { type: rolling, length: P60D }')
    .replace('outcomes: [arr_delay_min]', 'season: yearly\n  outcomes: [arr_delay_min]');
  await writeFile(file, text);
  const said = await hone('config', 'validate');
  expect(said.code).toBe(0);
  expect(said.out).toMatch(
    /Valid\..*\n(.*\n)*\nWarnings:\n {2}config\/models\/flights-delay\.yaml:\d+:\d+ {2}training\.window\.length: data\.season/,
  );
});
