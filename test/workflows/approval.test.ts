/** A run that waits for approval: whatever is sent to it is answered, and only named approvals of its packet count. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decide } from '../../src/client/decisions.ts';
import type { RunStatus } from '../../src/workflows/messages.ts';
import { currentDetails, eventually, memo, signal, signalBytes, update, updateBytes, workflow } from '../messages.ts';
import { skipTime } from '../time.ts';
import { smallTown, type Town } from '../town.ts';

let town: Town;
let run: string;
/** The digits of the packet that an approver names. */
let packet: string;

beforeAll(async () => {
  town = await smallTown({
    edit: (model) => {
      const { training, approval, deploy } = model as Record<string, Record<string, unknown>>;
      Object.assign(training as object, { refit: 'none' });
      Object.assign(approval?.['otherwise'] as object, { approvers: 2 });
      Object.assign(deploy as object, {
        canary: { steps: [25, 100], bake: 'PT2S', min_requests: 0, max_wait: 'PT1M' },
      });
    },
  });
  ({ run, packet } = await waitingRun());
});
afterAll(() => town?.close());

async function waitingRun(): Promise<{ run: string; packet: string }> {
  const { run } = await town.trigger({ by: 'kim' });
  if (run === null) throw new Error('no run started');
  const waiting = await town.runUntil(run, 'an approval is waited for', (status) => status.waitingFor !== null);
  return { run, packet: waiting.packet?.slice(0, 8) ?? '' };
}

const champion = async () => (await town.ledger.state()).aliases.champion?.version ?? null;
const lastAnswer = ({ desk }: RunStatus) => desk.messages.at(-1)?.answer ?? '';

/** Sends and returns the answer that the run shows. */
async function answerTo(send: () => Promise<void>): Promise<string> {
  const count = ({ desk }: RunStatus) => desk.messages.length + desk.messagesDropped;
  const before = count(await town.status(run));
  await send();
  return lastAnswer(
    await eventually(
      'the message is answered',
      () => town.status(run),
      (now) => count(now) > before,
    ),
  );
}
const answerToSignal = (name: string, ...body: unknown[]) => answerTo(() => signal(town, run, name, ...body));
const good = (by: string) => ({ packet, by, comment: 'looks right' });

