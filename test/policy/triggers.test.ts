import { describe, expect, test } from 'vitest';
import type { ModelConfig } from '../../src/config/model.ts';
import { considerTrigger, stillStands } from '../../src/policy/triggers.ts';
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
  merge_window: 'PT10S',
  schedule_while_active: 'queue' as const,
  limits: { cool_down: 'P7D', per_week: 2, min_new_labels: 3000 },
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

  test('by a person ignores the cool-down', () => {
    expect(verdict(trigger('manual', { by: 'kim' }), ran('2013-04-09T00:00:00.000Z')).verdict).toBe('start');
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
