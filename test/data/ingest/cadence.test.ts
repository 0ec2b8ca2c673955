import { expect, test } from 'vitest';
import { gapsOf } from '../../../src/data/ingest/cadence.ts';

const dayOf = (text: string) => Date.parse(`${text}T00:00:00Z`) / 86_400_000;

/** Days from a first to a last one, both included, that `keep` keeps (by ISO date and weekday, Sunday 0). */
function days(from: string, to: string, keep: (date: string, weekday: number) => boolean = () => true): number[] {
  const all = Array.from({ length: dayOf(to) - dayOf(from) + 1 }, (_, i) => dayOf(from) + i);
  return all.filter((day) => {
    const date = new Date(day * 86_400_000);
    return keep(date.toISOString().slice(0, 10), date.getUTCDay());
  });
}

test('daily data: a missing day, a missing month, and the days since the last delivery are gaps', () => {
  const keep = (date: string) => date !== '2013-01-15' && !date.startsWith('2013-03');
  expect(gapsOf(days('2013-01-01', '2013-04-20', keep), dayOf('2013-04-23'))).toEqual([
    { from: '2013-01-15', to: '2013-01-15' },
    { from: '2013-03-01', to: '2013-03-31' },
    { from: '2013-04-21', to: '2013-04-22' },
  ]);
});

test('weekends without rows are no gap, and do not part a gap of a week', () => {
  const working = (weekday: number) => weekday !== 0 && weekday !== 6;
  expect(
    gapsOf(
      days('2013-01-01', '2013-03-29', (_, weekday) => working(weekday)),
      dayOf('2013-04-01'),
    ),
  ).toEqual([]);
  const missing = (date: string, weekday: number) => working(weekday) && (date < '2013-02-07' || date > '2013-02-13');
  expect(gapsOf(days('2013-01-01', '2013-03-29', missing), dayOf('2013-03-30'))).toEqual([
    { from: '2013-02-07', to: '2013-02-13' },
  ]);
});

test('monthly data: only an empty month between others is a gap', () => {
  const keep = (date: string) => date.endsWith('-01') && date !== '2013-05-01';
  expect(gapsOf(days('2013-01-01', '2013-09-01', keep), dayOf('2013-09-20'))).toEqual([
    { from: '2013-05-01', to: '2013-05-31' },
  ]);
});

test('sparse data without a cadence has no gap, a wrong time long ago makes none, and nothing is judged on a few days', () => {
  const sparse = days('2013-01-01', '2013-06-30', (date) => ['03', '11', '24'].includes(date.slice(-2)));
  expect(gapsOf(sparse, dayOf('2013-07-01'))).toEqual([]);
  expect(gapsOf([dayOf('1970-01-01'), ...days('2013-01-01', '2013-02-28')], dayOf('2013-03-01'))).toEqual([]);
  expect(
    gapsOf(
      days('2013-01-01', '2013-01-09', (date) => date !== '2013-01-05'),
      dayOf('2013-01-10'),
    ),
  ).toEqual([]);
  expect(gapsOf([], 0)).toEqual([]);
});
