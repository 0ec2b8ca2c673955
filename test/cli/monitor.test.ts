/** Labels by file on the command line, and what a look shows. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TickReport } from '../../src/monitoring/contract.ts';
import { writePartitions } from '../../src/monitoring/log/partitions.ts';
import { predictionRecord } from '../../src/monitoring/log/records.ts';
import { tickKey } from '../../src/monitoring/read-ticks.ts';
import { setLogicalClock } from '../../src/store/clock.ts';
import { putDocument } from '../../src/store/content.ts';
import { MODEL, tellHistory, workspace } from './story.ts';

async function predicted() {
  const place = await workspace();
  const file = join(place.dir, 'config', 'hone.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('clock: wall', 'clock: logical'));
  await setLogicalClock(place.store, '2013-04-20T00:00:00Z');
  await tellHistory(place.store);
  const rows = Array.from({ length: 4 }, (_, i) => ({
    ...{
      inference_id: `p${i}`,
      event_time: Date.parse('2013-04-10T12:00:00Z'),
      model: MODEL,
      version: 2,
      arm: 'champion',
    },
  }));
  await writePartitions(place.store, {
    kind: predictionRecord,
    model: MODEL,
    chunks: [rows],
    writtenAt: 1,
    tempDir: place.dir,
  });
  return place;
}

test('a file of labels is counted, recorded, and shown as coverage; a bad one is refused with 2', async () => {
  const { dir, hone } = await predicted();
  const file = join(dir, 'april.csv');
  await writeFile(file, 'inference_id,label,observed_at\np0,1,2013-04-11\np1,0,2013-04-12\nnobody,1,2013-04-12\n');
  const counts = { rows: 3, recorded: 2, corrected: 0, repeated: 0, unknown: 1, too_late: 0, examples: ['nobody'] };
  const dry = await hone('monitor', 'labels', 'import', MODEL, '--from', file, '--dry-run', '--json');
  expect(JSON.parse(dry.out)).toEqual({ model: MODEL, file, dry_run: true, ...counts });
  const said = await hone('monitor', 'labels', 'import', MODEL, '--from', file);
  expect(said).toMatchObject({ code: 0, err: '' });
  expect(said.out).toMatch(/^Rows +3\nRecorded +2, of which 0 correct an earlier label$/m);
  expect(said.out).toContain('Refused, among others: nobody.');

  const { weeks, counts: known } = JSON.parse((await hone('monitor', 'labels', 'show', MODEL, '--json')).out);
  expect(known).toMatchObject({ labelled: 2, unknown: 0 });
  expect(weeks[1]).toMatchObject({ predictions: 4, coverage: 0.5, known: [{ day: 1, coverage: 0.5 }, {}, {}] });
  const shown = (await hone('monitor', 'labels', 'show', MODEL, '--weeks', '2')).out;
  expect(shown).toMatch(/^2013-04-06 +4 +50\.0 % +50\.0 % +- +50\.0 % +0$/m);

  await writeFile(file, 'inference_id,label,observed_at\np0,perhaps,2013-04-11\n');
  const bad = await hone('monitor', 'labels', 'import', MODEL, '--from', file);
  expect(bad).toMatchObject({ code: 2, out: '' });
  expect(bad.err).toContain('row 1 says "perhaps": 0 or 1 is needed. Nothing was recorded.');
  expect((await hone('monitor', 'labels', 'show', MODEL, '--weeks', 'all')).code).toBe(2);
});

test('a look shows business figures beside quality, and the prediction servers apart from it', async () => {
  const { store, hone } = await predicted();
  const at = '2013-04-20T00:00:00.000Z';
  const window = { from: '2013-04-13T00:00:00.000Z', to: at };
  const common = { window, windows: { beyond: 2, judged: 3, need: 2, of: 3 }, rows: 7 };
  const sentence = 'KPI rebookings_per_1000 rose: 15.2 against 11.2.';
  const report: TickReport = {
    ...{ contract: 1, model: MODEL, as_of: at, champion: 2, promoted_at: null, holdout: null, actions: [] },
    findings: [
      {
        kind: 'performance',
        subject: 'skill',
        state: 'stable',
        value: 0.04,
        limit: 0.03,
        sentence: 'Skill holds.',
        ...common,
      },
      { kind: 'kpi', subject: 'rebookings_per_1000', state: 'moved', value: 15.2, limit: 13.4, sentence, ...common },
    ],
    business: [
      {
        ...{ name: 'rebookings_per_1000', role: 'kpi', per: 'record', worse: 'higher' },
        ...{ usual: 11.2, limit: 13.4, noise: 0.04, past_weeks: 9, windows: [{ window, value: 15.2, records: 7 }] },
      },
    ],
    ...{ open_incidents: [], drift: null, drift_verdict: 'not_judged', performance: [], sentence },
  };
  await putDocument(store, tickKey(MODEL, at), report);
  const reading = {
    window_s: 300,
    requests: 900,
    errors: 90,
    refused: 0,
    p50_ms: 3,
    p99_ms: 40,
    cpu_share: 0.3,
    memory_mb: 300,
  };
  const node = {
    ...{ node: 'n1', boot: 'b', beat: 1, poll_ms: 1000, url: '', at: '2013-04-12T05:59:59.000Z', draining: false },
    models: { [MODEL]: { generation: 1, loaded: [2], failed: [], ready: true, champion: 2, lapsed: [], arms: {} } },
    service: reading,
  };
  await store.put('nodes/n1.json', Buffer.from(JSON.stringify(node)));
  const { code, out } = await hone('monitor', 'show', MODEL);
  expect(code).toBe(0);
  await expect(out).toMatchFileSnapshot('golden/monitor-show.txt');
  expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  const { service_now } = JSON.parse((await hone('monitor', 'show', MODEL, '--json')).out);
  expect(service_now.nodes).toMatchObject([{ node: 'n1', silent: false, reading }]);
});
