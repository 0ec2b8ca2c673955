/** The shadow before a canary on a real server and a real prediction server: judged, steered by people, undone. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { commandRollout } from '../../src/client/decisions.ts';
import { readNodes } from '../../src/serving/nodes.ts';
import { smallTown, type Town } from '../town.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let town: Town;
beforeAll(async () => {
  town = await smallTown({
    edit: ({ training, gate, deploy, monitoring }) => {
      Object.assign(training as object, { refit: 'none' });
      const champion = { promote_when: 'non_inferior', margin: { roc_auc: 0.4, log_loss: 0.4 } };
      Object.assign(gate as object, { champion, slices: { columns: [] } });
      Object.assign(deploy as object, { shadow: { bake: 'PT1S', min_requests: 20, max_wait: 'PT20S' } });
      Object.assign(monitoring as object, { service: { p99_ms: 60_000, error_share: '20%', min_requests: 50 } });
    },
  });
});
afterAll(() => town?.close());

const start = async (reason: string) => {
  const { run } = await town.trigger({ reason });
  await town.approve(run ?? '');
  return run ?? '';
};
const held = (run: string) =>
  town.runUntil(run, 'it is held', ({ rollout, waitingFor }) => rollout !== null && waitingFor !== null);
const say = (run: string, command: string) => commandRollout(town.client, run, command, { by: 'ana' });
const entriesOf = async (run: string) => {
  const found = [];
  for await (const entry of town.ledger.entries())
    if (entry.effectId.startsWith(`${run}/`))
      found.push([entry.change.kind, entry.state.aliases.shadow?.version ?? null]);
  return found;
};
const whysOf = async (run: string, kind: string) => {
  const found = [];
  for await (const { effectId, change, why } of town.ledger.entries())
    if (effectId.startsWith(`${run}/`) && change.kind === kind) found.push(why);
  return found;
};
const stage = (version: number, fault: string, share: number) =>
  fetch(`${town.serving?.url}/v1/staged-faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: town.model, version, fault, share }),
  });

test('the first version has no shadow, because nothing is answered beside it', async () => {
  const run = await start('the first');
  expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 1 });
  expect(await entriesOf(run)).not.toContainEqual(['rollout_prepared', 1]);
});

test('a candidate scores live requests as a shadow, then takes its shares', async () => {
  const traffic = town.traffic();
  const run = await start('the second');
  await town.runUntil(run, 'it is a shadow', ({ rollout }) => rollout?.step === 0);
  expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 2 });
  expect((await traffic.stop()).failed).toBe(0);
  expect((await entriesOf(run)).filter(([kind]) => String(kind).startsWith('rollout') || kind === 'promoted')).toEqual([
    ['rollout_prepared', 2],
    ['rollout_step', null],
    ['promoted', null],
  ]);
  const [first] = await whysOf(run, 'rollout_step');
  expect(first).toMatch(
    /as a shadow: \d+ requests without a breach\. Against the champion on \d+ of the same requests: mean /,
  );
  const [node] = await readNodes(town.store);
  expect(node?.models[town.model]?.arms['2']?.shadow?.compared).toBeGreaterThanOrEqual(20);
});

test('without traffic a person is asked, who may pause it and send it on to its canary', async () => {
  const run = await start('the third');
  const asked = await held(run);
  expect(asked).toMatchObject({ rollout: { step: 0 }, waitingFor: expect.stringContaining('too little traffic') });
  expect(asked.sentence).toContain('as a shadow: only 0 requests of at least 20');
  await say(run, 'pause');
  await town.runUntil(run, 'it is paused', ({ rollout }) => rollout?.paused === true);
  const traffic = town.traffic();
  await say(run, 'promote');
  expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 3 });
  await traffic.stop();
});

test('NaN of a shadow takes it back before anybody got an answer of it, and an abort does so too', async () => {
  await stage(4, 'nan', 0.5);
  const traffic = town.traffic();
  const run = await start('the fourth');
  const end = await town.end(run);
  expect(end).toMatchObject({ outcome: 'rolled_back' });
  expect(end.sentence).toContain('was stopped as a shadow by the guardrail nan');
  expect(await entriesOf(run)).toContainEqual(['rollout_undone', null]);
  expect((await traffic.stop()).failed).toBe(0);

  const aborted = await start('the fifth');
  await held(aborted);
  await say(aborted, 'abort');
  expect(await town.end(aborted)).toMatchObject({ outcome: 'rolled_back' });
  const { aliases, routing } = await town.ledger.state();
  expect(aliases).toMatchObject({ champion: { version: 3 }, shadow: null, challenger: null });
  expect(routing.arms).toEqual([{ version: 3, share: 100, lease: null }]);
});

test('a server beyond a limit of monitoring.service takes the candidate back; while it is, none begins', async () => {
  const run = await start('the sixth');
  await held(run);
  await stage(3, 'error', 1); // the champion itself: the server's answers are 503
  const traffic = town.traffic();
  const end = await town.end(run);
  await traffic.stop();
  await stage(3, 'error', 0);
  expect(end).toMatchObject({ outcome: 'rolled_back' });
  expect(end.sentence).toMatch(/guardrail service: Prediction server .* of answers are errors \(limit 20 %\)/);
});
