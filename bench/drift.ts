/** A whole drift report on two windows of a million rows and 19 columns, against Evidently's preset; reading counted. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ensurePython } from '../src/local/python.ts';
import { type Benchmark, type BenchmarkResult, median } from './contract.ts';
import type { DriftCost } from './setup/drift-alone.ts';
import { CATEGORICAL, driftWindow, NUMERIC } from './setup/drift-windows.ts';

const ROWS = 1_000_000;
const REPEATS = 5;
const peerFile = (name: string) => fileURLToPath(new URL(`./peers/evidently/${name}`, import.meta.url));
const ALONE = fileURLToPath(new URL('./setup/drift-alone.ts', import.meta.url));

export const benchmark: Benchmark = {
  about: `a drift report on two windows of ${ROWS} rows × 19 columns; peer Evidently 0.7.23's DataDriftPreset, pinned, measured once`,
  async run(progress) {
    const { python } = await ensurePython({ requirements: peerFile('requirements.txt'), onProgress: progress });
    const [reference, current] = [
      await driftWindow('reference', ROWS, progress),
      await driftWindow('current', ROWS, progress),
    ];
    const profile = join(tmpdir(), `hone-drift-profile-${process.pid}.json`);
    try {
      const both = await repeat([current, profile, reference]);
      const stored = await repeat([current, profile]);
      progress('The peer reads the same two files, once: it takes a minute or more.');
      const columns = JSON.stringify([...NUMERIC, ...CATEGORICAL]);
      const { stdout } = await promisify(execFile)(python, [peerFile('drift_preset.py'), reference, current, columns]);
      const peer = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
      progress(`The peer: ${stdout.trim().split('\n').at(-1)}`);
      const versus = (metric: string, unit: string, ours: number, theirs: number): BenchmarkResult => ({
        ...{ metric, unit, ours, peer: theirs, ratio: theirs / ours, repeats: REPEATS },
      });
      return [
        versus('report, both windows read', 'CPU s', both.cpu, peer.cpu_seconds),
        versus('report, stored reference', 'CPU s', stored.cpu, peer.cpu_seconds),
        versus('both windows read', 'wall s', both.wall, peer.wall_seconds),
        versus('memory, both windows read', 'GB RSS', both.rss, peer.max_rss_gb),
        { ...limited('report, stored reference', 'CPU s', stored.cpu, 0.5) },
        { ...limited('memory, stored reference', 'GB RSS', stored.rss, 0.35) },
      ];
    } finally {
      await rm(profile, { force: true });
    }
  },
};

export function limited(metric: string, unit: string, ours: number, limit: number): BenchmarkResult {
  return { metric, unit, ours, limit, ratio: limit / ours, repeats: REPEATS };
}

export async function repeat(argv: readonly string[], times = REPEATS) {
  const costs: DriftCost[] = [];
  for (let i = 0; i < times; i++) {
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', ALONE, ...argv]);
    costs.push(JSON.parse(stdout) as DriftCost);
  }
  const of = (pick: (cost: DriftCost) => number) => median(costs.map(pick));
  return { cpu: of((c) => c.cpu_seconds), wall: of((c) => c.wall_seconds), rss: of((c) => c.max_rss_gb) };
}
