import { describe, expect, test } from 'vitest';
import { type ArmReading, judgeStep, type StepReading } from '../../src/policy/rollout.ts';

const limits = { bakeMs: 1000, maxWaitMs: 10_000, minRequests: 100, errorShare: 0.01, latencyRatio: 1.5 };
const arm = (more: Partial<ArmReading> = {}): ArmReading => ({
  requests: 200,
  errors: 0,
  nan: 0,
  calls: 200,
  meanLatencyMs: 2,
  maxDisagreement: 1e-9,
  ...more,
});
const step = (candidate: Partial<ArmReading>, more: Partial<StepReading> = {}) =>
  judgeStep({ candidate: arm(candidate), champion: arm(), failedToLoad: [], elapsedMs: 2000, ...more }, limits);

describe('a canary step', () => {
  test('goes on after its bake with enough requests', () => expect(step({}).verdict).toBe('advance'));
  test('bakes first', () => expect(step({}, { elapsedMs: 500 }).verdict).toBe('wait'));
  test('waits for traffic, then is inconclusive, and never goes on by itself', () => {
    expect(step({ requests: 10 }).verdict).toBe('wait');
    expect(step({ requests: 10 }, { elapsedMs: 11_000 }).verdict).toBe('inconclusive');
  });

  test.each([
    ['nan', { nan: 1 }, {}],
    ['parity', { maxDisagreement: 1e-3 }, {}],
    ['errors', { errors: 10 }, {}],
    ['latency', { meanLatencyMs: 80 }, {}],
    ['load', {}, { failedToLoad: ['node-a: golden rows differ'] }],
  ])('is undone at once by the guardrail %s', (guardrail, candidate, more) => {
    expect(step(candidate, { elapsedMs: 100, ...more })).toMatchObject({ verdict: 'undo', guardrail });
  });

  test('is not called slow where the champion was never timed', () => {
    const champion = arm({ calls: 0, meanLatencyMs: null });
    expect(step({ meanLatencyMs: 80 }, { champion }).verdict).toBe('advance');
  });

  test('is not undone for errors that the champion makes as well', () => {
    const champion = arm({ errors: 20 });
    expect(step({ errors: 20 }, { champion }).verdict).toBe('advance');
  });
});
