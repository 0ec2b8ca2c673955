/** The detector on the stream of errors: equal to river's, quiet on real flights, and a hint where predictions go wrong. */
import { readFile } from 'node:fs/promises';
import { afterAll, expect, test } from 'vitest';
import { pageHinkley } from '../../../src/monitoring/checks/page-hinkley.ts';
import { tick } from '../../../src/monitoring/tick.ts';
import { championState, logFlights, openTown, type Town } from '../flights-log.ts';

interface Fixture {
  readonly river: string;
  readonly streams: Record<string, number[]>;
  readonly cases: {
    stream: string;
    options: { min_instances: number; delta: number; threshold: number; alpha: number };
    detections: number[];
  }[];
}
const fixture = JSON.parse(await readFile(new URL('fixtures/page-hinkley.json', import.meta.url), 'utf8')) as Fixture;

test.each(fixture.cases)(
  '$stream, threshold $options.threshold: detections are those of river',
  ({ stream, options, detections }) => {
    const { min_instances: minInstances, delta, threshold, alpha } = options;
    const found = pageHinkley(fixture.streams[stream] ?? [], { minInstances, delta, threshold, alpha });
    expect(found.detections.map(({ at }) => at)).toEqual(detections);
  },
);

test('a detection says where the rise began, and an empty stream has none', () => {
  const [first] = fixture.cases;
  // A factor under 1 pulls the sum back to zero, and with it the lowest point away from where the rise began.
  const { detections } = pageHinkley(fixture.streams[first?.stream ?? ''] ?? [], {
    ...{ minInstances: 30, delta: 0.05, threshold: 20, alpha: 1 },
  });
  expect(Math.abs((detections[0]?.since ?? 0) - 1500)).toBeLessThan(60);
  expect(pageHinkley([], { minInstances: 1, delta: 0, threshold: 1, alpha: 1 })).toEqual({
    detections: [],
    statistic: 0,
  });
});

let town: Town;
afterAll(() => town.close());

test('predictions that go wrong on 25 February are told as a hint within days, never as a reason for a run', async () => {
  town = await openTown(['01', '02', '03']);
  await logFlights(town, { from: '2013-02-01', to: '2013-02-25' });
  await logFlights(town, { from: '2013-02-25', to: '2013-03-05', change: { score: 'greatest(0.02, 0.9 - score)' } });
  const off = { enabled: false, skill_drop: 0.1, window: 'P7D', of: { need: 2, of: 3 } };
  const config = { ...town.config, triggers: { ...town.config.triggers, performance: off } };
  const look = async (asOf: string) => {
    const state = championState('2013-02-01T00:00:00.000Z');
    const report = await tick({ ...town, config, state, asOf, cacheDir: `${town.dir}/cache`, workDir: town.dir });
    const found = report.findings.find(({ kind }) => kind === 'error_stream');
    return {
      found,
      alerts: report.actions.filter((action) => action.kind === 'alert' && action.incident === 'error-stream'),
      report,
    };
  };
  expect((await look('2013-02-07T00:00:00Z')).found?.sentence).toContain('fewer than 8 days of labelled predictions');
  const quiet = await look('2013-02-24T00:00:00Z');
  expect(quiet.found).toMatchObject({ state: 'stable' });
  const { found, alerts, report } = await look('2013-03-02T00:00:00Z');
  expect(found?.sentence).toMatch(
    /^Error stream: errors rose since \d+ February 2013, log loss 0\.\d\d → 0\.\d\d, detected 2013-02-2\dT.* only skill starts a run\.$/,
  );
  expect(alerts).toMatchObject([{ severity: 'warn', status: 'opened' }]);
  expect(report.actions.filter((action) => action.kind === 'trigger' && action.trigger !== 'calibration')).toEqual([]);
});
