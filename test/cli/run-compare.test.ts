import { expect, test } from 'vitest';
import { attest } from '../../src/registry/versions.ts';
import { putByDigest } from '../../src/store/content.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { town } from '../evaluation/flights.ts';
import { gate } from '../gate/judged.ts';
import { MODEL, tellHistory, workspace } from './story.ts';

const home = (from: string) => town({ from });

async function judgedRuns(towns: [number, string][]) {
  const place = await workspace();
  await tellHistory(place.store);
  for (const [version, from] of towns) {
    const on = home(from);
    await keep(place.store, version, await gate({ on, candidate: on.scores(0.2, { seed: version }) }));
  }
  return place;
}

async function keep(store: ObjectStore, version: number, { report, judged }: Awaited<ReturnType<typeof gate>>) {
  const digest = await putByDigest(store, 'documents', { evaluation: report, gate: judged });
  const { verdict, sentence } = judged;
  await attest(store, MODEL, version, 'gate-1', { report: digest, verdict, sentence });
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

test('slices of two runs stand side by side on the rows of each, and those that are too small say so', async () => {
  const { hone } = await judgedRuns([
    [1, '2013-02-01T00:00:00Z'],
    [2, '2013-03-01T00:00:00Z'],
  ]);
  const asked = ['run', 'compare', 'flights-delay-000001', 'flights-delay-000002'];
  const { slices } = JSON.parse((await hone('--json', ...asked)).out);
  expect(slices).toMatchObject({ metric: 'roc_auc', versions: [1, 2], of: 2, against: 1, paired: false });
  for (const { values, difference, not_judged } of slices.slices)
    if (not_judged === null) expect(difference).toBeCloseTo(values[1] - values[0], 12);
    else expect(difference).toBe(null);
  expect(slices.slices.at(-1)).toMatchObject({ slice: 'carrier HA', rows: [84, 84], values: [null, null] });
  const text = (await hone(...asked)).out;
  expect(text).toContain('Slices by roc_auc, each on the rows of its own run: version 2 against version 1');
  expect(text).toMatch(/carrier HA +84 +84 +– +– +not judged/);
});

test('a candidate and the champion of its gate are compared slice by slice on the same rows, worst first', async () => {
  const place = await judgedRuns([[1, '2013-03-01T00:00:00Z']]);
  const on = home('2013-04-01T00:00:00Z');
  const worse = await gate({ on, candidate: on.scores(1.5, { only: 'EWR' }), champion: on.scores(0.2, { seed: 2 }) });
  const { candidate, champion, anchor } = worse.report.models;
  if (champion === null) throw new Error('it was scored');
  const models = { candidate, champion: { ...champion, version: 1 }, anchor };
  await keep(place.store, 2, { ...worse, report: { ...worse.report, models } });
  const asked = ['run', 'compare', 'flights-delay-000001', 'flights-delay-000002'];
  const { slices } = JSON.parse((await place.hone('--json', ...asked)).out);
  expect(slices).toMatchObject({ of: 2, against: 1, paired: true });
  const [worst] = slices.slices;
  const judged = worse.report.slices.find(({ value }) => value === 'EWR');
  expect(worst).toMatchObject({
    slice: 'origin EWR',
    rows: [judged?.rows, judged?.rows],
    values: [judged?.champion.roc_auc, judged?.candidate.roc_auc],
    difference: judged?.difference.roc_auc?.estimate,
    upper: judged?.difference.roc_auc?.upper,
  });
  expect(worst.difference).toBeLessThan(-0.02);
  const text = (await place.hone(...asked)).out;
  expect(text).toMatch(/DIFFERENCE\norigin EWR \(critical\) +[\d,]+ +0\.\d{4} +0\.\d{4} +worse by 0\.\d{4}/);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});
