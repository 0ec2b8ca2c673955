import { expect, test } from 'vitest';
import type { ModelConfig } from '../../src/config/model.ts';
import { freezeWindowAt } from '../../src/policy/freeze-windows.ts';

type Window = ModelConfig['triggers']['freeze_windows'][number];
const weekly = (days: string[], from: string, to: string, timezone = 'Europe/Berlin') =>
  ({ days, from, to, timezone, reason: 'a test' }) as Window;
const holds = (window: Window, at: string) => freezeWindowAt([window], at) !== null;

test.each([
  // 2026-12-20 is a Sunday
  ['its first instant', '2026-12-20T00:00:00Z', true],
  ['between', '2026-12-24T12:00:00Z', true],
  ['its end, in any zone', '2027-01-02T01:00:00+01:00', false],
  ['before', '2026-12-19T23:59:59Z', false],
])('a window with dates holds %s: %s', (_what, at, expected) => {
  expect(holds({ from: '2026-12-20T00:00:00Z', to: '2027-01-02T00:00:00Z', reason: 'year end' }, at)).toBe(expected);
});

test.each([
  ['Saturday at midnight there', weekly(['SAT', 'SUN'], '00:00', '24:00'), '2026-06-05T22:00:00Z', true],
  ['a minute before', weekly(['SAT', 'SUN'], '00:00', '24:00'), '2026-06-05T21:59:59Z', false],
  ['the last minute of Sunday', weekly(['SAT', 'SUN'], '00:00', '24:00'), '2026-06-07T21:59:59Z', true],
  ['Monday', weekly(['SAT', 'SUN'], '00:00', '24:00'), '2026-06-07T22:00:00Z', false],
  ['Friday evening', weekly(['FRI'], '18:00', '06:00'), '2026-06-05T20:00:00Z', true],
  ['the night that follows', weekly(['FRI'], '18:00', '06:00'), '2026-06-06T03:59:00Z', true],
  ['the morning after', weekly(['FRI'], '18:00', '06:00'), '2026-06-06T04:00:00Z', false],
  ['the morning of the same day', weekly(['FRI'], '18:00', '06:00'), '2026-06-05T03:00:00Z', false],
  ['Sunday night into Monday', weekly(['SUN'], '22:00', '22:00'), '2026-06-08T19:59:00Z', true],
])('a weekly window and %s', (_what, window, at, expected) => {
  expect(holds(window, at)).toBe(expected);
});

// Berlin: 02:00 becomes 03:00 on 2026-03-29 (01:00 UTC), 03:00 becomes 02:00 on 2026-10-25 (01:00 UTC).
test.each([
  ['winter: 09:00 is 08:00 UTC', weekly(['SAT'], '09:00', '10:00'), '2026-03-28T08:00:00Z', true],
  ['summer: 09:00 is 07:00 UTC', weekly(['SUN'], '09:00', '10:00'), '2026-03-29T07:00:00Z', true],
  ['summer: 08:00 UTC is 10:00', weekly(['SUN'], '09:00', '10:00'), '2026-03-29T08:00:00Z', false],
  ['01:59 before the hour that is left out', weekly(['SUN'], '01:30', '02:30'), '2026-03-29T00:59:00Z', true],
  ['03:00 after it: the window is over', weekly(['SUN'], '01:30', '02:30'), '2026-03-29T01:00:00Z', false],
  ['a window inside the hour left out never comes', weekly(['SUN'], '02:15', '02:45'), '2026-03-29T01:20:00Z', false],
  ['02:30 the first time', weekly(['SUN'], '02:00', '03:00'), '2026-10-25T00:30:00Z', true],
  ['02:30 the second time', weekly(['SUN'], '02:00', '03:00'), '2026-10-25T01:30:00Z', true],
  ['03:00 after both', weekly(['SUN'], '02:00', '03:00'), '2026-10-25T02:00:00Z', false],
  ['a whole day of 25 hours', weekly(['SUN'], '00:00', '24:00'), '2026-10-25T22:59:00Z', true],
  ['and not a minute more', weekly(['SUN'], '00:00', '24:00'), '2026-10-25T23:00:00Z', false],
  [
    'half an hour of summer time, on Lord Howe',
    weekly(['SUN'], '03:00', '04:00', 'Australia/Lord_Howe'),
    '2026-10-03T16:00:00Z',
    true,
  ],
  ['no summer time in Tokyo', weekly(['SUN'], '09:00', '10:00', 'Asia/Tokyo'), '2026-03-29T00:00:00Z', true],
])('summer time: %s', (_what, window, at, expected) => {
  expect(holds(window, at)).toBe(expected);
});

test('the first of several windows that holds is told, with its span and its reason', () => {
  const windows = [weekly(['MON'], '00:00', '24:00'), weekly(['SAT', 'SUN'], '00:00', '24:00')];
  expect(freezeWindowAt(windows, '2026-06-06T12:00:00Z')).toBe(
    'SAT, SUN 00:00 to 24:00 Europe/Berlin is a freeze window: a test',
  );
  expect(freezeWindowAt([], '2026-06-06T12:00:00Z')).toBeNull();
});
