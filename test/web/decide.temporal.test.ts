/** Decisions on the pages against a real run: refusals in words, the same desk, the same ledger. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { smallTown, type Town } from '../town.ts';
import { openSite, type Site } from './site.ts';

let town: Town;
let site: Site;
let run: string;
let packet: string;

beforeAll(async () => {
  town = await smallTown({ serving: false });
  site = await openSite({ workspace: town.workspace, client: town.client });
  run = `${town.model}-000001`;
  await town.trigger({ by: 'kim' });
  packet = (await town.runUntil(run, 'a packet waits', (status) => status.waitingFor !== null)).packet ?? '';
});
afterAll(async () => {
  await site.close();
  await town.close();
});

test('home leads to the packet that waits, and the run shows its stages and on whom it waits', async () => {
  const browser = site.browser();
  const home = await browser.get('/');
  expect(home.body).toContain('1 model needs you.');
  expect(home.body).toContain(`href="/runs/${run}/packet"`);
  const { body } = await browser.get(`/runs/${run}`);
  expect(body).toContain('It waits for');
  for (const stage of ['ingest', 'train', 'gate', 'deploy']) expect(body).toContain(`>${stage}<`);
});

test('a decision on another packet, a rejection without a reason and a rollout command are refused in words', async () => {
  const browser = site.browser();
  const page = await browser.get(`/runs/${run}/packet`);
  expect(page.body).toContain(`value="${packet.slice(0, 8)}"`);
  const csrf = await browser.csrf();
  const say = (form: Record<string, string>) => browser.post(`/runs/${run}/decision`, { csrf, ...form });
  const stale = await say({ kind: 'approve', packet: '00000000', comment: '' });
  expect(stale.statusCode).toBe(403);
  expect(stale.body).toContain('packet 00000000 is not the one on the desk');
  const silent = await say({ kind: 'reject', packet: packet.slice(0, 8), comment: ' ' });
  expect(silent.body).toContain('a rejection needs its reason');
  const paused = await browser.post(`/runs/${run}/rollout`, { csrf, command: 'pause', reason: 'too early' });
  expect(paused.statusCode).toBe(403);
  expect(paused.body).toContain('no rollout is under way');
  expect((await town.status(run)).desk.verdict).toBeNull();
});

test('who is no approver is told why the button is off, and the desk refuses them all the same', async () => {
  const { workspace } = town;
  const hone = { ...workspace.hone, web: { host: '127.0.0.1', port: 0, user: 'zoe' } };
  const other = await openSite({ workspace: { ...workspace, hone }, client: town.client });
  const browser = other.browser();
  const { body } = await browser.get(`/runs/${run}/packet`);
  expect(body).toMatch(/value="approve" disabled aria-describedby/);
  expect(body).toContain('zoe is not an approver of this model; approvers: ana, dana, kim.');
  const tried = await browser.post(`/runs/${run}/decision`, {
    csrf: await browser.csrf(),
    kind: 'approve',
    packet: packet.slice(0, 8),
  });
  expect(tried.statusCode).toBe(403);
  expect(tried.body).toContain('zoe is not an approver');
  await other.close();
});

test('where only signatures count there is the exact command in place of a dead button, and why where there is none', async () => {
  const { workspace } = town;
  const file = workspace.models.get(town.model);
  if (!file) throw new Error('the town has its model');
  const config = structuredClone(file.config);
  config.approval.otherwise.identity = 'signed';
  config.approval.break_glass = { from: ['ops-ml'] };
  const models = new Map(workspace.models).set(town.model, { ...file, config });
  const signed = await openSite({ workspace: { ...workspace, models }, client: town.client });
  const { body } = await signed.browser().get(`/runs/${run}/packet`);
  const command = (kind: string) => `hone ${kind} ${run} --packet ${packet.slice(0, 8)} --by ana --comment &quot;`;
  expect(body).toContain(command('approve'));
  expect(body).toContain(command('reject'));
  expect(body).toContain(`--by ana --break-glass --reason &quot;`);
  expect(body).not.toMatch(/value="(approve|reject|break_glass)"/);
  expect(body).toContain('value="comment"');
  const hone = { ...workspace.hone, web: { host: '127.0.0.1', port: 0, user: 'kim' } };
  const starter = await openSite({ workspace: { ...workspace, hone, models }, client: town.client });
  const asKim = (await starter.browser().get(`/runs/${run}/packet`)).body;
  expect(asKim).toContain('approve: You started this run; somebody else has to approve it.');
  expect(asKim).toContain(`hone reject ${run} --packet ${packet.slice(0, 8)} --by kim`);
  await signed.close();
  await starter.close();
});

test('breaking glass on the page needs a reason, and the desk refuses whom the policy does not name', async () => {
  const browser = site.browser();
  expect((await browser.get(`/runs/${run}/packet`)).body).not.toContain('break_glass');
  const form = { csrf: await browser.csrf(), kind: 'break_glass', packet: packet.slice(0, 8) };
  const silent = await browser.post(`/runs/${run}/decision`, { ...form, comment: ' ' });
  expect(silent.statusCode).toBe(400);
  expect(silent.body).toContain('breaking glass needs its reason');
  const tried = await browser.post(`/runs/${run}/decision`, { ...form, comment: 'a fire' });
  expect(tried.statusCode).toBe(403);
  expect(tried.body).toContain('ana may not break glass');
});

test('a rejection on the page is the decision of the desk, once, with its reason in the ledger', async () => {
  const browser = site.browser();
  await browser.get(`/runs/${run}/packet`);
  const csrf = await browser.csrf();
  const form = { csrf, kind: 'reject', packet: packet.slice(0, 8), comment: 'JFK <worse>' };
  const sent = await browser.post(`/runs/${run}/decision`, form);
  expect(sent).toMatchObject({ statusCode: 303, headers: { location: `/runs/${run}` } });
  expect((await browser.get(`/runs/${run}`)).body).toContain('Rejected by ana: JFK &lt;worse&gt;');
  expect(await town.end(run)).toMatchObject({ outcome: 'rejected_by_person' });
  const told = [];
  for await (const { change, why } of town.ledger.entries()) told.push(`${change.kind}: ${why}`);
  expect(told.filter((line) => line.includes('JFK <worse>')).length).toBeGreaterThan(0);
  const late = await browser.post(`/runs/${run}/decision`, form);
  expect(late.statusCode).toBe(409);
  expect(late.body).toContain('has ended');
});

test('a run is asked for on the page of its model, and the answer of its owner is shown', async () => {
  const browser = site.browser();
  await browser.get(`/models/${town.model}`);
  const csrf = await browser.csrf();
  const order = (reason: string) => browser.post(`/models/${town.model}/start`, { csrf, reason });
  expect((await order(' ')).body).toContain('a run needs its reason');
  const answer = await order('a new fleet');
  expect(answer.statusCode).toBe(303);
  const shown = await browser.get(String(answer.headers.location));
  expect(shown.body).toMatch(/-000002 started: |No run: /);
});
