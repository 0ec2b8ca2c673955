import { expect, test } from 'vitest';
import { isDue, scheduleEveryMs } from '../../src/monitoring/clock.ts';
import type { Finding, TickReport } from '../../src/monitoring/contract.ts';

const HOUR = 3_600_000;
const weekly = { every: 'P7D', after_shift: { every: 'P1D', for: 'P28D' } };
const look = (as_of: string, more: Partial<TickReport> = {}): TickReport => ({
  ...{ contract: 1, model: 'm', as_of, champion: 1, promoted_at: null, holdout: null, findings: [], actions: [] },
  ...{ open_incidents: [], drift: null, drift_verdict: 'stable', performance: [], sentence: '' },
  ...more,
});
const afterShift = { kind: 'after_shift' } as Finding;

test('the schedule asks as often as the shorter clock wants, never less than the usual one', () => {
  expect(scheduleEveryMs(weekly)).toBe(24 * HOUR);
  expect(scheduleEveryMs({ ...weekly, every: 'PT1H' })).toBe(HOUR);
  expect(scheduleEveryMs({ every: 'PT6H' })).toBe(6 * HOUR);
});

test('a quiet model is looked at on its usual clock; a shift that is not learnt, or features that moved, shorten it', () => {
  const last = '1997-05-08T00:00:03.000Z'; // a Thursday, as the epoch was: weeks are counted from there
  const [next, week] = ['1997-05-09T00:00:01.000Z', '1997-05-15T00:00:01.000Z'];
  expect(isDue(weekly, null, next)).toBe(true);
  expect(isDue(weekly, look(last), next)).toBe(false);
  expect(isDue(weekly, look(last), week)).toBe(true);
  expect(isDue(weekly, look(last, { findings: [afterShift] }), next)).toBe(true);
  expect(isDue(weekly, look(last, { open_incidents: ['drift-features'] }), next)).toBe(true);
  expect(isDue(weekly, look(last, { open_incidents: ['kpi-churn'] }), next)).toBe(false);
  expect(isDue(weekly, look(last, { findings: [afterShift] }), '1997-05-08T23:00:00.000Z')).toBe(false);
});

test('a look that came some seconds late does not put off the next one', () => {
  const hourly = { every: 'PT1H' };
  expect(isDue(hourly, look('1997-05-08T10:00:09.000Z'), '1997-05-08T11:00:00.500Z')).toBe(true);
  expect(isDue(hourly, look('1997-05-08T10:00:09.000Z'), '1997-05-08T10:59:59.000Z')).toBe(false);
});
