/** `hone backtest` as somebody types it, on a tenth of the flights of eleven weeks. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backtestReport } from '../../src/backtest/contract.ts';
import { loadWorkspace } from '../../src/config/load.ts';
import { withDuckDb } from '../../src/data/engine.ts';
import { editor, MODEL_FILE, ROOT } from '../config/workspace.ts';
import { openSite } from '../web/site.ts';
import { workspace } from './story.ts';

const OFF = `gate: off
triggers: { schedule: { enabled: false }, performance: { enabled: false }, calibration: { enabled: false }, volume: null, limits: { min_new_labels: 100 } }
`;

test('policies of two files are replayed, told in 80 columns, as one document and as one page; nothing else is written', async () => {
  const { dir, hone } = await workspace();
  const { edit, write } = editor(dir);
  const flights = `read_parquet('${ROOT}/examples/flights_nyc_2013/events/2013-0[123].parquet') WHERE flight_id % 10 = 0`;
  await withDuckDb({ tempDir: dir }, (db) => db.run(`COPY (SELECT * FROM ${flights}) TO '${dir}/flights.parquet'`));
  await edit(MODEL_FILE, 'examples/flights_nyc_2013/events/*.parquet', 'flights.parquet');
  await edit(MODEL_FILE, 'n_estimators: 80', 'n_estimators: 10');
  await write('frozen.yaml', `policy: frozen\n${OFF}`);
  await write('fortnightly.yaml', `policy: fortnightly <b>\nevery: P14D\n${OFF}`);
  const asked = [
    'flights-delay',
    '--from',
    '2013-02-20',
    '--to',
    '2013-03-15',
    '--policy',
    './frozen.yaml',
    'fortnightly.yaml',
  ];
  const refused = await hone('backtest', ...asked);
  expect(refused).toMatchObject({ code: 2, err: expect.stringMatching(/fortnightly\.yaml:1:9 {2}policy: /) });

  await write('fortnightly.yaml', `policy: fortnightly\nabout: every <b>14</b> days\nevery: P14D\n${OFF}`);
  const before = await readdir(dir, { recursive: true });
  const { code, out, err } = await hone('backtest', ...asked, '--json', '--html', 'page.html');
  expect({ code, err }).toMatchObject({ code: 0 });
  const report = backtestReport.parse(JSON.parse(out));
  expect(report.policies.map(({ name, trainings, gate }) => ({ name, trainings, gate }))).toEqual([
    { name: 'frozen', trainings: 0, gate: false },
    { name: 'fortnightly', trainings: 1, gate: false },
  ]);
  expect(report.policies[1]?.runs[0]).toMatchObject({
    as_of: '2013-03-06T00:00:00.000Z',
    live_from: '2013-03-06T01:00:00.000Z',
  });
  expect(report.policies[1]?.trainer_cpu_seconds).toBeGreaterThan(0);
  const after = await readdir(dir, { recursive: true });
  expect(after.filter((name) => !before.includes(name))).toEqual(['page.html']);

  const page = await readFile(join(dir, 'page.html'), 'utf8');
  expect(page.length).toBeLessThan(300_000);
  expect(page).toContain('every &lt;b&gt;14&lt;/b&gt; days');
  expect(page).not.toMatch(/<script|https?:|<b>/);
  expect(page.match(/<circle/g)).toHaveLength(4);

  const told = await hone('backtest', ...asked, '--keep');
  expect(told.code).toBe(0);
  const [, id] = /Kept as (\S+);/.exec(told.err) ?? [];
  expect(told.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(told.out).toMatch(/^Take (frozen|fortnightly): on 2013-02-20 to 2013-03-05 /);
  expect(told.out).toMatch(/^fortnightly .* 1 +1 +0 +- /m);

  const site = await openSite({ workspace: await loadWorkspace(dir) });
  const kept = await site.browser().get('/models/flights-delay/backtest');
  expect(kept.body).toContain(report.recommendation.sentence);
  expect(kept.body).toContain('every &lt;b&gt;14&lt;/b&gt; days');
  expect(kept.body.match(/<circle/g)).toHaveLength(4);
  const named = await site.browser().get(`/models/flights-delay/backtest?id=${id}`);
  expect(named.headers['x-page']).toBe(kept.headers['x-page']);
  expect((await site.browser().get('/models/flights-delay/backtest?id=../../x')).statusCode).toBe(404);
  await site.close();
});

test('an unknown policy, model or time is a wrong use, and says what there is', async () => {
  const { hone } = await workspace();
  const time = ['--from', '2013-03-01', '--to', '2013-04-01'];
  const policy = await hone('backtest', 'flights-delay', ...time, '--policy', 'wekly');
  expect(policy).toMatchObject({ code: 2, err: expect.stringContaining('one of never, every-28-days, weekly') });
  expect((await hone('backtest', 'flight-delay', ...time)).code).toBe(2);
  expect((await hone('backtest', 'flights-delay', '--from', 'spring', '--to', '2013-04-01')).code).toBe(2);
});
