/** The file that `hone model init` writes needs no touch to bring a first version before its approvers. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../config/workspace.ts';
import { smallTown } from '../town.ts';
import { workspace } from './story.ts';

test('a run of a file just made, on data that hone had never seen, trains, passes its gate and waits for a person', async () => {
  const { dir, hone } = await workspace();
  const said = await hone(
    'model',
    'init',
    'price',
    '--from',
    join(ROOT, 'examples/electricity_nsw/events/1998-*.parquet'),
  );
  expect(said.code, said.err).toBe(0);
  const made = parse(await readFile(join(dir, 'config/models/price.yaml'), 'utf8')) as Record<string, unknown>;

  const town = await smallTown({
    asOf: '1998-12-06T12:00:00Z',
    serving: false,
    edit(file) {
      const { model } = file;
      for (const key of Object.keys(file)) delete file[key];
      Object.assign(file, made, { model });
    },
  });
  try {
    const { run } = await town.trigger({ reason: 'first version' });
    const status = await town.runUntil(
      String(run),
      'a packet waits',
      ({ packet, waitingFor }) => packet !== null && waitingFor !== null,
    );
    expect(status).toMatchObject({ stage: 'approve', outcome: null });
    expect((await town.ledger.state()).nextVersion).toBeGreaterThan(1);
  } finally {
    await town.close();
  }
});
