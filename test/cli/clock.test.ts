import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newestDay } from '../../src/data/ingest/newest-day.ts';
import { MODEL, workspace } from './story.ts';

async function replay() {
  const made = await workspace();
  const file = join(made.dir, 'config/hone.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('clock: wall', 'clock: logical'));
  return made;
}

test('a replay is set forward, and stands where it was put', async () => {
  const { hone } = await replay();
  const unset = await hone('clock', 'show');
  expect(unset).toMatchObject({ code: 2, out: '' });
  expect(unset.err).toContain('Set it: hone clock set 2013-04-01');

  expect((await hone('clock', 'set', '2013-04-01')).out).toContain('It is 2013-04-01 00:00 UTC for the models.');
  expect(JSON.parse((await hone('clock', 'set', '2013-05-01T06:00:00Z', '--json')).out)).toEqual({
    clock: 'logical',
    as_of: '2013-05-01T06:00:00.000Z',
    was: '2013-04-01T00:00:00.000Z',
  });
  expect((await hone('clock', 'set', '2013-04-30')).code).toBe(6);
  expect((await hone('clock', 'show')).out).toContain('It is 2013-05-01 06:00 UTC');
});

test('it does not go behind what a ledger holds', async () => {
  const { hone } = await replay();
  await hone('clock', 'set', '2013-04-01');
  expect((await hone('freeze', MODEL, '--reason', 'peak')).code).toBe(0);
  const back = await hone('clock', 'set', '2013-03-31', '--json');
  expect(back.code).toBe(6);
  expect(JSON.parse(back.out)).toMatchObject({ error: { code: 'HONE_CLOCK_BACKWARDS' } });
});

test('the wall clock is nobody to set', async () => {
  const { hone } = await workspace();
  expect((await hone('clock', 'show')).out).toContain("this machine's clock");
  const { code, err } = await hone('clock', 'set', '2013-04-01');
  expect(code).toBe(2);
  expect(err).toContain('`clock: logical`');
});

test.each([
  ['2013-12.parquet', '2026-11-23T02:00:00.000Z', '2013-12-31'],
  ['2013-12.parquet', '2013-12-09T00:00:00.000Z', '2013-12-08'],
  ['2012-02.parquet', '2013-01-01T00:00:00.000Z', '2012-02-29'],
])('rows kept in %s, of a window to %s, are of %s at the latest', (name, to, day) => {
  const file = { name, sha256: '', bytes: 0 } as Parameters<typeof newestDay>[0]['files'][number];
  expect(newestDay({ files: [file], window: { from: '2011-01-01T00:00:00.000Z', to } })).toBe(day);
});
