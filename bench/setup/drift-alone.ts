/** One drift report in a process of its own, so that its memory can be told; prints what it cost as JSON. */
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { withDuckDb } from '../../src/data/engine.ts';
import { parquetOf } from '../../src/data/sql-text.ts';
import { referenceProfile as stored } from '../../src/drift/contract.ts';
import { judgeDrift } from '../../src/drift/judge.ts';
import { profileGroups } from '../../src/drift/profile.ts';
import { gridOf, referenceProfile } from '../../src/drift/reference.ts';
import { CATEGORICAL, NUMERIC } from './drift-windows.ts';

export interface DriftCost {
  readonly cpu_seconds: number;
  readonly wall_seconds: number;
  readonly max_rss_gb: number;
  readonly moved: readonly string[];
}

/** Arguments: current, the file of a stored profile, and the reference where that profile is to be made first. */
async function main([current = '', profile = '', reference]: readonly string[]): Promise<void> {
  const started = performance.now();
  const before = process.cpuUsage();
  const request = { numeric: NUMERIC, categorical: CATEGORICAL, timeColumn: null, workDir: tmpdir() };
  if (reference !== undefined) {
    await writeFile(profile, JSON.stringify(await referenceProfile({ paths: [reference], ...request })));
  }
  const frozen = stored.parse(JSON.parse(await readFile(profile, 'utf8')));
  const columns = Object.entries(frozen.columns).map(([name, { profile: own }]) => ({
    ...{ name, kind: own.kind },
    ...gridOf(own),
  }));
  const now = await withDuckDb({ tempDir: tmpdir(), memoryMb: 512 }, (db) =>
    profileGroups(db, parquetOf([current]), columns),
  );
  const found = now.get(0) ?? { rows: 0, columns: {} };
  const report = judgeDrift(frozen, found, { psiLimit: 0.1, minRows: 100, days: null, windowName: 'now' });
  const { user, system } = process.cpuUsage(before);
  const cost: DriftCost = {
    cpu_seconds: (user + system) / 1e6,
    wall_seconds: (performance.now() - started) / 1000,
    max_rss_gb: process.resourceUsage().maxRSS / 2 ** 20,
    moved: report.dataset.moved,
  };
  console.log(JSON.stringify(cost));
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
