/** `hone export` as a person uses it. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openServed } from '../serving/served.ts';
import { workspaceOn } from './story.ts';

test('a version goes to a folder with the lines to load it; a folder of something else is refused with 6', async () => {
  const served = await openServed();
  try {
    await served.promote(1);
    const { dir, hone } = await workspaceOn(served);
    const out = join(dir, 'bundle');
    const said = await hone('export', 'flights-delay@champion', '--out', out);
    expect(said).toMatchObject({ code: 0 });
    expect(said.out).toContain(`Version 1 of flights-delay is in ${out}: 4 files`);
    expect(said.out).toContain('onnxruntime-node and @duckdb/node-api (DuckDB');
    expect(await readdir(out)).toContain('bundle.json');
    const again = JSON.parse((await hone('export', 'flights-delay/1', '--out', out, '--json')).out);
    expect(again).toMatchObject({ model: 'flights-delay', version: 1, lineage: { run: null } });
    await mkdir(join(dir, 'mine'));
    await writeFile(join(dir, 'mine/notes.txt'), '');
    expect(await hone('export', 'flights-delay/1', '--out', join(dir, 'mine'))).toMatchObject({ code: 6 });
    expect(await hone('export', 'flights-delay/9', '--out', join(dir, 'none'))).toMatchObject({ code: 1 });
  } finally {
    await served.close();
  }
});
