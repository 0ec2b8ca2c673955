/** A replayed run chooses among trials as a real one does, and is judged by metrics of the file too. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backtest, replayPolicies } from '../../src/backtest/backtest.ts';
import { TaskNotReplayed } from '../../src/backtest/errors.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import { FROM, policy, smallPast } from './small-past.ts';

let dir: string;
let config: ModelConfig;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-backtest-search-'));
  config = await smallPast(dir, ({ training, gate }) => {
    training.search.configurations = [
      { name: 'stump', params: { n_estimators: 1, num_leaves: 2, learning_rate: 0.01 } },
      { name: 'wrong', params: { num_leaves: 1 } },
      { name: 'good', params: {} },
      { name: 'same', params: {} },
    ];
    gate.metrics = { all_late: { sql: 'SELECT avg(1 - decision) FROM predictions', better: 'lower', floor: 0.0 } };
  });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const order = () => ({
  ...{ config, from: FROM, to: '2021-02-17T00:00:00.000Z', base: dir },
  ...{ workDir: join(dir, 'work'), cacheDir: join(dir, 'cache') },
});

test('trials are chosen on validation rows, the refit takes the parameters of the winner, and custom metrics judge', async () => {
  const replayed = { ...order(), policies: [policy(config, 'every-28-days', { every: 'P14D' })] };
  const { replays } = await replayPolicies(replayed);
  const [{ trained, runs }] = replays as [(typeof replays)[number]];
  const leaves = trained.map(({ params }) => params['num_leaves']);
  // The first version: two trials (one fails) and the refit. The run after a fortnight: two trials.
  expect(leaves).toEqual([2, 7, 7, 2, 7]);
  expect(runs).toHaveLength(1);
  expect(runs[0]).toMatchObject({ outcome: 'rejected_by_gate', sentence: expect.stringContaining('all_late') });
});

test('several classes are refused by name', async () => {
  const several: ModelConfig = { ...config, task: 'multiclass' };
  await expect(backtest({ ...order(), config: several, policies: [policy(several, 'never')] })).rejects.toThrow(
    TaskNotReplayed,
  );
});
