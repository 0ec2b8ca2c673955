import { expect, test } from 'vitest';
import { attest } from '../../src/registry/versions.ts';
import { putByDigest } from '../../src/store/content.ts';
import { town } from '../evaluation/flights.ts';
import { gate } from '../gate/judged.ts';
import { MODEL, tellHistory, workspace } from './story.ts';

async function judgedRuns(towns: [number, string][]) {
  const place = await workspace();
  await tellHistory(place.store);
  for (const [version, from] of towns) {
    const home = town({ from });
    const { report, judged } = await gate({ on: home, candidate: home.scores(0.2, { seed: version }) });
    const digest = await putByDigest(place.store, 'documents', { evaluation: report, gate: judged });
    const { verdict, sentence } = judged;
    await attest(place.store, MODEL, version, 'gate-1', { report: digest, verdict, sentence });
  }
  return place;
}

test('two runs stand side by side, with what differed and a warning that their rows were others', async () => {
  const { hone } = await judgedRuns([
    [1, '2013-02-01T00:00:00Z'],
    [2, '2013-03-01T00:00:00Z'],
  ]);
  const asked = ['run', 'compare', 'flights-delay-000001', 'flights-delay-000002'];
  const said = JSON.parse((await hone('--json', ...asked)).out);
  expect(said.same_rows).toBe(false);
  expect(said.runs).toMatchObject([
    { run: 'flights-delay-000001', version: 1, trigger: 'manual', rows: 4200 },
    { run: 'flights-delay-000002', version: 2, trigger: 'schedule', rows: 4200 },
  ]);
  expect(said.differences.map(({ what }: { what: string }) => what)).toEqual([
    'served version',
    'train from',
    'train to',
  ]);
  expect(said.metrics[0]).toMatchObject({ metric: 'roc_auc', values: [{ blocks: 14 }, { blocks: 14 }] });
  const text = (await hone(...asked)).out;
  expect(text).toContain('They were judged on rows of different times');
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});

test('candidates of the same rows may be compared by their metrics', async () => {
  const { hone } = await judgedRuns([
    [1, '2013-02-01T00:00:00Z'],
    [2, '2013-02-01T00:00:00Z'],
  ]);
  const text = (await hone('run', 'compare', 'flights-delay-000001', 'flights-delay-000002')).out;
  expect(text).toContain('All were judged on the same 4,200 rows, 1 to 14 February 2013.');
});

test('a run that the gate never saw is refused by its name', async () => {
  const { hone } = await judgedRuns([[1, '2013-02-01T00:00:00Z']]);
  const said = await hone('run', 'compare', 'flights-delay-000001', 'flights-delay-000002');
  expect(said.code).toBe(2);
  expect(said.err).toContain('has not judged flights-delay-000002');
});
