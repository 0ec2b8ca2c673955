/** Somebody terminates a run in Temporal while its canary answers: no undo runs, and callers must not notice. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reconcileAll } from '../../src/client/reconcile.ts';
import { scheduleIds } from '../../src/client/schedules.ts';
import type { LedgerEntry } from '../../src/registry/contract.ts';
import { listVersions } from '../../src/registry/versions.ts';
import { readNodes } from '../../src/serving/nodes.ts';
import type { Town } from '../town.ts';
import { canaryAnswers, endlessCanary, promoteFirst, startSecond, townForTwo } from './champion.ts';
import { eventually } from './eventually.ts';
import { expectInvariants, served } from './invariants.ts';
import { judgePredictions, startPredictions } from './soak/predictions.ts';

let town: Town;
beforeAll(async () => {
  town = await townForTwo({
    edit: (model) => {
      model['training'] = { ...(model['training'] as object), refit: 'none' };
      model['deploy'] = endlessCanary;
    },
  });
  await promoteFirst(town);
});
afterAll(async () => {
  // The reconciler has made the schedules that the configuration asks for.
  const { schedule } = await town.client.temporal();
  const made = Object.values(scheduleIds(town.model)).map((id) => schedule.getHandle(id));
  await Promise.all(made.map((one) => one.delete().catch(() => undefined)));
  await town.close();
});

test('a run that is terminated while its canary answers leaves no request unanswered and no candidate behind', {
  timeout: 4 * 60_000,
}, async () => {
  const { model, store, client, ledger } = town;
  const before = served(await ledger.state());
  const predictions = startPredictions({ models: [model], nodes: [town.serving?.url ?? ''] }, 100);
  const run = await startSecond(town);
  await town.approve(run);
  await canaryAnswers(town, run);
  const candidate = (await ledger.state()).aliases.challenger?.version ?? 0;
  await (await client.temporal()).workflow.getHandle(run).terminate('from outside');

  // Nobody renews its lease: the server takes the share back by itself, before anybody has looked.
  await eventually(async () => {
    const [node] = await readNodes(store);
    expect(node?.models[model]?.lapsed).toContain(candidate);
  }, 120_000);
  const alone = predictions.answered.length;
  const now = new Date(Date.now() + 5 * 60_000).toISOString();
  const { repairs } = await reconcileAll({
    client,
    store,
    clock: 'logical',
    scratchDir: join(town.dir, 'scratch'),
    now,
  });
  const ofRun = repairs.filter(({ finding }) => finding.kind === 'run_gone');
  expect(ofRun).toMatchObject([{ result: 'repaired', finding: { run, candidate: { version: candidate, share: 25 } } }]);

  expect(served(await ledger.state())).toEqual(before);
  expect((await listVersions(store, model)).map(({ status }) => status)).toEqual(['production', 'rejected']);
  await eventually(async () => expect(predictions.answered.length).toBeGreaterThan(alone + 50), 60_000);
  await predictions.stop();
  const entries: LedgerEntry[] = [];
  for await (const entry of ledger.entries()) entries.push(entry);
  expect(judgePredictions(predictions, model, entries), 'I9').toEqual([]);
  expect(predictions.later, 'nobody was told to come again').toEqual([]);
  expect(new Set(predictions.answered.map(({ version }) => version)), 'the canary had answered').toContain(candidate);
  expect(predictions.answered.slice(alone).filter(({ version }) => version === candidate)).toEqual([]);
  await expectInvariants(town);
});
