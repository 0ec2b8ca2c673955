import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDuckDb } from '../../src/data/engine.ts';
import { read } from '../../src/drift/profile.ts';
import { judgeProbation } from '../../src/monitoring/probation.ts';
import { levelOfLook } from '../../src/statistics/intervals.ts';
import { logFlights, openTown, type Town } from './flights-log.ts';

let place: Town;
beforeAll(async () => {
  place = await openTown(['01', '02', '03']);
  // Version 2 answers and has lost its mind; version 1 listens as a shadow for the first ten days only.
  await logFlights(place, { from: '2013-02-01', to: '2013-03-01', version: 2, change: { score: '1 - score' } });
  await logFlights(place, { from: '2013-02-01', to: '2013-02-11', version: 1, arm: 'shadow', labels: false });
});
afterAll(() => place.close());

const judge = (asOf: string, more: Partial<Parameters<typeof judgeProbation>[0]> = {}) =>
  judgeProbation({
    ...place,
    champion: 2,
    predecessor: 1,
    promotedAt: '2013-02-01T00:00:00.000Z',
    asOf,
    cacheDir: `${place.dir}/cache`,
    workDir: place.dir,
    ...more,
  });

test('a champion that ranks the wrong way round is worse than its shadow-scored predecessor', async () => {
  const report = await judge('2013-02-09T00:00:00Z');
  expect(report).toMatchObject({
    verdict: 'worse',
    basis: 'shadow',
    matured_days: 7,
    look: 2,
    blocks: 7,
    over: true,
  });
  expect(report.improvement?.level).toBeCloseTo(levelOfLook(2), 12);
  expect(report.sentence).toMatch(
    /^Version 2 is worse: roc_auc −0\.\d+ against version 1 .* in 7 days, 1 to 7 February 2013\. Roll back to version 1\./,
  );
});

test('with selective labels a champion is not compared with decisions that nobody took', async () => {
  const config = { ...place.config, data: { ...place.config.data, selective_labels: true } };
  const report = await judge('2013-02-09T00:00:00Z', { config });
  expect(report).toMatchObject({ verdict: 'undecided', improvement: null });
  expect(report.sentence).toContain('labels are selective');
});

test('few matured days decide nothing', async () => {
  const report = await judge('2013-02-05T00:00:00Z');
  expect(report).toMatchObject({ verdict: 'undecided', look: 0, over: false });
  expect(report.sentence).toMatch(/undecided, too few (rows|days)/);
});

test('without shadow scores the caller scores the predecessor on the logged rows, in their order', async () => {
  let seen = 0;
  const same = await judge('2013-03-01T00:00:00Z', {
    scorePredecessor: async (paths) => {
      const [scores, label] = await withDuckDb({ tempDir: place.dir }, (db) =>
        read(db, `SELECT _prediction, _label FROM '${paths[0]}' WHERE f_carrier IS NOT NULL ORDER BY _event_time, _id`),
      );
      seen = label?.length ?? 0;
      return Float64Array.from(scores ?? [], Number);
    },
  });
  expect(seen).toBeGreaterThan(20_000);
  expect(same).toMatchObject({ verdict: 'confirm', basis: 'rescored', rows: seen, blocks: 27 });
  expect(same.improvement?.estimate).toBe(0);
  const none = await judge('2013-03-01T00:00:00Z');
  expect(none).toMatchObject({ verdict: 'undecided', basis: null });
  expect((await judge('2013-03-01T00:00:00Z', { predecessor: null })).sentence).toContain('no predecessor');
});
