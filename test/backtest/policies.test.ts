import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { calendar } from '../../src/backtest/calendar.ts';
import { shippedPolicies } from '../../src/backtest/policy.ts';
import { readPolicyFile } from '../../src/backtest/policy-file.ts';
import { ConfigInvalid } from '../../src/config/errors.ts';
import { loadWorkspace, modelOf } from '../../src/config/load.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { ROOT } from '../config/workspace.ts';

let dir: string;
let config: ModelConfig;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-policy-'));
  config = modelOf(await loadWorkspace(ROOT), 'flights-delay').config;
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function read(text: string) {
  await writeFile(join(dir, 'policy.yaml'), text);
  return readPolicyFile({ dir: ROOT, modelFile: 'config/models/flights-delay.yaml', path: 'policy.yaml', cwd: dir });
}

const problemsOf = async (text: string) => {
  const error = await read(text).catch((found: unknown) => found);
  if (!(error instanceof ConfigInvalid)) throw error;
  return error.problems;
};

describe('a policy file', () => {
  test('is merged over the model file key by key', async () => {
    const policy = await read(`policy: quick
about: a run every fortnight on six weeks
every: P14D
gate: off
approval_delay: P3D
triggers: { performance: { enabled: false }, limits: { cool_down: P1D } }
training: { window: { type: rolling, length: P42D } }
`);
    expect(policy).toMatchObject({
      name: 'quick',
      every: 'P14D',
      gate: false,
      approvalDelay: 'P3D',
      trainingTime: 'PT1H',
    });
    const { triggers, training } = policy.config;
    expect(triggers.performance).toEqual({ ...config.triggers.performance, enabled: false });
    expect(triggers.limits).toEqual({ ...config.triggers.limits, cool_down: 'P1D' });
    expect(training).toEqual({ ...config.training, window: { type: 'rolling', length: 'P42D' } });
    expect(policy.config.gate).toEqual(config.gate);
  });

  test('with a misspelt key, a value of another kind or a section of its own invention is refused at its line', async () => {
    expect(await problemsOf('policy: quick\nevry: P14D\n')).toMatchObject([
      { file: 'policy.yaml', line: 2, path: 'evry', hint: expect.stringContaining('every') },
    ]);
    expect(await problemsOf('policy: quick\ntriggers:\n  performance: { skil_drop: 5% }\n')).toMatchObject([
      { file: 'policy.yaml', line: 3, path: 'triggers.performance.skil_drop' },
    ]);
    expect(
      await problemsOf('policy: quick\ntraining:\n  window: { type: rolling, length: six weeks }\n'),
    ).toMatchObject([{ file: 'policy.yaml', line: 3, path: 'training.window.length' }]);
    expect(await problemsOf('policy: quick\ngate: { floors: {} }\n')).toMatchObject([{ line: 2, path: 'gate' }]);
    expect(await problemsOf('every: P7D\n')).toMatchObject([{ file: 'policy.yaml', path: 'policy' }]);
  });

  test('that is not there is named', async () => {
    const missing = { dir: ROOT, modelFile: 'config/models/flights-delay.yaml', path: 'no.yaml', cwd: dir };
    await expect(readPolicyFile(missing)).rejects.toMatchObject({ code: 'HONE_POLICY_FILE_MISSING', exitCode: 2 });
  });
});

test('the policies that hone brings differ in what starts a run, and keep the rest of the model file', () => {
  const policies = shippedPolicies(config);
  expect(policies.map(({ name }) => name)).toEqual([
    'never',
    'every-28-days',
    'weekly',
    'drift-only',
    'performance-only',
    'own',
    'weekly-rolling',
  ]);
  const byName = new Map(policies.map((one) => [one.name, one]));
  expect(byName.get('own')?.config).toBe(config);
  expect(byName.get('drift-only')?.config.triggers).toMatchObject({
    drift: { then: 'retrain' },
    ...{ schedule: { enabled: false }, performance: { enabled: false }, calibration: { enabled: false }, volume: null },
  });
  for (const policy of policies) expect(policy.config.gate).toBe(config.gate);
  const rolling = { ...config, training: { ...config.training, window: { type: 'rolling' as const, length: 'P60D' } } };
  expect(shippedPolicies(rolling).at(-1)).toMatchObject({
    ...{ name: 'weekly-all-history', config: { training: { window: { type: 'all_history' } } } },
  });
});

test('a schedule fires by its own clock, over the change to summer time', () => {
  const moments = calendar({ every: null, config }, Date.parse('2013-03-01'), Date.parse('2013-03-20'));
  const fired = moments.filter(({ schedule }) => schedule !== null);
  expect(fired.map(({ at }) => new Date(at).toISOString())).toEqual([
    ...['2013-03-04T11:00:00.000Z', '2013-03-11T10:00:00.000Z', '2013-03-18T10:00:00.000Z'],
  ]);
  expect(moments.filter(({ tick }) => tick)).toHaveLength(18);
});

test('a policy with a rhythm of its own counts from the start, and its day is one moment with the tick', () => {
  const quiet = shippedPolicies(config).find(({ name }) => name === 'never')?.config ?? config;
  const moments = calendar({ every: 'P7D', config: quiet }, Date.parse('2013-03-01'), Date.parse('2013-03-20'));
  expect(moments).toHaveLength(18);
  expect(moments.filter(({ schedule }) => schedule).map(({ at }) => new Date(at).getUTCDate())).toEqual([8, 15]);
});

test('the policy file of the how-to page is one', async () => {
  const page = await readFile(join(ROOT, 'docs/how-to/choose-a-retraining-policy.md'), 'utf8');
  const [, text] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const policy = await read(text ?? '');
  expect(policy).toMatchObject({ name: 'fortnightly', every: 'P14D' });
});
