import { expect, test } from 'vitest';
import { shippedConfig, twinFolder, validated } from './fixtures/judged-twin.ts';
import { ELECTRICITY, FLIGHTS } from './fixtures/twin-sets.ts';
import { testTwins } from './fixtures/twin-tests.ts';

testTwins(FLIGHTS);
testTwins(ELECTRICITY);

test.each([
  ['flights-delay', 'examples/flights_nyc_2013/events', 336_688],
  ['electricity-price', 'examples/electricity_nsw/events', 45_312],
])('the whole data set of %s passes with warnings at most', async (model, data, rows) => {
  const report = await validated(await shippedConfig(model), data, await twinFolder());
  expect(report).toMatchObject({ verdict: 'pass', rows: { read: rows, accepted: rows, quarantined: 0 } });
  expect(report.findings.filter(({ severity }) => severity !== 'warn')).toEqual([]);
});
