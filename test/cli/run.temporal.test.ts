/** One run told by the command line alone, from its start to its rollback: exit codes, and data alone on stdout. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../config/workspace.ts';
import { smallTown, type Town } from '../town.ts';
import { hone, type Said } from './story.ts';

let town: Town;
let run: string;
const cli = (...argv: string[]): Promise<Said> => hone(town.dir, argv);
const json = (said: Said) => JSON.parse(said.out);

/** What differs from run to run, in the width that it has: names, digests, wall-clock times, durations and measured numbers. */
const steady = (text: string) =>
  text
    .replaceAll(town.dir, '<workspace>')
    .replaceAll(town.model, 'flights-one-town')
    .replace(/\b20(?:2[6-9]|[3-9]\d)-\d\d-\d\d(?: \d\d:\d\d)?/g, (at) => '2026-01-01 00:00'.slice(0, at.length))
    .replace(/-?\b\d+(?:\.\d+)? (?:s|min|h)\b(?: \d+ s\b)?/g, '0.0 s')
    .replace(/\bin \d+(\s+)days\b/g, 'in 2$1days')
    .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{8,64}\b/g, (hex) => 'd'.repeat(hex.length))
    .replace(/\b\d+\.\d+/g, (number) => number.replaceAll(/\d/g, '0'));
const screen = async (name: string, ...argv: string[]) => {
  const { code, out, err } = await cli(...argv);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  await expect(steady(out)).toMatchFileSnapshot(`golden/${name}.txt`);
};

beforeAll(async () => {
  town = await smallTown();
  run = `${town.model}-000001`;
});
afterAll(() => town.close());

