import { expect, test } from 'vitest';
import { surroundings } from '../surroundings.ts';
import { everyRow } from './every-row.ts';

test.each([
  ['flights-delay', 'flights_nyc_2013', 300, 12 * 300],
  ['electricity-price', 'electricity_nsw', 200, 5000],
])(
  '%s: features online are bit for bit those offline, on the first rows of every file',
  async (model, folder, limit, least) => {
    const found = await everyRow(await surroundings(), model, folder, limit);
    expect(found.differing).toEqual([]);
    expect(found.rows).toBeGreaterThanOrEqual(least);
  },
);
