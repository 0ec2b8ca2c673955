/** A strict policy from end to end: two groups, signed decisions, a packet that becomes void, a freeze, broken glass. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { decide, tellToLook } from '../../src/client/decisions.ts';
import { loadWorkspace } from '../../src/config/load.ts';
import { configSnapshot } from '../../src/config/snapshot.ts';
import { packetsOfVersion } from '../../src/gate/read-packet.ts';
import { savedKeys } from '../../src/identity/keys.ts';
import { signDecision } from '../../src/identity/sign.ts';
import { applyConfig, freeze, type unfreeze as Unfreeze, unfreeze } from '../../src/registry/changes.ts';
import { dueReviews } from '../../src/registry/reviews.ts';
import { putByDigest } from '../../src/store/content.ts';
import type { RunStatus } from '../../src/workflows/messages.ts';
import { hone } from '../cli/story.ts';
import { eventually, signal } from '../messages.ts';
import { smallTown, type Town } from '../town.ts';

let town: Town;
let keys: string;
const cli = (...argv: string[]) => hone(town.dir, argv, { ...process.env, HONE_IDENTITY: keys });

beforeAll(async () => {
  keys = await mkdtemp(join(tmpdir(), 'hone-keys-'));
  town = await smallTown({
    interceptors: { activity: [({ info }) => ({ inbound: { execute: losingTheFirst(info) } })] },
    edit: (model) => {
      const { training, approval, deploy } = model as Record<string, Record<string, unknown>>;
      Object.assign(training as object, { refit: 'none' });
      Object.assign(approval?.['otherwise'] as object, { approvers: 2 });
      Object.assign(deploy as object, {
        canary: { steps: [25, 100], bake: 'PT0.2S', min_requests: 0, max_wait: 'PT1M' },
      });
    },
  });
  await change('hone.yaml', (file) => {
    file['groups'] = { 'ops-ml': ['ana', 'dana', 'kim', 'eddy'], risk: ['rita'], heads: ['boss'] };
  });
  for (const name of ['ana', 'rita', 'boss']) expect(await cli('identity', 'enrol', name)).toMatchObject({ code: 0 });
  await change(`models/${town.model}.yaml`, ({ approval }) => {
    const otherwise = { from: ['ops-ml', 'risk'], each_group: 1, identity: 'signed' };
    Object.assign((approval as { otherwise: object }).otherwise, otherwise);
    Object.assign(approval as object, { break_glass: { from: ['heads'] } });
  });
  await apply('eddy');
});
afterAll(async () => {
  await town?.close();
  await rm(keys, { recursive: true, force: true });
});

async function change(file: string, edit: (content: Record<string, unknown>) => void): Promise<void> {
  const path = join(town.dir, 'config', file);
  const content = parse(await readFile(path, 'utf8'));
  edit(content);
  await writeFile(path, stringify(content));
}

/** What `hone config apply` writes, without the schedules. */
async function apply(by: string): Promise<void> {
  const digest = await putByDigest(town.store, 'configs', configSnapshot(await loadWorkspace(town.dir), town.model));
  await ledgerEntry(by, `config/${digest}`, applyConfig(digest));
}

let lost = false;

/** The first packet is made and kept, but its answer never arrives; when it is asked for again the policy is another. */
function losingTheFirst({ activityType }: { activityType: string }) {
  return async <A>(input: A, next: (input: A) => Promise<unknown>): Promise<unknown> => {
    const answer = await next(input);
    if (activityType !== 'packet' || lost) return answer;
    lost = true;
    await change(`models/${town.model}.yaml`, ({ approval }) => {
      Object.assign((approval as { otherwise: object }).otherwise, { deadline: 'P1D' });
    });
    await apply('eddy');
    throw new Error('the connection broke before the answer arrived');
  };
}

let entries = 0;
const ledgerEntry = (actor: string, effectId: string, step: ReturnType<typeof Unfreeze>) =>
  town.ledger.append({
    ...{ effectId: `${effectId}-${++entries}`, as_of: '2013-01-25T00:00:00.000Z', actor },
    ...{ trust: 'asserted', why: 'a test', step },
  });

async function waiting(run: string, holds = (_: RunStatus) => true): Promise<string> {
  const status = await town.runUntil(
    run,
    'a packet waits',
    (now) => now.waitingFor !== null && now.packet !== null && holds(now),
  );
  return status.packet ?? '';
}

async function signedBy(by: string, run: string, packet: string, comment = 'read it') {
  const [key] = await savedKeys(keys, by);
  if (!key) throw new Error(`${by} has no key`);
  const said = { model: town.model, run, packet, decision: 'approve', break_glass: false, comment, by } as const;
  return { packet, by, comment, signature: signDecision(key, said, new Date().toISOString()) };
}

