/** A window of twenty million rows and 19 columns against a stored reference: CPU and memory that a tick may take. */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark } from './contract.ts';
import { limited, repeat } from './drift.ts';
import { driftWindow } from './setup/drift-windows.ts';

const ROWS = 20_000_000;
const REPEATS = 3;

export const benchmark: Benchmark = {
  about: `a window of ${ROWS} rows × 19 columns against a stored reference: at most 6 s CPU and 0.35 GB`,
  async run(progress) {
    const reference = await driftWindow('reference', 1_000_000, progress);
    const small = await driftWindow('current', 1_000_000, progress);
    const current = await driftWindow('current', ROWS, progress);
    const profile = join(tmpdir(), `hone-drift-profile-${process.pid}.json`);
    try {
      await repeat([small, profile, reference], 1);
      const { cpu, wall, rss } = await repeat([current, profile], REPEATS);
      return [
        { ...limited('report, stored reference', 'CPU s', cpu, 6), repeats: REPEATS },
        { metric: 'report, stored reference', unit: 'wall s', ours: wall, repeats: REPEATS },
        { ...limited('memory', 'GB RSS', rss, 0.35), repeats: REPEATS },
      ];
    } finally {
      await rm(profile, { force: true });
    }
  },
};