test('run start answers with the run, and lists, tree and story show it while it waits for an approval', async () => {
  const started = await cli('run', 'start', town.model, '--reason', 'new planes', '--by', 'kim', '--json');
  expect(started.code).toBe(0);
  expect(json(started)).toEqual({ answer: 'started', run, reason: 'new planes' });

  await town.runUntil(run, 'an approval is waited for', (status) => status.waitingFor !== null);
  const listed = await cli('run', 'list', '--model', town.model, '--needs', 'approval', '--json');
  expect(json(listed).runs).toMatchObject([{ run, trigger: 'manual', stage: 'approve', needs: 'approval' }]);
  const shown = await cli('run', 'show', run);
  expect(shown).toMatchObject({ code: 0, err: '' });
  expect(shown.out).toContain(`Decide: hone approve ${run} --packet`);
  expect(Math.max(...shown.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
});

test('the screens of a run that waits are as they were', async () => {
  await screen('run-list', 'run', 'list', '--model', town.model);
  await screen('run-show-waiting', 'run', 'show', run);
});

test('watching with a time limit ends with 5 while a person is waited for, and leaves the run alone', async () => {
  const watched = await cli('run', 'watch', run, '--timeout', 'PT0.1S', '--json');
  expect(watched.code).toBe(5);
  expect(json(watched)).toMatchObject({ run, open: true, stage: 'approve', outcome: null });
  expect(watched.err).toContain(`Come back with: hone run watch ${run}`);
});

test('Ctrl-C leaves the run alone, ends with 130 and says how to come back', async () => {
  const watching = spawn(process.execPath, [join(ROOT, 'bin/hone.mjs'), 'run', 'watch', run, '--dir', town.dir]);
  let err = '';
  let out = '';
  watching.stdout.on('data', (chunk) => {
    out += chunk;
  });
  watching.stderr.on('data', (chunk) => {
    err += chunk;
    if (!watching.killed && err.includes('waits for')) watching.kill('SIGINT');
  });
  const code = await new Promise((ended) => watching.once('close', ended));
  expect({ code, out }).toEqual({ code: 130, out: expect.stringContaining(`${run} is under way`) });
  expect(err).toContain(`Detached; ${run} goes on by itself.`);
  expect((await town.status(run)).waitingFor).not.toBeNull();
});

test('without a terminal a decision that names no packet is refused with 2, and says what to type', async () => {
  const refused = await cli('approve', run, '--by', 'ana');
  expect(refused).toMatchObject({ code: 2, out: '' });
  const { packet } = await town.status(run);
  expect(refused.err).toContain(`hone approve ${run} --packet ${packet?.slice(0, 8)} --by ana`);
  const read = await cli('packet', 'show', run, '--json');
  expect(json(read)).toMatchObject({ run, digest: packet });
  const explained = await cli('gate', 'explain', run, '--json');
  expect(json(explained).looks).toMatchObject([{ version: 1, look: 1, verdict: 'pass', as: 'first' }]);
});

test('on a terminal the packet is shown and asked for; another answer leaves everything as it was', async () => {
  const { packet } = await town.status(run);
  const questions: string[] = [];
  const answer = (typed: string) => (question: string) => {
    questions.push(question);
    return Promise.resolve(typed);
  };
  const left = await hone(town.dir, ['approve', run, '--by', 'ana'], process.env, answer('yes'));
  expect(left).toMatchObject({ code: 2, out: '' });
  expect(left.err).toContain('DECIDE');
  expect(questions[0]).toContain(`Type ${packet?.slice(0, 8)} to approve it as ana`);
  expect((await town.status(run)).waitingFor).not.toBeNull();
});

test('the desk refuses a stale packet, a stranger and the person who started the run with 3', async () => {
  const packet = ((await town.status(run)).packet ?? '').slice(0, 8);
  const decide = (digest: string, by: string) => cli('approve', run, '--packet', digest, '--by', by, '--json');
  const stale = await decide('00000000', 'ana');
  expect(stale.code).toBe(3);
  expect(json(stale).error).toMatchObject({ code: 'HONE_DECISION_REFUSED' });
  expect(json(stale).error.message).toContain('is not the one on the desk');
  expect((await decide(packet, 'mallory')).code).toBe(3);
  const own = await decide(packet, 'kim');
  expect(own.code).toBe(3);
  expect(own.err).toContain('may not approve it');
  expect((await decide('rubbish', 'ana')).code).toBe(2);
  expect((await cli('rollout', 'pause', run, '--by', 'ana')).code).toBe(3);
  expect((await cli('comment', run, '--by', 'dana', '--comment', 'looking')).out).toBe('Noted: looking\n');
});

test('approved with its packet, the run is followed to its promotion', async () => {
  const traffic = town.traffic();
  const packet = ((await town.status(run)).packet ?? '').slice(0, 8);
  const approved = await cli('approve', run, '--packet', packet, '--by', 'ana', '--comment', 'looks right', '--json');
  expect(approved.code).toBe(0);
  expect(json(approved)).toMatchObject({ run, kind: 'approve', by: 'ana', answer: 'Approved by ana.' });
  const watched = await cli('run', 'watch', run, '--timeout', 'PT1M');
  await traffic.stop();
  expect(watched.out).toBe(`${run} promoted: Version 2 is champion of ${town.model}.\n`);
  expect(watched.code).toBe(0);
});

test('the screens of what it left are as they were', async () => {
  await screen('run-show-promoted', 'run', 'show', run);
  await screen('lineage-of-champion', 'lineage', `${town.model}@champion`);
  await screen('model-show-served', 'model', 'show', town.model);
});

test('an ended run is told from the store, takes no messages, and knows no way back', async () => {
  expect(json(await cli('run', 'show', run, '--json'))).toMatchObject({
    source: 'record',
    outcome: 'promoted',
    version: 2,
  });
  const late = await cli('approve', run, '--packet', '1f3a9c2e', '--by', 'ana');
  expect(late).toMatchObject({ code: 6, out: '' });
  expect((await cli('run', 'cancel', run)).code).toBe(6);
  expect((await cli('rollout', 'abort', run)).code).toBe(6);
  expect((await cli('run', 'show', `${town.model}-000099`)).code).toBe(2);
  const nowhere = await cli('rollback', town.model, '--reason', 'complaints');
  expect(nowhere).toMatchObject({ code: 3, out: '' });
  expect(nowhere.err).toContain('no earlier champion to return to');
});

test('a frozen model skips what is asked for, with 3, until the freeze is lifted', async () => {
  expect((await cli('freeze', town.model, '--reason', 'holiday peak', '--by', 'dana')).code).toBe(0);
  const skipped = await cli('run', 'start', town.model, '--json');
  expect(skipped.code).toBe(3);
  expect(json(skipped)).toMatchObject({ answer: 'skipped', reason: 'frozen by dana: holiday peak' });
  expect((await cli('unfreeze', town.model)).code).toBe(0);
  expect((await cli('unfreeze', town.model)).code).toBe(6);
});

test('a look at the model comes back with its sentence, and the next command reads it again', async () => {
  const looked = await cli('monitor', 'run', town.model, '--json');
  expect(looked).toMatchObject({ code: 0, err: '' });
  const shown = await cli('monitor', 'show', town.model, '--json');
  expect(json(shown).sentence).toBe(json(looked).sentence);
});

test('a rollback to a named version is done by its workflow and read back from the node', async () => {
  const dry = await cli('rollback', town.model, '--to', '1', '--dry-run', '--json');
  expect(json(dry)).toMatchObject({ dry_run: true, to: 1 });
  expect((await town.ledger.state()).aliases.champion?.version).toBe(2);
  const back = await cli('rollback', town.model, '--to', '1', '--reason', 'complaints', '--by', 'dana', '--json');
  expect(back.code).toBe(0);
  expect(json(back)).toMatchObject({ from: 2, to: 1, by: 'workflow', seconds: expect.any(Number) });
  const head = await town.ledger.head();
  expect(head).toMatchObject({ actor: 'dana', why: 'complaints', change: { kind: 'rolled_back', from: 2, to: 1 } });
});

test('a canary without traffic waits, can be held, and is taken out again by abort', async () => {
  const second = json(await cli('run', 'start', town.model, '--by', 'kim', '--json')).run as string;
  const { packet } = await town.runUntil(second, 'an approval is waited for', (status) => status.waitingFor !== null);
  expect((await cli('approve', second, '--packet', packet?.slice(0, 8) ?? '', '--by', 'ana')).code).toBe(0);
  await town.runUntil(second, 'a quarter is routed', (status) => status.rollout?.step === 25);
  const paused = await cli('rollout', 'pause', second, '--by', 'dana', '--json');
  expect(json(paused)).toEqual({
    run: second,
    command: 'pause',
    by: 'dana',
    answer: 'Paused: shares stay as they are, guardrails go on.',
  });
  const aborted = await cli('rollout', 'abort', second, '--by', 'dana', '--reason', 'complaints');
  expect(aborted).toMatchObject({
    code: 0,
    out: `Aborting: everything goes back.\nFollow it: hone run watch ${second}\n`,
  });
  const watched = await cli('run', 'watch', second, '--timeout', 'PT1M', '--json');
  expect(watched.code).toBe(1);
  expect(json(watched)).toMatchObject({ outcome: 'rolled_back', sentence: expect.stringContaining('aborted by dana') });
  expect((await town.ledger.state()).routing.arms).toEqual([{ version: 1, share: 100, lease: null }]);
});

test('a run that is cancelled ends so, and leaves the champion', async () => {
  const third = json(await cli('run', 'start', town.model, '--by', 'kim', '--json')).run as string;
  expect((await cli('run', 'cancel', third)).code).toBe(0);
  const watched = await cli('run', 'watch', third, '--timeout', 'PT1M', '--json');
  expect(watched.code).toBe(1);
  expect(json(watched)).toMatchObject({ run: third, open: false, outcome: 'cancelled' });
  expect(await town.ledger.state()).toMatchObject({ activeRun: null, aliases: { champion: { version: 1 } } });
});

test('a version trained again from its lineage is the same', async () => {
  const again = await cli('reproduce', `${town.model}/2`, '--json');
  expect(json(again)).toMatchObject({ version: 2, equal: true, identical: true, surroundings: [] });
  expect(again.code).toBe(0);
});
