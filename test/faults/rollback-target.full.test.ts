/** The version that a rollback would return to cannot be loaded any more: a rollout does not begin. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readVersion } from '../../src/registry/versions.ts';
import { MODEL_FILE } from '../../src/serving/contract.ts';
import { blobKey } from '../../src/store/content.ts';
import type { Town } from '../town.ts';
import { promoteFirst, startSecond, townForTwo } from './champion.ts';
import { expectInvariants, served } from './invariants.ts';

let town: Town;
beforeAll(async () => {
  town = await townForTwo({
    edit: (model) => {
      model['training'] = { ...(model['training'] as object), refit: 'none' };
    },
  });
  await promoteFirst(town);
});
afterAll(() => town.close());

test('one bit of the champion is damaged while a run waits: the approved version is not rolled out, and predictions go on', async () => {
  const before = served(await town.ledger.state());
  const traffic = town.traffic();
  const run = await startSecond(town, 'no way back');
  await town.runUntil(run, 'an approval is waited for', ({ waitingFor }) => waitingFor !== null);
  const mend = await damage(before.champion ?? 0);
  await town.approve(run);

  await expect(town.end(run)).rejects.toThrow();
  expect(await town.status(run)).toMatchObject({
    outcome: 'failed',
    sentence: expect.stringMatching(/is not what was written/),
  });
  expect(served(await town.ledger.state())).toEqual(before);
  expect(await traffic.stop(), 'the champion answers from memory').toMatchObject({ failed: 0 });
  await mend();
  await expectInvariants(town);
});

/** Flips a bit of the stored model. Returns what puts it back. */
async function damage(version: number): Promise<() => Promise<void>> {
  const { files } = await readVersion(town.store, town.model, version);
  const sha256 = files.find(({ name }) => name === MODEL_FILE)?.sha256 ?? '';
  const file = join(town.dir, 'store', blobKey(sha256));
  const whole = await readFile(file);
  const other = Buffer.from(whole);
  const middle = other.length >> 1;
  other[middle] = (other[middle] ?? 0) ^ 1;
  await writeFile(file, other);
  return () => writeFile(file, whole);
}
