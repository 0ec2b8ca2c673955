import { expect, test } from 'vitest';
import { surroundings } from '../surroundings.ts';
import { everyRow } from './every-row.ts';

test('flights-delay: each of 336,688 rows has the same 17 features online as offline, bit for bit', async () => {
  const { rows, features, differing } = await everyRow(await surroundings(), 'flights-delay', 'flights_nyc_2013');
  expect({ rows, features: features.length, differing }).toEqual({ rows: 336_688, features: 17, differing: [] });
}, 600_000);

test('electricity-price: each of 45,312 rows has the same 10 features online as offline, bit for bit', async () => {
  const { rows, features, differing } = await everyRow(await surroundings(), 'electricity-price', 'electricity_nsw');
  expect({ rows, features: features.length, differing }).toEqual({ rows: 45_312, features: 10, differing: [] });
}, 600_000);
