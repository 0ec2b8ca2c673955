/** How often a figure that only varies is called worse, and how often one that got worse is seen. */
import { expect, test } from 'vitest';
import type { SeriesConfig } from '../../../src/config/sections/monitoring.ts';
import { judgeSeries } from '../../../src/monitoring/checks/series-check.ts';
import { randomStream } from '../../../src/statistics/random.ts';

const series: SeriesConfig = { name: 'reviews', source: 'business', worse: 'higher', alert_at: 0.2 };
const window = { from: '2013-04-01T00:00:00.000Z', to: '2013-04-08T00:00:00.000Z' };

/** Share of 1,000 series paged: three judged weeks at `level` after `past` weeks at 100, standard deviation `spread`. */
function paged(level: number, spread: number, past: number): number {
  const random = randomStream(11);
  const draw = (mean: number): number => mean + spread * random.normal();
  let found = 0;
  for (let i = 0; i < 1000; i++) {
    const values = Array.from({ length: 3 + past }, (_, week) => draw(week < 3 ? level : 100));
    const weeks = values.map((value) => ({ window, value, records: 7 }));
    if (judgeSeries('proxy', series, weeks, 'ops').finding.state === 'moved') found += 1;
  }
  return found / 1000;
}

test('without a change a page is rare, whatever the noise and however short the past', () => {
  for (const spread of [1, 5, 10, 20, 40])
    for (const past of [4, 12]) expect(paged(100, spread, past)).toBeLessThan(0.03);
});

test('half as much again is seen within two weeks unless the noise is as large as the change', () => {
  expect(paged(150, 5, 12)).toBe(1);
  expect(paged(150, 15, 12)).toBeGreaterThan(0.85);
  expect(paged(150, 40, 12)).toBeLessThan(0.6);
});
