/** A run that chooses among listed configurations: what it trains, what it keeps, and what it chooses by. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { comparisonText } from '../../src/cli/run-comparison-text.ts';
import { runStory } from '../../src/client/run-story.ts';
import { compareRuns } from '../../src/gate/compare-runs.ts';
import { cardOf, modelCard } from '../../src/gate/model-card.ts';
import { packetOfRun } from '../../src/gate/read-packet.ts';
import { sections } from '../../src/gate/sections.ts';
import { readVersion } from '../../src/registry/versions.ts';
import { reproduce } from '../../src/training/reproduce.ts';
import { keptSearch } from '../../src/training/search/kept.ts';
import { smallTown, type Town } from '../town.ts';

const configurations = [
  { name: 'stump', params: { n_estimators: 2, num_leaves: 2 } },
  { params: { num_leavs: 15 } },
  { name: 'bushy', params: { num_leaves: 15 } },
  { name: 'bushy-again', params: { num_leaves: 15 } },
];

let town: Town;
beforeAll(async () => {
  town = await smallTown({
    serving: false,
    edit: (file) => Object.assign(file['training'] as object, { search: { at_once: 2, configurations } }),
  });
});
vi.setConfig({ testTimeout: 300_000 });
afterAll(() => town.close());

test('the best of the trials becomes the candidate and is refitted; a failed one and a repeated one are kept', async () => {
  const { store, model, client } = town;
  const run = (await town.trigger({})).run as string;
  const { packet } = await town.runUntil(run, 'a packet waits', (status) => status.packet !== null);

  const search = (await keptSearch(store, model, run)) ?? expect.fail();
  expect(search).toMatchObject({ metric: 'roc_auc', better: 'higher', chosen: 'bushy' });
  const [stump, wrong, bushy, again] = search.trials;
  expect(search.trials.map(({ name }) => name)).toEqual(['stump', '2', 'bushy', 'bushy-again']);
  expect(bushy?.params).toMatchObject({ n_estimators: 15, num_leaves: 15 });
  expect(bushy?.value).toBeGreaterThan(stump?.value ?? 1);
  expect(again).toEqual({ ...bushy, name: 'bushy-again', same_as: 'bushy' });
  expect(wrong).toMatchObject({ value: null, digest: null });
  expect(wrong?.failed).toContain("no parameter 'num_leavs'; did you mean 'num_leaves'?");

  const judged = await readVersion(store, model, 1);
  expect(judged).toMatchObject({ search, params: bushy?.params });
  expect(judged.files.find(({ name }) => name === 'model.onnx')?.sha256).toBe(bushy?.digest);
  // The trainer computed the same figure on the same rows by itself.
  expect(judged.metrics['roc_auc']).toBeCloseTo(bushy?.value ?? 0, 6);
  expect(await readVersion(store, model, 2)).toMatchObject({ twin: 1, refit: 'full', params: bushy?.params });

  const shown = (await packetOfRun(store, model, run)) ?? expect.fail();
  const trials = sections(shown).find(({ title }) => title === 'Trials');
  expect(trials?.lines[0]).toBe(
    `Chosen among 4 trials: bushy, by roc_auc on ${search.rows?.toLocaleString('en-US')} validation rows. 1 of them failed.`,
  );
  expect(trials?.table?.rows).toHaveLength(4);

  const config = town.workspace.models.get(model)?.config ?? expect.fail();
  const card = modelCard(cardOf({ packet: shown, manifest: judged, config }));
  expect(card).toContain(`## Trials\n- ${search.sentence}`);

  const both = [run, run].map((one) => ({ model, run: one }));
  const compared = comparisonText((await compareRuns(store, both)).comparison);
  expect(compared).toContain(`Trials of ${run}`);
  expect(compared).toMatch(/bushy \(chosen\) +0\.\d{5} +n_estimators 15, num_leaves 15/);

  const temporal = await client.temporal();
  const history = await temporal.workflow.getHandle(run).fetchHistory();
  const scheduled = history.events?.flatMap(
    (one) => one.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
  );
  expect(scheduled?.filter((name) => name === 'trial')).toHaveLength(3);
  const inHistory = history.events?.map((one) => JSON.stringify(one).length) ?? [];
  expect(Math.max(...inHistory)).toBeLessThan(30_000);

  await temporal.workflow
    .getHandle(run)
    .signal('reject', { packet: packet?.slice(0, 8), by: 'ana', comment: 'a test' });
  await town.end(run);
  expect((await runStory(client, store, run)).search).toEqual(search);
  const record = JSON.parse(Buffer.from(await store.get(`models/${model}/runs/${run}/record.json`)).toString());
  expect(record.search).toEqual(search);

  const folders = { cacheDir: join(town.dir, 'cache'), workDir: join(town.dir, 'again'), base: town.dir };
  expect(await reproduce(model, 2, { store, ...folders })).toMatchObject({ equal: true, identical: true });
});
