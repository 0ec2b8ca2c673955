/** A tiny soak; `npm run soak` is the long one (docs/faults.md). */
import { expect, test } from 'vitest';
import { soak } from './soak/soak.ts';

test('a minute of random triggers, decisions, deployments and faults leaves everything that must hold', {
  timeout: 12 * 60_000,
}, async () => {
  const seed = Number(process.env['HONE_TEST_SEED'] ?? Date.now() % 1_000_000);
  const { problems, figures } = await soak({ minutes: 1, models: 3, seed, say: () => undefined });
  expect(problems, `HONE_TEST_SEED=${seed}`).toEqual([]);
  expect(figures['ledger entries'], 'something happened').toBeGreaterThan(20);
});
