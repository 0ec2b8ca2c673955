/** A model with a join and a window of labels, from the trigger to the prediction server and through its next run. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lookupSet } from '../../src/data/features/lookup-contract.ts';
import { readVersion } from '../../src/registry/versions.ts';
import { FEATURE_DEFINITION_FILE, servedDefinition } from '../../src/serving/contract.ts';
import { getBlob, getDocument } from '../../src/store/content.ts';
import { exampleRow, smallTown } from '../town.ts';

test('a joined column and a window of labels are trained, served from lookups, and brought up to date by the next run', async () => {
  const tables = await mkdtemp(join(tmpdir(), 'hone-tables-'));
  onTestFinished(() => rm(tables, { recursive: true, force: true }));
  const planes = join(tables, 'carriers.csv');
  await writeFile(planes, 'carrier,valid_from,fleet\nUA,2004-01-01,700\nUA,2013-01-10,720\nAA,2004-01-01,600\n');
  const town = await smallTown({
    edit: (model) => {
      Object.assign(model['features'] as object, {
        joins: {
          airline: {
            ...{ path: planes, key: { carrier: 'carrier' }, valid_from: 'valid_from' },
            columns: { fleet: { type: 'int32', doc: 'aircraft' } },
          },
        },
        windows: {
          late_7d: {
            ...{ type: 'float32', by: ['carrier'], length: 'P7D', delay: 'PT1H', expr: 'avg(arrived_late)' },
            ...{ of_labels: true, doc: 'share of late flights' },
          },
        },
        sql: { fleet: { type: 'int32', expr: 'airline.fleet', doc: 'aircraft of the airline' } },
      });
    },
  });
  try {
    const first = (await town.trigger({})).run as string;
    await patiently(() => town.runUntil(first, 'an approval is waited for', ({ packet }) => packet !== null));
    const sending = town.traffic();
    await town.approve(first);
    expect(await town.end(first)).toMatchObject({ outcome: 'promoted' });
    await sending.stop();
    const champion = (await town.ledger.state()).aliases.champion?.version ?? 0;
    const { files } = await readVersion(town.store, town.model, champion);
    expect(files.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['lookup-join-airline.parquet', 'lookup-window-late_7d.parquet']),
    );
    const file = files.find(({ name }) => name === FEATURE_DEFINITION_FILE);
    const served = servedDefinition.parse(
      JSON.parse(String(Buffer.from(await getBlob(town.store, file?.sha256 ?? '')))),
    );
    expect(served.lookups?.map(({ of, name }) => `${of} ${name}`)).toEqual(['join airline', 'window late_7d']);

    const answer = await fetch(`${town.serving?.url}/v1/models/${town.model}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows: [{ ...exampleRow, flight_id: 1, tail_number: 'N1' }] }),
    });
    expect(answer.status, await answer.clone().text()).toBe(200);

    await town.setTime('2013-02-08T00:00:00Z');
    const second = (await town.trigger({ eventId: 'later' })).run as string;
    const trained = ['train', 'evaluate', 'gate', 'approve'];
    await patiently(() => town.runUntil(second, 'training begins', ({ stage }) => trained.includes(stage ?? '')));
    const days: string[] = [];
    for await (const key of town.store.list(`models/${town.model}/lookups/${served.definition.digest}/`)) {
      days.push((await getDocument(town.store, key, lookupSet)).as_of.slice(0, 10));
    }
    expect(days).toEqual(['2013-01-25', '2013-02-08']);
  } finally {
    await town.close();
  }
}, 600_000);

/** A run may take longer than one wait of the town allows: other work shares the machine. */
async function patiently(wait: () => Promise<unknown>): Promise<void> {
  await wait().catch(() => wait());
}