describe('while an approval is waited for', () => {
  test('the query says what is waited for, on whom, until when and what happens then', async () => {
    const status = await town.status(run);
    expect(status).toMatchObject({ stage: 'approve', then: 'reject', outcome: null });
    expect(status.waitingFor).toBe('2 approval(s) from ana, dana, kim');
    const wait = Date.parse(status.deadline ?? '') - Date.now();
    expect(wait).toBeGreaterThan(47 * 3_600_000);
    expect(wait).toBeLessThanOrEqual(48 * 3_600_000);
  });

  test('memo and search attributes say it without a worker', async () => {
    expect(await memo(town, run)).toMatchObject({
      stage: 'approve',
      waitingFor: '2 approval(s) from ana, dana, kim',
      packet: expect.stringMatching(new RegExp(`^${packet}`)),
    });
    const { typedSearchAttributes } = await (await workflow(town, run)).describe();
    expect(Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]))).toMatchObject(
      {
        HoneModel: town.model,
        HoneRun: run,
        HoneTrigger: 'manual',
        HoneStage: 'approve',
        HoneNeeds: 'approval',
      },
    );
  });

  test("Temporal's page shows the packet and the exact JSON to send", async () => {
    const details = await currentDetails(town, run);
    expect(details).toContain(`{"packet":"${packet}","by":"ana","comment":""}`);
    expect(details).toContain('0 of 2 approvals so far');
    expect(details).toContain(`kim started ${run} and may not approve it.`);
    expect(details).toContain('Waiting for 2 approval(s) from ana, dana, kim until');
    expect(details.length).toBeLessThan(30_000);
  });

  test.each([
    ['nothing at all', []],
    ['null', [null]],
    ['a list', [[]]],
    ['a word', ['yes']],
    ['a number', [1]],
    ['a bare yes', [{ approved: true }]],
    ['a yes as text', [{ approved: 'true' }]],
    ['a name without a packet', [{ by: 'ana' }]],
  ])('approving with %s is refused with the exact JSON to send', async (_what, body) => {
    const answer = await answerToSignal('approve', ...body);
    expect(answer).toContain('Refused: a decision names the packet');
    expect(answer).toContain(`{"packet":"${packet}"`);
  });

  test('an unknown field is refused by its name, however long it is', async () => {
    expect(await answerToSignal('approve', { ...good('ana'), force: true })).toContain('"force"');
    const endless = await answerToSignal('approve', { ...good('ana'), ['x'.repeat(500_000)]: 1 });
    expect(endless).toContain('Refused');
    expect(endless.length).toBeLessThan(3000);
  });

  test('a comment of a megabyte is refused, one of three megabytes never arrives, and the run goes on', async () => {
    const long = (size: number) => ({ ...good('ana'), comment: 'x'.repeat(size) });
    expect(await answerToSignal('approve', long(1_000_000))).toContain('comment');
    await expect(signal(town, run, 'approve', long(3_000_000))).rejects.toThrow();
    expect((await town.status(run)).waitingFor).not.toBeNull();
  });

  test('an approval of another packet is stale', async () => {
    const answer = await answerToSignal('approve', { ...good('ana'), packet: 'ffffffff' });
    expect(answer).toContain('packet ffffffff is not the one on the desk');
    expect(answer).toContain(`{"packet":"${packet}","by":"ana"`);
  });

  test.each(['kim', 'KIM ', 'kim+me', 'ｋim'])('who started the run may not approve it, spelt %s', async (by) => {
    expect(await answerToSignal('approve', good(by))).toContain(`kim started ${run} and may not approve it`);
  });

  test('somebody who is no approver is told who is', async () => {
    expect(await answerToSignal('approve', good('mallory'))).toContain('Approvers: ana, dana, kim');
  });

  test('a rejection without a reason is refused', async () => {
    expect(await answerToSignal('reject', { packet, by: 'ana' })).toContain('a rejection needs its reason');
  });

  test.each([
    ['text that is no JSON', { encoding: 'json/plain', bytes: '{not json' }],
    ['an unknown encoding', { encoding: 'binary/secret', bytes: 'abc' }],
    ['no encoding', { encoding: null, bytes: 'abc' }],
    ['bytes that are no text', { encoding: 'json/plain', bytes: Uint8Array.of(0xff, 0xfe, 0x00) }],
  ])('%s from a raw client is answered and the run goes on', async (_what, payload) => {
    const said = 'could not be decoded as JSON';
    expect(await answerTo(() => signalBytes(town, run, 'approve', payload))).toContain(said);
    expect(await answerTo(() => signalBytes(town, run, 'aprove', payload))).toContain(said);
    expect(await updateBytes(town, run, 'approve', payload)).toContain(said);
  });

  test('a misspelt signal name is answered visibly', async () => {
    const answer = await answerToSignal('aprove', good('ana'));
    expect(answer).toBe('Unknown signal "aprove". Did you mean approve or reject?');
    expect(await currentDetails(town, run)).toContain('Unknown signal "aprove"');
  });

  test.each([
    ['null', null, null],
    ['a word', 'now', null],
    ['a number for a name', { by: 5 }, null],
    ['an object for a name', { by: { name: 'ana' } }, null],
    ['a name without end', { by: 'x'.repeat(300_000) }, 'x'.repeat(120)],
    ['a good name', { by: 'ana' }, 'ana'],
  ])('stopping a rollout that is not under way, with %s, is refused and kept', async (_what, body, by) => {
    expect(await answerToSignal('abort', body)).toContain('Refused');
    expect((await town.status(run)).desk.messages.at(-1)).toMatchObject({ name: 'abort', by, accepted: false });
  });

  test('words of strangers are inert on the page', async () => {
    await answerToSignal('comment', { by: 'eve', comment: '<script>alert(1)</script> ![x](http://x) \u202e**bold**' });
    const details = await currentDetails(town, run);
    expect(details).not.toContain('<script>');
    expect(details).not.toContain('![x]');
    expect(details).not.toContain('\u202e');
  });

  test('the last answer stands in the memo, where a list can show it', async () => {
    await answerToSignal('approve', { approved: true });
    const shown = await memo(town, run);
    expect(shown['lastAnswer']).toContain('Refused: a decision names the packet');
  });

  test('one signal to all waiting runs approves none', async () => {
    const temporal = await town.client.temporal();
    const query = `HoneNeeds = 'approval' AND ExecutionStatus = 'Running' AND HoneModel = '${town.model}'`;
    const listed = () => temporal.workflow.count(query);
    await eventually('the run is listed', listed, ({ count }) => count === 1);
    const answer = await answerTo(async () => {
      await temporal.workflowService.startBatchOperation({
        namespace: temporal.options.namespace,
        jobId: `bulk-${town.model}`,
        reason: 'a test',
        visibilityQuery: query,
        signalOperation: {
          signal: 'approve',
          identity: 'ceo@example.org',
          input: {
            payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"approved":true}') }],
          },
        },
      });
    });
    expect(answer).toContain('Refused: a decision names the packet');
  });

  test('an update is refused at once with the words that a signal gets, and leaves no message', async () => {
    const before = (await town.status(run)).desk;
    const refused = (body: unknown) => update(town, run, 'approve', body).then(String, (error) => error.cause.message);
    expect(await refused({ approved: true })).toContain('Refused: a decision names the packet');
    expect(await refused(undefined)).toContain('Refused: a decision names the packet');
    expect(await refused({ ...good('ana'), packet: 'ffffffff' })).toContain('is not the one on the desk');
    expect(await refused(good('kim'))).toContain('may not approve it');
    await expect(decide(town.client, run, 'reject', { packet, by: 'ana' })).rejects.toMatchObject({
      code: 'HONE_DECISION_REFUSED',
      exitCode: 3,
      message: expect.stringContaining('a rejection needs its reason'),
    });
    expect((await town.status(run)).desk).toEqual(before);
  });

  test('a message that is too long for a run is refused before it is sent', async () => {
    const endless = { packet, by: 'ana', comment: 'x'.repeat(3_000_000) };
    await expect(decide(town.client, run, 'approve', endless)).rejects.toMatchObject({ code: 'HONE_DECISION_REFUSED' });
  });

  test('at most 200 messages are kept, the newest, and the rest is counted', async () => {
    const already = (await town.status(run)).desk.messages.length;
    await Promise.all(
      Array.from({ length: 210 }, (_, i) => signal(town, run, 'comment', { by: 'ana', comment: `note ${i}` })),
    );
    const total = already + 210;
    const full = ({ desk }: RunStatus) => desk.messages.length + desk.messagesDropped === total;
    const { desk } = await eventually('all are counted', () => town.status(run), full);
    expect(desk.messages).toHaveLength(200);
    expect(desk.messagesDropped).toBe(total - 200);
  });

  test('an approval sent twice counts once; the second person decides, and later messages come too late', async () => {
    expect(await answerToSignal('approve', good('ana'))).toBe('Approval 1 of 2 by ana.');
    expect(await answerToSignal('approve', good('ANA'))).toContain('Already counted');
    await expect(decide(town.client, run, 'approve', good('ana'))).rejects.toThrow('Already counted');
    expect((await town.status(run)).desk.verdict).toBeNull();

    expect(await decide(town.client, run, 'approve', good('dana'))).toBe('Approved by ana, dana.');
    expect(await answerToSignal('reject', good('ana'))).toContain('Too late: already approved');
    await expect(decide(town.client, run, 'approve', good('dana'))).rejects.toThrow('Too late: already approved');

    expect(await town.end(run)).toMatchObject({ outcome: 'promoted', version: 1 });
    await expect(decide(town.client, run, 'approve', good('dana'))).rejects.toMatchObject({ code: 'HONE_RUN_CLOSED' });
    await expect(decide(town.client, `${town.model}-000999`, 'approve', good('dana'))).rejects.toMatchObject({
      code: 'HONE_RUN_UNKNOWN',
    });
  });

  test('the ledger names who approved, and on what', async () => {
    const entry = await town.ledger.find(`${run}/approve/staged`);
    expect(entry).toMatchObject({
      actor: 'ana, dana',
      trust: 'asserted',
      why: 'looks right',
      change: { kind: 'version_staged', version: 1, packet: expect.stringMatching(new RegExp(`^${packet}`)) },
    });
  });
});

