import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ModelConfig, triggerKind } from '../../src/config/model.ts';
import { considerAll, considerTrigger, readTrigger, stillStands, WAITING_AT_MOST } from '../../src/policy/triggers.ts';
import type { LedgerState } from '../../src/registry/contract.ts';
import { initialState } from '../../src/registry/state.ts';
import type { Trigger } from '../../src/workflows/contract.ts';

const limits: ModelConfig['triggers'] = {
  schedule: { cron: '0 6 * * MON', timezone: 'UTC', enabled: true, catch_up: 'PT6H' },
  performance: { enabled: true, skill_drop: 0.1, window: 'P7D', of: { need: 2, of: 3 } },
  calibration: { enabled: true, mean_prediction_minus_label_rate: 0.05, window: 'P7D', of: { need: 2, of: 3 } },
  drift: { then: 'alert_and_check_quality' as const },
  volume: null,
  age: null,
  events: {},
  merge_window: 'PT10S',
  schedule_while_active: 'queue' as const,
  freeze_windows: [],
  combine: {},
  limits: { cool_down: 'P7D', per_day: 2, per_week: 2, min_new_labels: 3000 },
};
const asOf = '2013-04-10T00:00:00.000Z';
const served: LedgerState = {
  ...initialState(),
  aliases: { ...initialState().aliases, champion: { version: 1, effectId: 'x' } },
};
const ran = (as_of: string, outcome = 'promoted'): LedgerState => ({
  ...served,
  budgets: { ...served.budgets, runs: [{ run: 'churn-000001', as_of, outcome, trigger: 'schedule' }] },
});
const trigger = (kind: Trigger['kind'], more: Partial<Trigger> = {}): Trigger => ({
  kind,
  reason: 'because',
  by: 'monitoring',
  as_of: asOf,
  ...more,
});
const verdict = (one: Trigger, state: LedgerState, policy = limits) => considerTrigger(one, state, policy, asOf);

describe('a trigger', () => {
  test('starts a run where nothing speaks against it', () => {
    expect(verdict(trigger('performance'), served).verdict).toBe('start');
  });

  test('is queued while a run is active, a schedule skipped where the file says so', () => {
    const active = { ...served, activeRun: { run: 'churn-000002', as_of: asOf, started_at: asOf } };
    expect(verdict(trigger('drift'), active)).toMatchObject({ verdict: 'queue' });
    expect(verdict(trigger('schedule'), active, { ...limits, schedule_while_active: 'skip' })).toMatchObject({
      verdict: 'skip',
    });
  });

  test('inside the cool-down is skipped with the run that it counts from', () => {
    const answer = verdict(trigger('performance'), ran('2013-04-05T00:00:00.000Z'));
    expect(answer).toMatchObject({ verdict: 'skip' });
    expect(answer.reason).toContain('churn-000001');
  });

  test('is not held back by a run that failed or was refused for its data', () => {
    for (const outcome of ['failed', 'refused_by_validation', 'cancelled']) {
      expect(verdict(trigger('performance'), ran('2013-04-09T00:00:00.000Z', outcome)).verdict).toBe('start');
    }
  });

  test('by a person ignores the cool-down, and tells of it', () => {
    expect(verdict(trigger('manual', { by: 'kim' }), ran('2013-04-09T00:00:00.000Z'))).toEqual({
      verdict: 'start',
      reason: 'because (although cool-down of P7D since churn-000001 (2013-04-09T00:00:00.000Z) is not over)',
    });
  });

  test('that demands what no run has judged is never stale', () => {
    const late = trigger('event', { as_of: '2013-04-01T00:00:00.000Z' });
    const demand = { since: '2013-04-01T00:00:00.000Z', slice: { column: 'origin', value: 'LGA' } };
    expect(verdict(late, ran('2013-04-05T00:00:00.000Z')).reason).toContain('stale');
    expect(verdict({ ...late, demand }, ran('2013-04-05T00:00:00.000Z')).verdict).toBe('start');
    const promoted = { ...served, budgets: { ...served.budgets, promoted_at: '2013-04-09T00:00:00.000Z' } };
    expect(stillStands({ ...late, kind: 'drift', demand }, promoted)).toBe(true);
  });

  test('older than the last run is stale', () => {
    expect(
      verdict(trigger('manual', { as_of: '2013-04-01T00:00:00.000Z' }), ran('2013-04-05T00:00:00.000Z')).reason,
    ).toContain('stale');
  });

  test('of routine with too few new labels is skipped with the numbers', () => {
    expect(verdict(trigger('schedule', { evidence: { new_mature_labels: 120 } }), served).reason).toContain(
      '120 new mature labels, fewer than 3000',
    );
    expect(verdict(trigger('performance', { evidence: { new_mature_labels: 120 } }), served).verdict).toBe('start');
  });

  test('for a frozen or paused model is skipped with who and why, until the freeze ends', () => {
    const freeze = { by: 'dana', reason: 'audit', until: null };
    expect(verdict(trigger('manual'), { ...served, freeze }).reason).toContain('frozen by dana: audit');
    expect(
      verdict(trigger('manual'), { ...served, freeze: { ...freeze, until: '2013-04-01T00:00:00.000Z' } }).verdict,
    ).toBe('start');
    expect(verdict(trigger('manual'), { ...served, paused: true }).reason).toContain('paused');
  });
});

