import { expect, test } from 'vitest';
import { type Accepted, newestAccepted, recordAccepted } from '../../src/data/accepted.ts';
import { surroundings } from './surroundings.ts';

const digest = (digit: string) => digit.repeat(64);
const entry = (run: string, asOf: string, mark = 'a'): Accepted => ({
  run,
  as_of: asOf,
  raw: digest(mark),
  accepted: digest(mark),
  window: { from: '2013-01-01T00:00:00.000Z', to: asOf },
  rows: 10,
});

test('the newest accepted data is the newest known at as_of, in time order and not in order of arrival', async () => {
  const { store } = await surroundings();
  const [january, february, march] = ['2013-02-01', '2013-03-01', '2013-04-01'].map((day) => `${day}T00:00:00.000Z`);
  await recordAccepted(store, 'flights', entry('flights-000003', march ?? ''));
  await recordAccepted(store, 'flights', entry('flights-000001', january ?? ''));
  await recordAccepted(store, 'flights', entry('flights-000002', february ?? ''));
  await recordAccepted(store, 'other', entry('other-000009', '2013-03-15T00:00:00.000Z'));

  const at = async (asOf: string, otherThan?: string) =>
    (await newestAccepted(store, 'flights', asOf, otherThan))?.run ?? null;
  expect(await at('2013-01-31T23:59:59Z')).toBeNull();
  expect(await at('2013-02-01T00:00:00Z')).toBe('flights-000001'); // the same instant counts
  expect(await at('2013-03-20T00:00:00.000Z')).toBe('flights-000002');
  expect(await at('2014-01-01T00:00:00.000Z')).toBe('flights-000003');
  expect(await at('2014-01-01T00:00:00.000Z', 'flights-000003')).toBe('flights-000002');
});

test('a retry records the same data again without error, other data under the same run is refused', async () => {
  const { store } = await surroundings();
  const one = entry('flights-000001', '2013-02-01T00:00:00.000Z');
  await recordAccepted(store, 'flights', one);
  await recordAccepted(store, 'flights', one);
  expect(await newestAccepted(store, 'flights', one.as_of)).toEqual(one);
  await expect(recordAccepted(store, 'flights', { ...one, raw: digest('b') })).rejects.toMatchObject({
    code: 'HONE_OBJECT_CONFLICT',
  });
});
