/** Predictions from files: logged once as the server would have logged them, or refused whole with file and line. */
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsOf, withDuckDb } from '../../../src/data/engine.ts';
import { parquetOf } from '../../../src/data/sql-text.ts';
import { replayTraffic } from '../../../src/evaluation/traffic-replay.ts';
import { readLog } from '../../../src/monitoring/log/prediction-log.ts';
import { readVersion } from '../../../src/registry/versions.ts';
import { workspaceOn } from '../../cli/story.ts';
import { model, openServed, type Served, scoreOf } from '../../serving/served.ts';

let served: Served;
let nth = 0;
beforeAll(async () => {
  served = await openServed();
  for (const version of [1, 2]) await served.promote(version);
});
afterAll(() => served?.close());

const HEAD = 'inference_id,event_time,version,score,distance,dep_hour,carrier,tail_number';
const line = (id: string, more: Partial<Record<'time' | 'version' | 'score' | 'distance', unknown>> = {}) => {
  const { time = '2013-04-10T12:00:00Z', version = 1, score = scoreOf(1), distance = 1400 } = more;
  return [id, time, version, score, distance, 10, 'UA', 'N1'].join(',');
};

async function imported(lines: readonly string[], ...more: string[]) {
  return await importedFile('csv', `${[HEAD, ...lines].join('\n')}\n`, ...more);
}
async function importedFile(kind: string, text: string, ...more: string[]) {
  const file = join(served.dir, `served-${nth++}.${kind}`);
  await writeFile(file, text);
  const town = await workspaceOn(served);
  return { file: basename(file), ...(await town.hone('monitor', 'log', 'import', model, '--from', file, ...more)) };
}
const counted = async (lines: readonly string[], ...more: string[]) => {
  const { out, err } = await imported(lines, '--json', ...more);
  return JSON.parse(out || err) as { rows: number; recorded: number; repeated: number; versions: number[] };
};

test('a file is logged once, by version, and what is there already is ignored', async () => {
  const lines = [line('a'), line('b', { version: 2, score: scoreOf(2) }), line('c', { distance: '' })];
  expect(await counted(lines, '--dry-run')).toMatchObject({ rows: 3, recorded: 3 });
  expect(await counted(lines)).toMatchObject({ rows: 3, recorded: 3, repeated: 0, versions: [1, 2] });
  expect(await counted([...lines, line('d')])).toMatchObject({ rows: 4, recorded: 1, repeated: 3 });
});

test.each([
  ['a score that is no number', line('x', { score: 'high' }), '1 rows have no number in score (line 3)'],
  ['a score that is no probability', line('x', { score: 1.5 }), 'have no probability in score (line 3)'],
  ['a time that is none', line('x', { time: 'noon' }), 'have no time in event_time'],
  ['a time in the future', line('x', { time: '2099-01-01T00:00:00Z' }), 'which is now (line 3)'],
  ['a feature that is no number', line('x', { distance: 'far' }), 'have no number in distance (line 3)'],
  ['a version that nobody registered', line('x', { version: 9 }), 'line 3 names version 9'],
  ['an id twice', line('good'), 'repeat the inference_id of an earlier line (line 3)'],
  ['another score for a logged prediction', line('a', { score: 0.1 }), 'for a prediction that the log has with'],
])('%s refuses the whole file with its name and line', async (_what, bad, sentence) => {
  const before = (await readLog(served.store, model, { cacheDir: join(served.dir, 'c1') })).join();
  const { code, err, file } = await imported([line('good'), bad]);
  expect({ code, err: err.replace(/\s+/g, ' ') }).toEqual({ code: 2, err: expect.stringContaining(sentence) });
  expect(err).toContain(file);
  expect((await readLog(served.store, model, { cacheDir: join(served.dir, 'c1') })).join()).toBe(before);
});

test('JSON lines are logged as the server logs, so that a candidate can be replayed on them', async () => {
  const record = (i: number) => ({
    ...{ id: `j${i}`, at: '2013-05-10T12:00:00Z', version: 2, answer: scoreOf(2) },
    ...{ distance: 1400, dep_hour: 10, carrier: 'UA', tail_number: `N${i}` },
  });
  const text = Array.from({ length: 30 }, (_, i) => JSON.stringify(record(i))).join('\n');
  const names = ['--id', 'id', '--time', 'at', '--score', 'answer'];
  expect((await importedFile('jsonl', text, ...names)).code).toBe(0);

  const cacheDir = join(served.dir, 'c2');
  const asOf = '2013-05-11T00:00:00.000Z';
  const files = await readLog(served.store, model, { from: '2013-05-10', to: asOf, cacheDir });
  const [row] = await withDuckDb({ tempDir: served.dir }, (db) =>
    rowsOf(db, `SELECT * FROM ${parquetOf(files)} WHERE inference_id = 'j7'`),
  );
  expect(row).toMatchObject({ version: 2, arm: 'champion', f_distance: 1400, f_dep_hour: 10, f_carrier: 'UA' });
  expect(row).toMatchObject({ node: 'import', entity: expect.stringMatching(/^[0-9a-f]{32}$/) });
  const candidate = await readVersion(served.store, model, 1);
  const replay = await replayTraffic({ store: served.store, candidate, asOf, cacheDir, workDir: served.dir });
  expect(replay).toMatchObject({ requests: 30, failed: 0 });
  expect(replay?.answers?.mean).toBeCloseTo(scoreOf(1), 5);
  expect(replay?.answers?.given).toBeCloseTo(scoreOf(2), 5);
});
