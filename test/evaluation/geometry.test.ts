import fc from 'fast-check';
import { expect, test } from 'vitest';
import { durationMs } from '../../src/config/values.ts';
import { cleanFrom } from '../../src/evaluation/clean-rows.ts';
import { windowGeometry } from '../../src/evaluation/geometry.ts';
import { geometry } from '../../src/registry/contract.ts';
import { flights } from './flights.ts';

const DAY = 86_400_000;

test('parts follow each other in whole days, with gaps, and the holdout ends where labels are mature', async () => {
  const found = windowGeometry(await flights(), '2013-04-16T06:00:00.000Z', '2013-01-01T05:15:00.000Z');
  expect(geometry.parse(found)).toEqual({
    as_of: '2013-04-16T06:00:00.000Z',
    mature_before: '2013-04-15T00:00:00.000Z',
    train: { from: '2013-01-01T00:00:00.000Z', to: '2013-03-23T00:00:00.000Z' },
    validation: { from: '2013-03-24T00:00:00.000Z', to: '2013-03-31T00:00:00.000Z' },
    holdout: { from: '2013-04-01T00:00:00.000Z', to: '2013-04-15T00:00:00.000Z' },
    gap_ms: DAY,
    fit_end: '2013-03-31T00:00:00.000Z',
  });
});

test('a rolling window trains on its own length, and never on more history than there is', async () => {
  const config = await flights();
  const training = { ...config.training, window: { type: 'rolling' as const, length: 'P42D' } };
  const asOf = '2013-04-16T06:00:00.000Z';
  const found = windowGeometry({ ...config, training }, asOf, '2013-01-01T00:00:00Z');
  expect(found.train).toEqual({ from: '2013-02-09T00:00:00.000Z', to: '2013-03-23T00:00:00.000Z' });
  expect(windowGeometry({ ...config, training }, asOf, '2013-03-01T00:00:00Z').train.from).toBe(
    '2013-03-01T00:00:00.000Z',
  );
});

test('for any splits parts are whole days, keep their gaps, and every judged row is mature and clean', async () => {
  const config = await flights();
  const hours = (max: number) => fc.integer({ min: 1, max }).map((h) => `PT${h}H`);
  const split = fc.record({ validation: hours(400), holdout: hours(600), gap: hours(80) });
  const asOf = fc.integer({ min: Date.parse('2013-06-01'), max: Date.parse('2013-12-31') });
  fc.assert(
    fc.property(split, hours(100), asOf, (parts, mature_after, now) => {
      const model = {
        ...config,
        training: { ...config.training, split: parts },
        data: { ...config.data, label: { ...config.data.label, mature_after } },
      };
      const g = windowGeometry(model, new Date(now).toISOString(), '2013-01-01T00:00:00Z');
      const edges = [g.train, g.validation, g.holdout].flatMap(({ from, to }) => [Date.parse(from), Date.parse(to)]);
      expect(edges.every((edge) => edge % DAY === 0)).toBe(true);
      const [trainFrom, trainTo, validationFrom, validationTo, holdoutFrom, holdoutTo] = edges as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const gap = durationMs(parts.gap);
      expect(trainTo - trainFrom).toBeGreaterThanOrEqual(DAY);
      expect(validationFrom - trainTo).toBeGreaterThanOrEqual(gap);
      expect(holdoutFrom - validationTo).toBeGreaterThanOrEqual(gap);
      expect(validationTo - validationFrom).toBeGreaterThanOrEqual(durationMs(parts.validation));
      expect(holdoutTo - holdoutFrom).toBeGreaterThanOrEqual(durationMs(parts.holdout));
      expect(now - holdoutTo).toBeGreaterThanOrEqual(durationMs(mature_after));
      expect(Date.parse(cleanFrom([g.fit_end], g.gap_ms))).toBeLessThanOrEqual(holdoutFrom);
    }),
  );
});

test('too little history is refused with the day from which it will do', async () => {
  const config = await flights();
  const refused = () => windowGeometry(config, '2013-01-20T00:00:00.000Z', '2013-01-01T05:00:00Z');
  expect(refused).toThrow(expect.objectContaining({ code: 'HONE_TOO_LITTLE_HISTORY', retryable: false }));
  const soonest = /from (\S+) on/.exec(messageOf(refused))![1]!;
  expect(windowGeometry(config, soonest, '2013-01-01T05:00:00Z').train.to).toBe('2013-01-02T00:00:00.000Z');
  expect(() =>
    windowGeometry(config, new Date(Date.parse(soonest) - 1).toISOString(), '2013-01-01T05:00:00Z'),
  ).toThrow();
});

test('a part without length is a mistake in the file', async () => {
  const config = await flights();
  const training = { ...config.training, split: { ...config.training.split, holdout: 'PT0S' } };
  expect(() => windowGeometry({ ...config, training }, '2013-04-16T00:00:00Z', '2013-01-01T00:00:00Z')).toThrow(
    expect.objectContaining({ code: 'HONE_SPLIT_WITHOUT_ROWS', exitCode: 2 }),
  );
});

test('rows are clean from the latest fit end plus the gap on', () => {
  const from = cleanFrom(['2013-03-31T00:00:00Z', null, '2013-04-02T00:00:00Z'], DAY);
  expect(from).toBe('2013-04-03T00:00:00.000Z');
  expect(cleanFrom([null], DAY)).toBe('1970-01-01T00:00:00.000Z');
});

function messageOf(refused: () => unknown): string {
  try {
    refused();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}
