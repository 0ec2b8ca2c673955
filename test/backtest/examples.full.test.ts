/** The two shipped sets, as docs/backtests.md tells them: minutes of training, so only in the full run. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backtest } from '../../src/backtest/backtest.ts';
import type { BacktestReport } from '../../src/backtest/contract.ts';
import type { Policy } from '../../src/backtest/policy.ts';
import { readPolicyFile } from '../../src/backtest/policy-file.ts';
import { loadWorkspace, modelOf } from '../../src/config/load.ts';
import { ROOT } from '../config/workspace.ts';
import { policy } from './small-past.ts';

/** Other processors and releases of the trainer move the third decimal. */
const TOLERANCE = 0.003;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-backtest-full-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function replayed(model: string, time: { from: string; to: string }, names: readonly string[], every: string) {
  const { config, file } = modelOf(await loadWorkspace(ROOT), model);
  const page = await readFile(join(ROOT, 'docs/backtests.md'), 'utf8');
  const [, text = ''] = /```yaml\n(policy: ungated-28-days[\s\S]*?)```/.exec(page) ?? [];
  await writeFile(join(dir, 'ungated.yaml'), text.replace('P28D', every));
  const ungated = await readPolicyFile({ dir: ROOT, modelFile: file, path: 'ungated.yaml', cwd: dir });
  const policies: Policy[] = [...names.map((name) => policy(config, name)), { ...ungated, name: 'ungated' }];
  const folders = { base: ROOT, workDir: join(dir, model), cacheDir: join(dir, 'cache') };
  return backtest({ config, policies, ...time, ...folders });
}

function auc({ policies }: BacktestReport, name: string): number {
  return policies.find((one) => one.name === name)?.pooled.roc_auc?.estimate ?? Number.NaN;
}

test('flights: the gated policy is behind an ungated one with as many trainings, and far ahead of never', async () => {
  const time = { from: '2013-03-01T00:00:00.000Z', to: '2014-01-01T00:00:00.000Z' };
  const report = await replayed('flights-delay', time, ['never', 'own'], 'P16D');
  expect(Math.abs(auc(report, 'never') - 0.6796)).toBeLessThan(TOLERANCE);
  expect(Math.abs(auc(report, 'own') - 0.705)).toBeLessThan(TOLERANCE);
  const [own, ungated] = report.policies.slice(1);
  expect(own?.trainings).toBe(ungated?.trainings);
  const gain = report.comparisons.find(({ policy: name, against }) => name === 'never' && against === 'own');
  expect(gain?.improvement.upper).toBeLessThan(0);
}, 1_800_000);

test('electricity: after the market opened a skill trigger renews the model, and runs fewer trainings than a schedule', async () => {
  const time = { from: '1996-08-05T00:00:00.000Z', to: '1998-12-06T00:00:00.000Z' };
  const report = await replayed('electricity-price', time, ['never', 'every-28-days', 'performance-only'], 'P28D');
  expect(Math.abs(auc(report, 'every-28-days') - 0.9354)).toBeLessThan(TOLERANCE);
  expect(Math.abs(auc(report, 'performance-only') - 0.9259)).toBeLessThan(TOLERANCE);
  expect(Math.abs(auc(report, 'ungated') - 0.9492)).toBeLessThan(TOLERANCE);
  expect(report.policies[2]?.trainings).toBeLessThan((report.policies[1]?.trainings ?? 0) / 3);
  expect(report.policies[2]?.false_triggers).toMatchObject({ false: 0 });
}, 1_800_000);
