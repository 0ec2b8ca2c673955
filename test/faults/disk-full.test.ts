/**
 * A disk that is full, as a small tmpfs. Where none can be mounted (no rights), the tests are skipped by name.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openLedger } from '../../src/registry/ledger.ts';
import { putBlob } from '../../src/store/content.ts';
import { openStore, proveConditionalCreate } from '../../src/store/open-store.ts';
import { registration } from '../registry/requests.ts';
import { following, model, openServed, row, scoreOf } from '../serving/served.ts';

const folder = mkdtempSync(join(tmpdir(), 'hone-full-'));
const mounted = mount(folder);
afterAll(() => {
  if (mounted) execFileSync('umount', ['-l', folder]);
  rmSync(folder, { recursive: true, force: true });
});
const why = mounted ? '' : ' (skipped: this user may mount no tmpfs)';

test.skipIf(!mounted)(
  `a store on a full disk refuses whole, keeps what it has, and goes on when there is room${why}`,
  async () => {
    const store = openStore(`file:${join(folder, 'store')}`);
    const ledger = openLedger(store, 'flights-delay');
    await ledger.append(registration('before'));
    await fill();
    const refused = { code: 'HONE_STORE_FULL', message: expect.stringMatching(/full|space/i) };
    await expect(putBlob(store, Buffer.alloc(300_000, 'x'), 'model.onnx')).rejects.toMatchObject(refused);
    await expect(ledger.append(registration('while it is full'))).rejects.toMatchObject(refused);
    await expect(proveConditionalCreate(store)).rejects.toMatchObject(refused);
    expect(await openLedger(store, 'flights-delay').verify()).toMatchObject({ ok: true, entries: 1 });
    expect(await readdir(join(folder, 'store', '.aside')), 'no half file is left').toEqual([]);

    await rm(join(folder, 'ballast'));
    expect(await ledger.append(registration('while it is full'))).toMatchObject({
      status: 'written',
      entry: { seq: 2 },
    });
  },
);

test.skipIf(!mounted)(
  `a prediction server whose disk is full answers on, and refuses a new version only${why}`,
  async () => {
    const served = await openServed();
    try {
      await served.promote(1);
      const node = await served.start({ cacheDir: join(folder, 'cache') });
      await node.until('version 1 is served', following(1));
      await fill();
      await served.register(2);
      await served.canary(2, 0);
      const at = await node.until('version 2 is refused', ({ models }) => {
        const here = models[model];
        return here?.failed.some(({ version }) => version === 2) || here?.loaded.includes(2) ? here : undefined;
      });
      expect(at).toMatchObject({ champion: 1, ready: true });
      expect(await node.predict(row(1))).toMatchObject([{ version: 1, prediction: expect.closeTo(scoreOf(1), 5) }]);
    } finally {
      await served.close();
    }
  },
);

function mount(at: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', at], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Until nothing more fits. */
async function fill(): Promise<void> {
  await expect(writeFile(join(folder, 'ballast'), Buffer.alloc(2_000_000))).rejects.toThrow(/ENOSPC/);
}
