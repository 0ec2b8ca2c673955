import { expect, test } from 'vitest';
import { surroundings } from '../surroundings.ts';
import { everyRow } from './every-row.ts';

test.each([
  ['flights-delay', 'flights_nyc_2013', 336_688, 17],
  ['electricity-price', 'electricity_nsw', 45_312, 10],
])('%s: every row has the same features online as offline, bit for bit', async (model, folder, rows, features) => {
  const found = await everyRow(await surroundings(), model, folder);
  expect({ ...found, features: found.features.length }).toEqual({ rows, features, differing: [] });
});