describe('with a champion in place', () => {
  test('a rejection ends the run with its reason and leaves the champion', async () => {
    ({ run, packet } = await waitingRun());
    expect(await decide(town.client, run, 'reject', { packet, by: 'dana', comment: 'too few snow days' })).toBe(
      'Rejected by dana: too few snow days',
    );
    const end = await town.end(run);
    expect(end).toMatchObject({ outcome: 'rejected_by_person', version: 2 });
    expect(end.sentence).toContain('dana: too few snow days');
    expect(await champion()).toBe(1);
    expect((await town.ledger.find(`${run}/undo/reject-2`))?.change).toMatchObject({ kind: 'version_rejected' });
    expect((await town.ledger.find(`${run}/end`))?.why).toContain('dana: too few snow days');
  });

  test('an approval that nobody gives expires after its days, and the champion stays', async () => {
    ({ run, packet } = await waitingRun());
    await answerToSignal('approve', good('ana'));
    await skipTime(town, run, 'PT47H');
    await eventually(
      '47 hours have passed for the run',
      () => answerToSignal('comment', { by: 'ana', comment: 'still there?' }),
      (answer) => answer.startsWith('Noted'),
    );
    const reminders = ({ desk }: RunStatus) => desk.messages.filter(({ name }) => name === 'reminder');
    const reminded = await eventually(
      'people are reminded twice',
      () => town.status(run),
      (now) => reminders(now).length === 2,
    );
    expect(reminded.waitingFor).not.toBeNull();
    expect(reminders(reminded)[0]).toMatchObject({
      ...{ by: 'hone', answer: expect.stringContaining('Still waiting for 2 approval(s) from ana, dana, kim until') },
    });

    await skipTime(town, run, 'PT2H');
    const end = await town.end(run);
    expect(end).toMatchObject({ outcome: 'expired', version: 3 });
    expect(end.sentence).toContain('nobody decided within P2D');
    expect(await champion()).toBe(1);
    expect((await town.ledger.state()).activeRun).toBeNull();
    expect((await town.ledger.verify()).ok).toBe(true);
  });
});
