import { describe, expect, test } from 'vitest';
import { guardrails } from '../../src/policy/guardrails.ts';
import { type ArmReading, judgeStep, type StepReading } from '../../src/policy/rollout.ts';

const limits = {
  shadow: false,
  bakeMs: 1000,
  maxWaitMs: 10_000,
  minRequests: 100,
  errorShare: 0.01,
  latencyRatio: 1.5,
};
const arm = (more: Partial<ArmReading> = {}): ArmReading => ({
  requests: 200,
  errors: 0,
  nan: 0,
  calls: 200,
  meanLatencyMs: 2,
  maxDisagreement: 1e-9,
  rowsChecked: 20,
  asShadow: 0,
  ...more,
});
const quiet = { champion: arm(), failing: null, failedToLoad: [], beyondLimits: [], scores: null, elapsedMs: 2000 };
const step = (candidate: Partial<ArmReading>, more: Partial<StepReading> = {}) =>
  judgeStep({ ...quiet, candidate: arm(candidate), ...more }, limits);

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
    ['service', {}, { beyondLimits: ['Prediction server n1: p99 latency 900 ms (limit 250 ms).'] }],
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

describe('entities that meet an error', () => {
  const failing = (evidence: number) => ({
    candidate: { trials: 1000, events: 9 },
    champion: { trials: 9000, events: 9 },
    evidence,
  });
  test('more of them than chance explains are undone, though each share is under its limit', () => {
    expect(step({ requests: 2000, errors: 9 }, { failing: failing(100) })).toEqual({
      verdict: 'undo',
      guardrail: 'errors',
      sentence:
        '9 of 1000 entities (0.90 %) met an error, with the champion 9 of 9000 entities (0.10 %): more than chance explains (α 0.01)',
    });
  });
  test('less evidence than that decides nothing', () => {
    expect(step({ requests: 2000, errors: 9 }, { failing: failing(99) }).verdict).toBe('advance');
  });
});

test('each guardrail says what it read; one without a sample is not judged yet, and stops nothing', () => {
  const rows = (more: Partial<StepReading>) =>
    Object.fromEntries(guardrails({ ...quiet, candidate: arm(), ...more }, limits).map((one) => [one.name, one]));
  const nothing = arm({ requests: 0, calls: 0, meanLatencyMs: null, maxDisagreement: null, rowsChecked: 0 });
  const verdicts = Object.values(rows({ candidate: nothing })).map(({ name, verdict }) => [name, verdict]);
  expect(Object.fromEntries(verdicts)).toEqual({
    ...{ load: 'holds', service: 'holds' },
    ...{ nan: 'not_judged', parity: 'not_judged', errors: 'not_judged', entities: 'not_judged', latency: 'not_judged' },
  });
  expect(rows({ candidate: arm({ errors: 10 }) })['errors']).toEqual({
    name: 'errors',
    reading: '10 requests, 5.00 %, the champion 0.00 %',
    limit: '1.00 %, and twice the champion’s',
    sample: '200 requests',
    verdict: 'breached',
    breach: "10 of 200 requests failed (5.00 %); the limit is 1.00 % and twice the champion's 0.00 %",
  });
  const failing = { candidate: { trials: 100, events: 2 }, champion: { trials: 1900, events: 2 }, evidence: 4.321 };
  expect(rows({ failing })['entities']).toMatchObject({
    reading: '2 of 100 (2.00 %) met an error, with the champion 2 of 1,900 (0.11 %); evidence 4.3',
    sample: '2,000 entities',
    verdict: 'holds',
  });
});

describe('a shadow', () => {
  const scores = { requests: 150, meanDifference: -0.012, meanAbsolute: 0.034, psi: 0.021 };
  const shadow = (candidate: Partial<ArmReading>, more: Partial<StepReading> = {}) =>
    judgeStep({ ...quiet, candidate: arm(candidate), scores, ...more }, { ...limits, shadow: true });

  test('counts what it scored, and a canary only what it answered', () => {
    expect(shadow({ asShadow: 150 }).verdict).toBe('advance');
    expect(shadow({ asShadow: 50 }).verdict).toBe('wait');
    expect(step({ requests: 200, asShadow: 150 }).verdict).toBe('wait');
  });

  test('says how far its scores are from those that were answered, and is not judged by it', () => {
    const far = { ...scores, meanDifference: 0.4, meanAbsolute: 0.4, psi: 9 };
    expect(shadow({ asShadow: 150 }, { scores: far }).verdict).toBe('advance');
    expect(shadow({ asShadow: 150 }).sentence).toContain(
      '150 requests without a breach. Against the champion on 150 of the same requests: mean −0.012, 0.034 apart on average, PSI 0.021',
    );
    const regression = shadow({ asShadow: 150 }, { scores: { ...scores, psi: null } });
    expect(regression.sentence).not.toContain('PSI');
  });

  test.each([
    ['nan', { nan: 1 }],
    ['parity', { maxDisagreement: 1e-3 }],
    ['errors', { errors: 10 }],
    ['latency', { meanLatencyMs: 80 }],
  ])('is undone at once by the guardrail %s', (guardrail, candidate) => {
    expect(shadow(candidate, { elapsedMs: 100 })).toMatchObject({ verdict: 'undo', guardrail });
  });

  test('without traffic is left to a person', () => {
    expect(shadow({ asShadow: 3 }, { elapsedMs: 11_000 })).toMatchObject({
      verdict: 'inconclusive',
      sentence: expect.stringContaining('only 3 requests of at least 100 within the longest wait: a person decides'),
    });
  });
});
