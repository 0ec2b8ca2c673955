import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const outcomes = [
  ...['promoted', 'refused_by_validation', 'rejected_by_gate', 'inconclusive', 'rejected_by_person', 'expired'],
  ...['rolled_back', 'superseded', 'merged', 'skipped', 'queued', 'cancelled', 'failed'],
];

test('the demo tells its whole story on real flights, exits 0 and prints one document', {
  timeout: 1_200_000,
}, async () => {
  const demo = spawn(process.execPath, [join(root, 'bin', 'hone.mjs'), 'demo', '--json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, story] = ['', ''];
  demo.stdout.on('data', (chunk) => {
    out += chunk;
  });
  demo.stderr.on('data', (chunk) => {
    story += chunk;
  });
  const [code] = await once(demo, 'close');
  expect(code, story.slice(-2000)).toBe(0);
  const document = JSON.parse(out);

  for (const run of document.runs) expect(outcomes).toContain(run.outcome);
  const seen = document.runs.map((run: { outcome: string }) => run.outcome);
  expect(seen.slice(0, 3)).toEqual(['promoted', 'skipped', 'promoted']);
  expect(seen).toContain('refused_by_validation');
  expect(seen).toContain('rejected_by_gate');
  expect(seen).toContain('rolled_back');
  expect(document.runs[2].trigger).not.toBe('manual');
  expect(story).toContain('is killed with SIGKILL during training');
  expect(story).toContain('quality holds, not retraining');
  expect(story).toMatch(/Not decided: version \d+/);
  expect(document.ledger.ok).toBe(true);
  expect(document.months.length).toBeGreaterThanOrEqual(10);
  const mean = (policy: string) =>
    document.months.reduce(
      (sum: number, month: Record<string, { roc_auc: number }>) => sum + month[policy]!.roc_auc,
      0,
    ) / document.months.length;
  expect(mean('hone')).toBeGreaterThan(mean('never_retrained'));
});
