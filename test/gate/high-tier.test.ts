/** `tier: high`, sentence by sentence: no automatic approval, no refit without a person, no expiry but reject. */
import { expect, test } from 'vitest';
import type { ModelConfig } from '../../src/config/model.ts';
import { approval } from '../../src/config/sections/approval.ts';
import { approvedByPolicy } from '../../src/gate/automatic.ts';
import { flights } from '../evaluation/flights.ts';

test('a model of tier high is approved by nobody but people, whatever else its file says, refitted or not', async () => {
  for (const refit of ['none', 'full'] as const) {
    const config = await flights({});
    const automatic: ModelConfig = {
      ...config,
      training: { ...config.training, refit },
      approval: { ...config.approval, auto: { triggers: ['schedule'], warnings: 'none' } },
    };
    const gate = { verdict: 'pass' as const, warnings: [], person: [] };
    expect(approvedByPolicy({ ...automatic, tier: 'standard' }, 'schedule', gate)).toBe(true);
    expect(approvedByPolicy({ ...automatic, tier: 'high' }, 'schedule', gate)).toBe(false);
  }
});

test('a deadline that nobody met can end in a rejection only', async () => {
  const config = await flights({});
  const expiring = (on_expiry: string) =>
    approval.safeParse({ ...config.approval, otherwise: { ...config.approval.otherwise, on_expiry } }).success;
  expect(expiring('reject')).toBe(true);
  for (const other of ['approve', 'keep_waiting', 'auto', '']) expect(expiring(other)).toBe(false);
});
