/** `hone registry verify` and `hone registry gc` as a person uses them. */
import { expect, test } from 'vitest';
import { readVersion } from '../../src/registry/versions.ts';
import { blobKey, putBlob } from '../../src/store/content.ts';
import { model, openServed } from '../serving/served.ts';
import { workspaceOn } from './story.ts';

test('a version with a changed file ends verify with 1; unused content is listed and stays until it is old', async () => {
  const served = await openServed();
  try {
    await served.promote(1);
    const { hone } = await workspaceOn(served);
    const well = await hone('registry', 'verify');
    expect(well).toMatchObject({ code: 0, out: expect.stringContaining('Every file is what was written.') });

    const stray = await putBlob(served.store, Buffer.from('nobody’s'), 'stray');
    const listed = await hone('registry', 'gc', '--dry-run');
    expect(listed).toMatchObject({ code: 0, out: expect.stringContaining('too young') });
    expect(listed.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
    const left = JSON.parse((await hone('registry', 'gc', '--delete', '--json')).out);
    expect(left).toEqual({ dry_run: false, removed: [] });
    expect(await served.store.size(blobKey(stray.sha256))).toBeDefined();
    expect(await hone('registry', 'gc', '--grace', 'soon')).toMatchObject({ code: 2 });

    const [file] = (await readVersion(served.store, model, 1)).files;
    await served.store.put(blobKey(file?.sha256 ?? ''), Buffer.from('something else'));
    const broken = await hone('registry', 'verify', model);
    expect(broken).toMatchObject({ code: 1, out: expect.stringContaining('BROKEN') });
    const document = JSON.parse((await hone('registry', 'verify', '--json')).out);
    expect(document).toMatchObject({ ok: false, versions: [{ model, version: 1, problems: [expect.any(String)] }] });
  } finally {
    await served.close();
  }
});