test('signed approvals of both groups promote, after a void packet and through a freeze', async () => {
  const run = (await town.trigger({ by: 'kim' })).run ?? '';
  const first = await waiting(run);
  const made = await packetsOfVersion(town.store, town.model, 1);
  expect(made.map(({ approval }) => approval.deadline)).toEqual(['P2D', 'P1D']);
  expect(made.at(-1)?.digest).toBe(first);
  expect((await town.status(run)).waitingFor).toContain('1 from each of ops-ml, risk');

  // Names alone are not enough, nor is a signature of something else.
  const says = (body: Awaited<ReturnType<typeof signedBy>>) => decide(town.client, run, 'approve', body);
  await expect(decide(town.client, run, 'approve', { packet: first, by: 'ana', comment: 'x' })).rejects.toThrow(
    'signed decisions only',
  );
  const bySomebody = { ...(await signedBy('ana', run, first)), by: 'rita' };
  await expect(says(bySomebody)).rejects.toThrow('not the signature of this decision');
  expect(await says(await signedBy('ana', run, first))).toBe('Approval 1 of 2 by ana.');
  const captured = await signedBy('rita', run, first);

  // The policy changes while the run waits: what was decided counts no more, and everybody can read why.
  await change(`models/${town.model}.yaml`, ({ approval }) => {
    Object.assign((approval as { otherwise: object }).otherwise, { deadline: 'P3D' });
  });
  await apply('eddy');
  await tellToLook(town.client, run);
  const second = await waiting(run, ({ packet }) => packet !== first);
  const { desk } = await town.status(run);
  expect(desk.approvals).toEqual([]);
  expect(desk.messages.find(({ name }) => name === 'packet void')?.answer).toContain(
    `Packet ${first.slice(0, 8)} is void: the policy (tier, gate, approval or deploy) was changed. What ana decided on it counts no more.`,
  );
  await expect(says(captured)).rejects.toThrow('is not the one on the desk');
  const shown = JSON.parse((await cli('packet', 'show', run, '--json')).out);
  expect(shown).toMatchObject({ digest: second, approval: { deadline: 'P3D' } });

  // Frozen: the approval is kept, nothing is rolled out before the thaw.
  await ledgerEntry('dana', 'freeze', freeze({ by: 'dana', reason: 'peak', until: null }));
  expect(
    await cli('approve', run, '--packet', second.slice(0, 8), '--by', 'ana', '--comment', 'read it'),
  ).toMatchObject({
    code: 0,
    out: expect.stringContaining('Approval 1 of 2 by ana.\nSigned with key'),
  });
  await signal(town, run, 'approve', await signedBy('rita', run, second));
  await town.runUntil(
    run,
    'the thaw is waited for',
    ({ waitingFor }) => waitingFor?.includes('frozen by dana') === true,
  );
  expect((await town.ledger.state()).routing.arms).toEqual([]);
  await ledgerEntry('dana', 'freeze', unfreeze({ reason: 'over' }));
  await tellToLook(town.client, run);

  expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 1 });
  expect(await town.ledger.find(`${run}/approve/staged`)).toMatchObject({
    ...{ actor: 'ana, rita', trust: 'signed', why: 'read it' },
    change: { kind: 'version_staged', version: 1, packet: second },
  });
  const card = await cli('registry', 'show', `${town.model}/1`, '--card');
  expect(card.out).toContain('Approved by ana, rita.');
  expect(JSON.parse((await cli('registry', 'show', `${town.model}/1`, '--card', '--json')).out)).toMatchObject({
    ...{ contract: 1, version: 1, packet: second, approved_by: ['ana', 'rita'] },
  });
});

test('an approval by a key that is revoked counts no more; glass is broken by a named person, and somebody else reviews it', async () => {
  const run = (await town.trigger({ by: 'boss' })).run ?? '';
  const whole = await waiting(run);
  await decide(town.client, run, 'approve', await signedBy('ana', run, whole));
  expect(await cli('identity', 'revoke', 'ana', '--reason', 'laptop lost')).toMatchObject({ code: 0 });
  await apply('eddy');
  await tellToLook(town.client, run);
  const lapsed = ({ desk }: RunStatus) => desk.approvals.length === 0;
  const { desk } = await eventually('the approval lapses', () => town.status(run), lapsed);
  expect(desk.packet).toBe(whole);
  expect(desk.messages.at(-1)?.answer).toBe('Counts no more: ana may not decide any more.');
  await expect(decide(town.client, run, 'approve', await signedBy('ana', run, whole))).rejects.toThrow('laptop lost');

  const packet = whole.slice(0, 8);
  const glass = (by: string) =>
    cli('approve', run, '--packet', packet, '--by', by, '--break-glass', '--reason', 'fraud wave, nobody is here');
  expect(await glass('rita')).toMatchObject({ code: 3, err: expect.stringContaining('Only boss may.') });
  expect(await glass('boss')).toMatchObject({ code: 0, out: expect.stringContaining('alone, by breaking glass') });
  expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 2 });
  expect(await town.ledger.find(`${run}/approve/staged`)).toMatchObject({
    ...{ actor: 'boss', trust: 'signed', why: 'BREAK-GLASS: fraud wave, nobody is here' },
    change: { kind: 'version_staged', version: 2, break_glass: true },
  });

  const due = 'boss approved version 2 alone';
  expect((await cli('model', 'show', town.model)).out).toContain(due);
  expect((await cli('review')).out).toContain(due);
  const review = (by: string) => cli('review', `${town.model}/2`, '--by', by, '--comment', 'right call');
  expect(await review('BOSS')).toMatchObject({ code: 3, err: expect.stringContaining('may not review it') });
  expect(await review('dana')).toMatchObject({ code: 0 });
  expect(await dueReviews(town.ledger)).toEqual([]);
  expect((await town.ledger.verify()).ok).toBe(true);
});
