/** One decision is the same whatever way it came; and somebody else may decide once the escalation is due. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { decide } from '../../src/client/decisions.ts';
import { loadWorkspace } from '../../src/config/load.ts';
import { configSnapshot } from '../../src/config/snapshot.ts';
import { applyConfig } from '../../src/registry/changes.ts';
import { readAttestation } from '../../src/registry/versions.ts';
import { putByDigest } from '../../src/store/content.ts';
import { hone } from '../cli/story.ts';
import { signal } from '../messages.ts';
import { skipTimeUntil } from '../time.ts';
import { smallTown, type Town } from '../town.ts';

let town: Town;
let noKeys: string;
beforeAll(async () => {
  noKeys = await mkdtemp(join(tmpdir(), 'hone-no-keys-'));
  town = await smallTown({
    edit: (model) => {
      const { training, gate, deploy } = model as Record<string, Record<string, unknown>>;
      Object.assign(training as object, { refit: 'none' });
      // The third of three equal candidates in a row has to pass as well.
      const champion = { promote_when: 'non_inferior', margin: { roc_auc: 0.4, log_loss: 0.4 } };
      Object.assign(gate as object, { champion, slices: { columns: [] } });
      Object.assign(deploy as object, {
        canary: { steps: [25, 100], bake: 'PT0.2S', min_requests: 0, max_wait: 'PT1M' },
      });
    },
  });
});
afterAll(async () => {
  await town?.close();
  await rm(noKeys, { recursive: true, force: true });
});

async function waitingRun(): Promise<{ run: string; packet: string }> {
  const { run } = await town.trigger({ by: 'lee' });
  const status = await town.runUntil(run ?? '', 'a packet waits', ({ waitingFor }) => waitingFor !== null);
  return { run: run ?? '', packet: status.packet?.slice(0, 8) ?? '' };
}

const kept = z.looseObject({ verdict: z.unknown(), approvals: z.array(z.looseObject({})) });

test('a signal of the Temporal UI, an update of a page and the command line leave equal entries', {
  timeout: 400_000,
}, async () => {
  const body = { by: 'ana', comment: 'looks right' };
  const channels = [
    (run: string, packet: string) => signal(town, run, 'approve', { packet, ...body }),
    (run: string, packet: string) => decide(town.client, run, 'approve', { packet, ...body }),
    (run: string, packet: string) =>
      hone(town.dir, ['approve', run, '--packet', packet, '--by', 'ana', '--comment', 'looks right'], {
        ...process.env,
        HONE_IDENTITY: noKeys,
      }),
  ];
  const left = [];
  for (const send of channels) {
    const { run, packet } = await waitingRun();
    await send(run, packet);
    const { outcome, version } = await town.end(run);
    expect(outcome).toBe('promoted');
    const entry = await town.ledger.find(`${run}/approve/staged`);
    const decision = await readAttestation(town.store, town.model, version ?? 0, 'approval-1', kept);
    left.push({
      entry: { actor: entry?.actor, trust: entry?.trust, why: entry?.why, kind: entry?.change.kind },
      verdict: decision?.verdict,
      approvals: decision?.approvals.map(({ at: _, ...approval }) => approval),
    });
  }
  expect(left[0]).toMatchObject({
    entry: { actor: 'ana', trust: 'asserted', why: 'looks right', kind: 'version_staged' },
  });
  expect(left[1]).toEqual(left[0]);
  expect(left[2]).toEqual(left[0]);
});

test('reminders and the escalation come on time; whoever it names may decide from then on, and not before', {
  timeout: 200_000,
}, async () => {
  const path = join(town.dir, 'config', 'hone.yaml');
  const file = parse(await readFile(path, 'utf8'));
  await writeFile(path, stringify({ ...file, groups: { ...file.groups, heads: ['boss'] } }));
  const model = join(town.dir, 'config', 'models', `${town.model}.yaml`);
  const content = parse(await readFile(model, 'utf8'));
  content.approval.otherwise.escalate = { after: 'PT30H', to: ['heads'] };
  await writeFile(model, stringify(content));
  const digest = await putByDigest(town.store, 'configs', configSnapshot(await loadWorkspace(town.dir), town.model));
  const written = { effectId: `config/${digest}`, as_of: '2013-01-25T00:00:00.000Z', actor: 'eddy', why: 'heads' };
  await town.ledger.append({ ...written, trust: 'asserted', step: applyConfig(digest) });

  const { run, packet } = await waitingRun();
  const asBoss = () => decide(town.client, run, 'approve', { packet, by: 'boss', comment: 'nobody else is here' });
  await expect(asBoss()).rejects.toThrow('boss is not an approver');
  const said = async () => (await town.status(run)).desk.messages.map(({ name }) => name);
  await skipTimeUntil(town, run, 'PT10H', 'the escalation is due', async () => (await said()).includes('escalation'));
  expect(await said()).toEqual(['reminder', 'escalation']);
  expect((await town.status(run)).waitingFor).toContain('boss');
  expect(await asBoss()).toBe('Approved by boss.');
  expect(await town.end(run)).toMatchObject({ outcome: 'promoted' });
});
