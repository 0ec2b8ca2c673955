/** Looks at the market change through Temporal: many of them ask for a run, the owner starts one. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { lookNow } from '../../src/client/ticks.ts';
import { readTick } from '../../src/monitoring/read-ticks.ts';
import { promote, registerVersion } from '../../src/registry/changes.ts';
import { smallTown, type Town } from '../town.ts';
import { type Market, openMarket } from './electricity-log.ts';

const root = resolve(import.meta.dirname, '..', '..');
let town: Town;
let market: Market;
beforeAll(async () => {
  const file = parse(await readFile(`${root}/config/models/electricity-price.yaml`, 'utf8'));
  town = await smallTown({
    asOf: '1997-05-07T00:00:00Z',
    serving: false,
    edit(model) {
      const { model: name } = model;
      for (const key of Object.keys(model)) delete model[key];
      file.data.source.path = `${root}/examples/electricity_nsw/events/*.parquet`;
      const triggers = { ...file.triggers, drift: { then: 'retrain' }, merge_window: 'PT0.2S' };
      Object.assign(model, file, { model: name, triggers });
    },
  });
  const { config } = town.workspace.models.get(town.model)!;
  market = await openMarket({ store: town.store, config });
  await market.fit(1, { from: '1997-02-19', to: '1997-04-20', run: 'before-hone-000001' });
  await market.log(1, { from: '1997-04-20', to: '1997-05-09' });
  const as_of = '1997-04-20T00:00:00.000Z';
  const common = { as_of, actor: 'test', trust: 'system', why: 'the first champion' } as const;
  const registered = registerVersion({ version: 1, run: null, manifest: '0'.repeat(64) });
  await town.ledger.append({ ...common, effectId: 'first/register', step: registered });
  const first = promote({ version: 1, effectId: 'first/promote', as: 'first', as_of, labels: null });
  await town.ledger.append({ ...common, effectId: 'first/promote', step: first });
});
afterAll(async () => {
  await town.close();
  await market.close();
});

test('five looks on two days ask for a run each time it is seen, and exactly one starts', async () => {
  const look = (id: string) => lookNow(town.client, town.model, id);
  const same = await Promise.all(['a', 'b', 'c'].map(look));
  const report = await readTick(town.store, same[0]?.report ?? '');
  expect(report.sentence).toMatch(/^Asks for a run \(drift\): 3 features moved: transfer, vic_demand, vic_price\./);
  await town.setTime('1997-05-08T00:00:00Z');
  const next = await Promise.all(['d', 'e'].map(look));
  const answers = [...same, ...next].flatMap(({ triggered }) => triggered);
  expect(answers).toHaveLength(5);

  const started: string[] = [];
  for await (const { change } of town.ledger.entries()) if (change.kind === 'run_started') started.push(change.run);
  expect(started).toEqual([`${town.model}-000001`]);
  expect(new Set(answers.map(({ run }) => run))).toEqual(new Set(started));
});
