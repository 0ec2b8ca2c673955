import { expect, test } from 'vitest';
import { confirmBreak, lastBreak, MAX_BREAKS, withdrawBreak } from '../../src/registry/breaks.ts';
import { type ConfirmedBreak, ledgerState } from '../../src/registry/contract.ts';
import { initialState, type Step } from '../../src/registry/state.ts';

const found = (at: string, source: ConfirmedBreak['source'] = 'person'): ConfirmedBreak => ({
  ...{ at, source },
  by: 'anna',
  reason: 'the market opened',
});
const after = (...steps: Step[]) =>
  steps.reduce((state, step) => {
    const result = step(state);
    if ('refused' in result) throw new Error(result.refused);
    return ledgerState.parse(result.state);
  }, initialState());

test('the last break is the newest one that has happened, in whatever order they were confirmed', () => {
  const state = after(
    confirmBreak(found('1997-05-05T00:00:00Z')),
    confirmBreak(found('1998-01-01T00:00:00Z', 'event')),
    confirmBreak(found('1996-07-01T00:00:00Z', 'performance')),
  );
  expect(lastBreak(state, '1997-12-31T00:00:00Z')?.at).toBe('1997-05-05T00:00:00Z');
  expect(lastBreak(state, '1998-01-01T00:00:00Z')?.at).toBe('1998-01-01T00:00:00Z');
  expect(lastBreak(state, '1996-01-01T00:00:00Z')).toBeNull();
  expect(lastBreak(initialState(), '2020-01-01T00:00:00Z')).toBeNull();
});

test('a break told twice changes nothing, and a withdrawn one gives way to the one before it', () => {
  const state = after(confirmBreak(found('1996-07-01T00:00:00Z')), confirmBreak(found('1997-05-05T00:00:00Z')));
  expect(confirmBreak(found('1997-05-05T00:00:00.000Z'))(state)).toEqual({
    refused: 'a break at 1997-05-05T00:00:00.000Z is confirmed already',
  });
  const left = after(
    () => ({ change: { kind: 'frozen', reason: '' }, state }),
    withdrawBreak({ at: '1997-05-05T00:00:00.000Z', reason: 'a mistake' }),
  );
  expect(lastBreak(left, '1998-01-01T00:00:00Z')?.at).toBe('1996-07-01T00:00:00Z');
  expect(withdrawBreak({ at: '1997-05-05T00:00:00Z', reason: '' })(left)).toEqual({
    refused: 'no break at 1997-05-05T00:00:00Z is confirmed; confirmed: 1996-07-01T00:00:00Z',
  });
});

test('the newest breaks are kept where there are many', () => {
  const days = Array.from({ length: MAX_BREAKS + 1 }, (_, i) => new Date(Date.UTC(2020, 0, 1 + i)).toISOString());
  const { breaks } = after(...days.map((at) => confirmBreak(found(at))));
  expect(breaks?.map(({ at }) => at)).toEqual(days.slice(1));
});
