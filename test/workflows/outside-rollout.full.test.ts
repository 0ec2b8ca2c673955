/** Whole rollouts through a pipeline: real Temporal, real HTTP both ways, and a pipeline that answers well or badly. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { packetOfRun } from '../../src/gate/read-packet.ts';
import { readAttestation } from '../../src/registry/versions.ts';
import type { Pipeline } from '../deployment/pipeline.ts';
import { skipTimeUntil } from '../time.ts';
import { exampleRow } from '../town.ts';
import { type PipedTown, pipedTown } from './piped-town.ts';

vi.setConfig({ testTimeout: 300_000 });

let town: PipedTown;
let pipeline: Pipeline;
beforeAll(async () => {
  town = await pipedTown();
  pipeline = town.pipeline;
});
afterAll(() => town?.close());
beforeEach(() => {
  pipeline.next.length = 0;
  pipeline.told.length = 0;
});

async function start(reason: string): Promise<string> {
  const { run } = await town.trigger({ reason });
  await town.approve(run ?? '');
  return run ?? '';
}
const champion = async () => (await town.ledger.state()).aliases.champion?.version ?? null;
const changes = (run: string) => [...pipeline.made.keys()].filter((key) => key.startsWith(run));

test('the first version goes to all requests when the pipeline has answered and shows it', async () => {
  pipeline.next.push('wrong_version_first');
  const run = await start('the first');
  expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 1 });
  expect(pipeline.serving).toMatchObject({ version: 1, share: 100 });
  expect(pipeline.told).toEqual(['409 HONE_DEPLOYMENT_VERSION_WRONG', '200 accepted']);
  expect(await champion()).toBe(1);
});

test('without requests to replay a person decides; then an answer given twice counts once', async () => {
  pipeline.next.push('twice');
  const run = await start('the second');
  const asked = await town.runUntil(run, 'a person is asked', ({ rollout, waitingFor }) =>
    Boolean(rollout && waitingFor?.startsWith('promote or abort')),
  );
  expect(asked.sentence).toContain('shadow by replay');
  await (await town.client.temporal()).workflow.getHandle(run).signal('promote', { by: 'ana' });
  expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 2 });
  expect(pipeline.told).toEqual(['200 accepted', '200 repeated']);
  expect(changes(run)).toEqual([`${run}/deploy/share-100`]);
});

test('a pipeline that says it failed leads back, and the undo is read back', async () => {
  const before = await champion();
  pipeline.split = true;
  pipeline.next.push('callback', 'failed');
  const run = await start('the third');
  const end = await town.end(run);
  expect(end).toMatchObject({ outcome: 'rolled_back' });
  expect(end.sentence).toContain('the cluster is full');
  expect(end.sentence).toContain(`the deployment target shows version ${before} at 100 %`);
  expect(pipeline.serving).toMatchObject({ version: before, share: 100 });
  expect(await champion()).toBe(before);
});

test('a pipeline that never answers meets its deadline, its late answer is refused, and nothing has moved', async () => {
  const before = await champion();
  pipeline.next.push('never');
  const run = await start('the fourth');
  await town.runUntil(run, 'the answer is waited for', ({ waitingFor }) => waitingFor === 'the pipeline to answer');
  const call = pipeline.calls.findLast(({ key }) => key === `${run}/deploy/share-25`);
  await skipTimeUntil(town, run, 'PT31M', 'the run has ended', async () => (await town.status(run)).outcome !== null);
  const end = await town.end(run);
  expect(end).toMatchObject({ outcome: 'rolled_back' });
  expect(end.sentence).toContain('no answer within PT30M');
  expect(await pipeline.answer(call ?? { call: '', model: '' })).toBe('410 HONE_DEPLOYMENT_TOO_LATE');
  expect(pipeline.serving).toMatchObject({ version: before, share: 100 });
  expect(await champion()).toBe(before);
});

test('an answer that is lost after the change was made costs nothing: the same key is the same change', async () => {
  pipeline.next.push('dropped');
  const run = await start('the fifth');
  expect(await town.end(run)).toMatchObject({ outcome: 'promoted' });
  const calls = pipeline.calls.filter(({ key }) => key === `${run}/deploy/share-25`);
  expect(calls.length).toBeGreaterThan(1);
  expect(changes(run)).toEqual([`${run}/deploy/share-25`, `${run}/deploy/share-100`]);
});

test('a candidate that answers enough logged requests goes on by itself, and its rollout is attested', async () => {
  pipeline.split = false;
  const rows = Array.from({ length: 25 }, (_, i) => ({
    ...{ ...exampleRow, event_ts: '2013-01-24T15:00:00Z' },
    ...{ flight_id: 1_000_000 + i, tail_number: `N${i}` },
  }));
  const post = (path: string, body: unknown) =>
    fetch(`${town.callbacks}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  expect((await post(`/v1/models/${town.model}/predict`, { rows })).status).toBe(200);
  expect(await (await post('/v1/flush', {})).json()).toEqual({ written: 25 });

  const run = await start('the sixth');
  const end = await town.end(run);
  expect(end).toMatchObject({ outcome: 'promoted' });
  const rollout = await readAttestation(town.store, town.model, end.version ?? 0, 'rollout');
  expect(rollout).toMatchObject({ target: 'webhook', split: false, shadow: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const packet = await packetOfRun(town.store, town.model, run);
  expect(packet?.rollout.through).toMatchObject({ target: 'webhook', split: false });
  expect(packet?.question).not.toContain('starting at');
});
