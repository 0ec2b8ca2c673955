/** Five retraining policies through ten months of flights, nothing cached: wall and processor time against six minutes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { backtest } from '../src/backtest/backtest.ts';
import { shippedPolicies } from '../src/backtest/policy.ts';
import { loadWorkspace, modelOf } from '../src/config/load.ts';
import type { Benchmark, BenchmarkResult } from './contract.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const POLICIES = ['never', 'every-28-days', 'weekly', 'performance-only', 'own'];
const LIMIT_S = 360;

export const benchmark: Benchmark = {
  about: `hone backtest of ${POLICIES.length} policies on flights, 2013-03-01 to 2014-01-01, first from nothing, then from the cache; under ${LIMIT_S} s on 2 quiet cores`,
  async run(progress) {
    const { config } = modelOf(await loadWorkspace(ROOT), 'flights-delay');
    const policies = shippedPolicies(config).filter(({ name }) => POLICIES.includes(name));
    const dir = await mkdtemp(join(tmpdir(), 'hone-bench-backtest-'));
    const once = async (name: string): Promise<BenchmarkResult[]> => {
      const [started, before] = [performance.now(), process.cpuUsage()];
      const report = await backtest({
        ...{ config, policies, from: '2013-03-01T00:00:00.000Z', to: '2014-01-01T00:00:00.000Z', base: ROOT },
        ...{ workDir: join(dir, 'work'), cacheDir: join(dir, 'cache'), onProgress: progress },
      });
      const { user, system } = process.cpuUsage(before);
      const made = report.policies.reduce((sum, { models_trained: count }) => sum + count, 0);
      progress(`${name}: ${made} models over all policies, those that several share counted each time`);
      const limited = (metric: string, ours: number): BenchmarkResult => ({
        ...{ metric: `${name}, ${metric}`, unit: 's', ours, limit: LIMIT_S, ratio: LIMIT_S / ours, repeats: 1 },
      });
      return [
        limited('wall', (performance.now() - started) / 1000),
        limited('CPU of hone itself, without trainers', (user + system) / 1e6),
      ];
    };
    try {
      return [...(await once('from nothing')), ...(await once('from the cache'))];
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
};
