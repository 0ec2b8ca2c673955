/** `hone batch` as a person uses it, on a store with two tiny versions. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openServed, row } from '../serving/served.ts';
import { workspaceOn } from './story.ts';

test('rows of a file are scored with a version and copied out; list and show tell of it; damage is refused with 2', async () => {
  const served = await openServed();
  try {
    await served.promote(1);
    const { dir, hone } = await workspaceOn(served);
    const rows = Array.from({ length: 30 }, (_, i) => row(i + 1));
    await writeFile(join(dir, 'tonight.jsonl'), rows.map((one) => JSON.stringify(one)).join('\n'));

    expect((await hone('batch', 'list', 'flights-delay')).out).toMatch(/No batch of flights-delay was ever finished/);
    const asked = ['--data', join(dir, 'tonight.jsonl'), '--as-of', '2013-04-09T22:00:00Z'];
    const out = join(dir, 'predictions');
    const scored = await hone('batch', 'score', 'flights-delay@champion', ...asked, '--out', out);
    expect(scored).toMatchObject({ code: 0 });
    expect(scored.out).toMatch(/^Version 1 of flights-delay scored 30 rows of 2013-04-10: batch [0-9a-f]{16}\.\n/);
    expect(await readdir(join(out, 'date=2013-04-10'))).toEqual(['predictions.parquet']);
    const manifest = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));

    const shown = JSON.parse((await hone('batch', 'show', 'flights-delay', '--json')).out);
    expect(shown).toEqual(manifest);
    expect((await hone('batch', 'list', 'flights-delay')).out).toContain(`${manifest.batch}`);
    const copied = await hone('batch', 'export', 'flights-delay', manifest.batch, '--out', join(dir, 'again'));
    expect(copied).toMatchObject({ code: 0 });
    expect(await readdir(join(dir, 'again'))).toEqual(['date=2013-04-10', 'manifest.json']);

    expect(await hone('batch', 'show', 'flights-delay', 'f'.repeat(16))).toMatchObject({ code: 2 });
    expect(await hone('batch', 'score', 'flights-delay@shadow', ...asked)).toMatchObject({ code: 1 });
    await writeFile(join(dir, 'tonight.jsonl'), '{"flight_id": 1}');
    const refused = await hone('batch', 'score', 'flights-delay/1', ...asked);
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/there is no column .*carrier.*Nothing was scored/s);
  } finally {
    await served.close();
  }
});
