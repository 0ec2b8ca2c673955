/** Too little to judge: the run waits for labels, looks again when the logical clock moves, and never promotes by itself. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { judgement } from '../../src/activities/approve.ts';
import { applyWorkspace } from '../../src/client/apply.ts';
import { decide } from '../../src/client/decisions.ts';
import { loadWorkspace } from '../../src/config/load.ts';
import { readAttestation, readVersion } from '../../src/registry/versions.ts';
import { getByDigest } from '../../src/store/content.ts';
import { currentDetails, eventually, memo, workflow } from '../messages.ts';
import { smallTown, type Town } from '../town.ts';

type File = Record<'training' | 'gate' | 'deploy', Record<string, Record<string, unknown>>>;

const towns: Town[] = [];
async function openTown(edit: (file: File) => void, serving: boolean): Promise<Town> {
  const town = await smallTown({ serving, edit: (file) => edit(file as File) });
  towns.push(town);
  return town;
}
afterAll(() => Promise.all(towns.map((town) => town.close())));

const waitsForLabels = (town: Town, run: string) =>
  town.runUntil(run, 'it waits for labels', ({ waitingFor }) => waitingFor?.startsWith('labels') === true);

/** What a look of the gate saw and said. */
async function lookOf(town: Town, version: number, look: number) {
  const said = (await readAttestation(town.store, town.model, version, `gate-${look}`)) as { report: string };
  return await getByDigest(town.store, 'documents', said.report, judgement);
}

test('a champion that was fitted inside the holdout is compared on clean rows only, so the run waits until there are enough', async () => {
  const town = await openTown((file) => {
    Object.assign(file.gate, {
      champion: { promote_when: 'non_inferior', margin: { roc_auc: 0.3, log_loss: '90%' }, margin_to_anchor: '2x' },
      slices: { columns: [], critical: [], margin: {}, min_rows: 500 },
    });
    Object.assign(file.deploy, { canary: { steps: [25, 100], bake: 'PT1S', min_requests: 0, max_wait: 'PT1M' } });
  }, true);
  const first = (await town.trigger({})).run as string;
  await town.approve(first);
  expect(await town.end(first)).toMatchObject({ outcome: 'promoted', version: 2 });
  // The refit has seen all rows that were mature: the days that a later candidate would like to be judged on.
  const fitEnd = (await readVersion(town.store, town.model, 2)).fit_end;
  expect(fitEnd).toBe('2013-01-24T00:00:00.000Z');

  await town.setTime('2013-01-27T00:00:00Z');
  const run = (await town.trigger({})).run as string;
  const waiting = await waitsForLabels(town, run);
  expect(waiting).toMatchObject({
    stage: 'gate',
    waitingFor: 'labels until 2013-02-01T00:00:00.000Z',
    deadline: '2013-02-10T00:00:00.000Z',
    then: 'judged again on the new rows; still undecided at the deadline, the champion stays',
    packet: null,
    outcome: null,
  });
  expect(waiting.sentence).toContain('Not decided: too few rows to judge version 3');
  expect(await memo(town, run)).toMatchObject({ waitingFor: waiting.waitingFor, deadline: waiting.deadline });
  expect(await currentDetails(town, run)).toContain('Waiting for labels until 2013-02-01');
  const needs = async () => (await (await workflow(town, run)).describe()).searchAttributes['HoneNeeds'];
  expect(await needs()).toEqual(['inconclusive']);

  const seen = await lookOf(town, 3, 1);
  expect(seen.gate.verdict).toBe('inconclusive');
  expect(seen.evaluation.window?.from).toMatch(/^2013-01-25/);
  expect(seen.evaluation.blocks.count).toBe(1);
  const approval = { packet: 'a1b2c3d4', by: 'ana', comment: 'it will be fine' };
  await expect(decide(town.client, run, 'approve', approval)).rejects.toThrow('there is no packet to decide on');

  await town.setTime('2013-02-02T00:00:00Z');
  const judged = await town.runUntil(run, 'a person is asked', (status) => status.packet !== null);
  expect(judged.stages.map(({ stage }) => stage).filter((stage) => stage === 'gate')).toHaveLength(2);
  const again = await lookOf(town, 3, 2);
  expect(again.gate.verdict).toBe('pass');
  expect(again.evaluation.window?.from).toBe(seen.evaluation.window?.from);
  expect(again.evaluation.blocks.count).toBe(7);
  expect(again.evaluation.rows).toBeGreaterThan(seen.evaluation.rows);
  expect(await needs()).toEqual(['approval']);

  const packet = judged.packet?.slice(0, 8) ?? '';
  await decide(town.client, run, 'reject', { packet, by: 'ana', comment: 'a test' });
  expect(await town.end(run)).toMatchObject({ outcome: 'rejected_by_person' });
  expect((await town.ledger.state()).aliases.champion?.version).toBe(2);
});

test('what is still undecided at the deadline ends inconclusive, or goes to a person where the file says so', async () => {
  const town = await openTown((file) => {
    Object.assign(file.training, { refit: 'none' });
    Object.assign(file.gate['uncertainty'] as object, { min_rows: 1_000_000 });
  }, false);
  const first = (await town.trigger({})).run as string;
  expect((await waitsForLabels(town, first)).deadline).toBe('2013-02-08T00:00:00.000Z');
  await town.setTime('2013-02-07T00:00:00Z');
  await town.runUntil(
    first,
    'the second look',
    ({ stages }) => stages.filter(({ stage }) => stage === 'gate').length === 2,
  );
  await town.setTime('2013-02-20T00:00:00Z');
  const end = await town.end(first);
  expect(end).toMatchObject({ outcome: 'inconclusive', version: 1 });
  expect(end.sentence).toContain('too little to judge');
  const state = await town.ledger.state();
  expect(state.activeRun).toBeNull();
  expect(state.aliases.champion).toBeNull();
  expect((await town.ledger.find(`${first}/undo/reject-1`))?.change.kind).toBe('version_rejected');

  const path = join(town.dir, 'config', 'models', `${town.model}.yaml`);
  const file = parse(await readFile(path, 'utf8'));
  file.gate.on_inconclusive = { wait_for_labels: 'P1D', then: 'person' };
  file.approval.auto = { triggers: ['schedule'], warnings: 'none' };
  await writeFile(path, stringify(file));
  const workspace = await loadWorkspace(town.dir);
  await applyWorkspace({ workspace, store: town.store, client: town.client, by: 'ana' });

  const run = (await town.trigger({ kind: 'schedule', by: 'schedule' })).run as string;
  expect((await waitsForLabels(town, run)).then).toBe(
    'judged again on the new rows; still undecided at the deadline, a person decides',
  );
  await town.setTime('2013-02-21T00:00:00Z');
  const asked = await town.runUntil(run, 'a person is asked', (status) => status.packet !== null);
  expect(asked.waitingFor).toContain('approval(s) from');
  expect(asked.desk.verdict).toBeNull();
  expect(await currentDetails(town, run)).toContain('the gate could not decide on these rows');
  await eventually(
    'it is listed',
    async () =>
      (await (await town.client.temporal()).workflow.count(`HoneNeeds = 'approval' AND HoneRun = '${run}'`)).count,
    (count) => count === 1,
  );
});