test('a waiting trigger falls when its evidence is older than the new champion, unless somebody asked', () => {
  const state = { ...served, budgets: { ...served.budgets, promoted_at: '2013-04-12T00:00:00.000Z' } };
  expect(stillStands(trigger('performance'), state)).toBe(false);
  expect(stillStands(trigger('manual'), state)).toBe(true);
  expect(stillStands(trigger('performance', { as_of: '2013-04-20T00:00:00.000Z' }), state)).toBe(true);
});

describe('whatever is asked together', () => {
  const day = fc.integer({ min: 1, max: 28 }).map((date) => `2013-04-${String(date).padStart(2, '0')}T00:00:00Z`);
  const anyTrigger: fc.Arbitrary<Trigger> = fc.record({
    kind: fc.constantFrom(...triggerKind.options),
    reason: fc.string({ minLength: 1, maxLength: 20 }),
    by: fc.constantFrom('kim', 'monitoring', 'schedule'),
    as_of: fc.option(day, { nil: undefined }),
    evidence: fc.option(fc.record({ new_mature_labels: fc.nat(6000) }), { nil: undefined }),
  }) as fc.Arbitrary<Trigger>;
  const anyState: fc.Arbitrary<LedgerState> = fc
    .record({
      champion: fc.boolean(),
      active: fc.boolean(),
      paused: fc.boolean(),
      frozen: fc.boolean(),
      promoted: fc.option(day, { nil: null }),
      runs: fc.array(fc.tuple(day, fc.constantFrom('promoted', 'failed', 'rejected_by_gate')), { maxLength: 4 }),
    })
    .map(({ champion, active, paused, frozen, promoted, runs }) => ({
      ...(champion ? served : initialState()),
      activeRun: active ? { run: 'churn-000007', as_of: asOf, started_at: asOf } : null,
      paused,
      freeze: frozen ? { by: 'dana', reason: 'audit', until: null } : null,
      budgets: {
        ...initialState().budgets,
        promoted_at: promoted,
        runs: runs
          .sort(([a], [b]) => a.localeCompare(b))
          .map(([as_of, outcome]) => ({ run: 'churn-000001', as_of, outcome, trigger: 'schedule' })),
      },
    }));
  const all = fc.tuple(fc.array(anyTrigger, { maxLength: 8 }), fc.array(anyTrigger, { maxLength: 8 }), anyState, day);
  const consider = (waited: Trigger[], arrived: Trigger[], state: LedgerState, now: string, waiting = 0) =>
    considerAll({ waited, arrived, waiting }, state, limits, now, 'churn-000008');

  test('is one run at most, which lists every trigger that may start it, and each gets its answer', () => {
    fc.assert(
      fc.property(all, ([waited, arrived, state, now]) => {
        const { starts, queue, answers } = consider(waited, arrived, state, now);
        const count = (answer: string) => answers.filter((given) => given.answer === answer).length;
        expect(answers).toHaveLength(waited.length + arrived.length);
        expect(answers.every(({ reason }) => reason.length > 0)).toBe(true);
        expect(count('started')).toBe(starts.length > 0 ? 1 : 0);
        expect(count('merged')).toBe(Math.max(0, starts.length - 1));
        expect(count('queued')).toBe(queue.length);
        if (state.activeRun || state.paused || state.freeze) expect(starts).toEqual([]);
        if (!state.activeRun) expect(queue).toEqual([]);
        for (const { answer, run } of answers) {
          if (answer === 'started' || answer === 'merged') expect(run).toBe('churn-000008');
          else expect(run).toBe(state.activeRun && run ? 'churn-000007' : null);
        }
      }),
    );
  });

  test('is judged alike in any order, and nothing that waits loses the time of its evidence', () => {
    fc.assert(
      fc.property(all, ([, arrived, state, now]) => {
        const there = consider([], arrived, state, now);
        const back = consider([], arrived.toReversed(), state, now);
        expect(back.starts).toEqual(there.starts.toReversed());
        expect(back.queue).toEqual(there.queue.toReversed());
        expect(there.queue.every(({ as_of }) => as_of !== undefined)).toBe(true);
      }),
    );
  });

  test('starts no run on evidence older than the new champion, unless somebody outside asked', () => {
    fc.assert(
      fc.property(all, ([waited, , state, now]) => {
        const { promoted_at } = state.budgets;
        for (const { kind, as_of } of consider(waited, [], state, now).starts) {
          if (promoted_at === null || kind === 'manual' || kind === 'event') continue;
          expect(Date.parse(as_of ?? '')).toBeGreaterThan(Date.parse(promoted_at));
        }
      }),
    );
  });

  test('starts nothing where what is demanded cannot be met, and says why', () => {
    const impossible = ({ demand }: Trigger) => (demand ? 'there is no column planet' : null);
    const demand = { slice: { column: 'planet', value: 'Mars' } };
    const arrived = [trigger('event', { demand }), trigger('event')];
    const asked = { waited: [], arrived, waiting: 0, impossible };
    expect(considerAll(asked, served, limits, asOf, 'churn-000008')).toMatchObject({
      starts: [arrived[1]],
      answers: [{ answer: 'skipped', reason: 'there is no column planet' }, { answer: 'started' }],
    });
  });

  test('does not pile up without end behind one run', () => {
    const active = { ...served, activeRun: { run: 'churn-000007', as_of: asOf, started_at: asOf } };
    const crowd = Array.from({ length: 5 }, () => trigger('drift'));
    const { queue, answers } = consider([], crowd, active, asOf, WAITING_AT_MOST - 2);
    expect(queue).toHaveLength(2);
    expect(answers.map(({ answer }) => answer)).toEqual(['queued', 'queued', 'skipped', 'skipped', 'skipped']);
    expect(answers.at(-1)?.reason).toContain('wait already for churn-000007');
  });
});

test('instants are compared as times, however they are spelt', () => {
  const state = { ...served, budgets: { ...served.budgets, promoted_at: '2013-04-12T00:00:00.000Z' } };
  expect(stillStands(trigger('performance', { as_of: '2013-04-12T00:00:00Z' }), state)).toBe(false);
  expect(stillStands(trigger('performance', { as_of: '2013-04-12T00:00:01Z' }), state)).toBe(true);
});

describe('a body that is to be a trigger', () => {
  test.each([
    ['nothing', undefined],
    ['a list', []],
    ['bytes that were no JSON', { undecodable: true, problem: 'x' }],
    ['an unknown kind', { kind: 'whim', reason: 'x', by: 'kim' }],
    ['an unknown field', { kind: 'manual', reason: 'x', by: 'kim', force: true }],
    ['a field without end', { kind: 'manual', reason: 'x', by: 'kim', ['y'.repeat(1_000_000)]: 1 }],
  ])('but is %s is refused in a line that says what to send', (_what, body) => {
    const read = readTrigger(body);
    expect(read).toMatchObject({ refused: expect.stringContaining('Send {"kind":"manual"') });
    expect('refused' in read && read.refused.length).toBeLessThan(400);
  });

  test('never throws, whatever it is', () => {
    fc.assert(fc.property(fc.anything(), (body) => void readTrigger(body)));
  });
});
