/**
 * Bad input to an approval, row by row of the list that the project keeps (B1 to B11, B45, B47): what is sent, and the answer.
 *
 * The same bytes from raw clients against a real server are in `test/workflows/approval.test.ts`; pages have tests of their own.
 */
import { describe, expect, test } from 'vitest';
import { modelOfRun } from '../../src/client/run-id.ts';
import type { People } from '../../src/config/hone.ts';
import { approval } from '../../src/config/sections/approval.ts';
import { slug } from '../../src/config/values.ts';
import { withKey } from '../../src/identity/enrolment.ts';
import { newKey } from '../../src/identity/keys.ts';
import { type Said, signDecision, verifyDecision } from '../../src/identity/sign.ts';
import { type ApprovalPolicy, type Desk, emptyDesk, type Proof, receive } from '../../src/policy/approvals.ts';
import { layPacket } from '../../src/policy/packet-on-desk.ts';
import { manifestKey } from '../../src/registry/keys.ts';
import { payloadConverter } from '../../src/workflows/payload-converter.ts';
import { plain } from '../../src/workflows/plain.ts';

const at = '2026-02-01T10:05:00.000Z';
const packet = 'a1b2c3d4'.padEnd(64, '0');
const basis = { champion: 1, config: 'c', policy: 'p' };
const desk: Desk = layPacket(emptyDesk, { digest: packet, basis });
const policy: ApprovalPolicy = {
  ...{ run: 'churn-000001', approvers: 2, people: ['ana', 'dana', 'kim@x.org'], excluded: ['kim@x.org'] },
  ...{ editor: 'dana', identity: 'asserted', warnings: [], alone: [] },
};
const good = { packet: 'a1b2c3d4', by: 'ana', comment: 'fine' };
const send = (body: unknown, name = 'approve', on = desk, by = policy, proof?: Proof) =>
  receive(on, { name, body, at, ...(proof ? { proof } : {}) }, by);
const answer = (...sent: Parameters<typeof send>) => send(...sent).answer;

/** Refused, told why, kept, and nothing else has changed. */
function refused(body: unknown, words: string, name = 'approve', on = desk, by = policy): void {
  const { desk: after, answer } = send(body, name, on, by);
  expect(answer).toEqual({ accepted: false, text: expect.stringContaining(words) });
  expect({ ...after, messages: [] }).toEqual({ ...on, messages: [] });
  expect(after.messages.at(-1)).toMatchObject({ name, accepted: false });
}

const decoded = (encoding: string | null, bytes: string): unknown =>
  payloadConverter.fromPayload({
    ...(encoding === null ? {} : { metadata: { encoding: new TextEncoder().encode(encoding) } }),
    data: new TextEncoder().encode(bytes),
  });

test.each([
  ['json/plain', '{not json'],
  ['binary/secret', 'abc'],
  [null, 'abc'],
])('B1: bytes that are no JSON, encoding %s: kept as undecodable, answered, nothing thrown', (encoding, bytes) => {
  refused(decoded(encoding, bytes), 'could not be decoded as JSON');
});

test.each([null, [], 'yes', 1, undefined])('B2: %j is refused in a line, with the JSON to send', (body) => {
  refused(body, 'Refused: a decision names the packet');
  expect(answer(body).text).toContain('{"packet":"a1b2c3d4","by":"<your name>"');
  expect(answer(body).text).not.toContain('\n');
});

test('B3: a yes that is text is refused, as is a text where true is asked for', () => {
  refused({ approved: 'false' }, 'a decision names the packet');
  refused({ ...good, break_glass: 'true' }, 'break_glass');
});

test('B4: a decision about another packet is refused and kept, whatever run it is from', () => {
  refused({ ...good, packet: 'ffffffff' }, 'packet ffffffff is not the one on the desk');
  refused({ ...good, packet: `${packet.slice(0, 63)}1` }, 'is not the one on the desk');
  refused({ ...good, run: 'churn-000002' }, '"run"');
});

describe('B5: one person under another spelling', () => {
  test.each(['kim@x.org', 'KIM@x.org ', 'kim+test@x.org', 'ｋim@x.org'])('who started the run, as %s', (by) => {
    refused({ ...good, by }, 'started churn-000001 and may not approve it');
  });
  test.each(['dana', ' DANA', 'dana+1'])('who applied the configuration, as %s', (by) => {
    refused({ ...good, by }, 'applied the configuration of churn-000001 and may not approve it');
  });
  test('a look-alike from another alphabet is nobody', () => {
    refused({ ...good, by: 'аna' }, 'is not an approver');
  });
  test('the same approver twice is one', () => {
    refused({ ...good, by: 'ANA+2' }, 'Already counted', 'approve', send(good).desk);
  });
});

const ana = newKey();
const people: People = withKey({}, 'ana', ana, '2026-01-01T00:00:00.000Z', false);
const saidBy = (by: string): Said => ({
  ...{ model: 'churn', run: 'churn-000001', packet, decision: 'approve', break_glass: false, comment: 'fine', by },
});
const proofOf = (said: Said, signature: unknown): Proof =>
  verifyDecision(said, signature, { people, since: '2026-02-01T10:00:00.000Z', now: at });

test('B6: a message that names somebody else than its key counts for whom the key belongs to, and the difference is kept', () => {
  const said = saidBy('mallory');
  const signature = signDecision(ana, said, at);
  const { desk: after, answer } = send(
    { ...good, by: 'mallory', signature },
    'approve',
    desk,
    policy,
    proofOf(said, signature),
  );
  expect(after.approvals).toMatchObject([{ by: 'ana', trust: 'signed', key: ana.id }]);
  expect(answer.text).toBe('Approval 1 of 2 by ana (the message said mallory).');
  expect(after.messages.at(-1)).toMatchObject({ by: 'mallory', answer: answer.text });
});

test('B7: a comment of a megabyte is refused; control characters, ANSI and direction marks mean nothing where it is shown', () => {
  refused({ ...good, comment: 'x'.repeat(1_000_000) }, 'comment');
  const nasty = '\u0000\u001b[31mred\u202e[link](x) **bold**\u2066';
  const shown = plain(send({ ...good, comment: nasty }, 'reject').answer.text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(shown).not.toMatch(/[\u0000-\u001f\u202a-\u202e\u2066-\u2069]/);
  expect(shown).toContain('\\[31mred');
});

test('B8: markup, links and calls to a channel are inert text', () => {
  const shown = plain('<script>alert(1)</script> [x](javascript:alert(1)) <!channel>');
  expect(shown).not.toMatch(/(?<!\\)[<>[\]]/);
});

test('B9: an unknown field is refused by its name, in a message and in the configuration', () => {
  refused({ ...good, force: true }, '"force"');
  const section = { auto: 'never', otherwise: {}, break_glass: 'never', approvers: 3 };
  expect(JSON.stringify(approval.safeParse(section).error?.issues)).toContain('approvers');
});

test.each(['../x', 'a/b', '', '.', 'x'.repeat(300), 'a\u0000b', 'name ', '🙂', 'constructor.', '-x'])(
  'B10: %j is the name of no model: refused by the configuration, and no run can be named after it',
  (name) => {
    expect(slug.safeParse(name).success).toBe(false);
    expect(() => modelOfRun(`${name}-1/..`)).toThrow();
  },
);

test('B11: names that differ in case or Unicode form only are refused, so that none can collide', () => {
  for (const name of ['Churn', 'CHURN', 'chürn', 'ｃhurn']) expect(slug.safeParse(name).success).toBe(false);
  expect(manifestKey('churn', 1)).toContain('models/churn/');
});

test('B45: what is only looked at decides nothing: a decision is a message with name, packet and, where asked for, a signature', () => {
  refused(undefined, 'a decision names the packet');
  const { desk: after } = send({ by: 'scanner', comment: 'prefetched' }, 'comment');
  expect(after).toMatchObject({ approvals: [], verdict: null });
  refused({}, 'Did you mean approve or reject?', 'GET /approve');
});

describe('B47: a captured signed decision', () => {
  const said = saidBy('ana');
  const signature = signDecision(ana, said, at);
  const body = { ...good, signature };

  test('sent again to the run counts for nothing', () => {
    const once = send(body, 'approve', desk, policy, proofOf(said, signature)).desk;
    expect(once.approvals).toHaveLength(1);
    const again = send(body, 'approve', once, policy, proofOf(said, signature));
    expect(again.answer.text).toContain('has counted already');
    expect(again.desk.approvals).toEqual(once.approvals);
  });

  test('is worth nothing for the packet that comes after, in another run, or turned into something else', () => {
    for (const other of [{ packet: 'b'.repeat(64) }, { run: 'churn-000002' }, { decision: 'reject' as const }])
      expect(proofOf({ ...said, ...other }, signature)).toMatchObject({
        problem: expect.stringContaining('not the signature'),
      });
  });

  test('from before the packet lay there is out of time', () => {
    const early = signDecision(ana, said, '2026-02-01T09:54:00.000Z');
    expect(proofOf(said, early)).toMatchObject({ problem: expect.stringContaining('before this packet') });
  });

  test('whose signature does not verify is not counted as asserted instead', () => {
    const forged = { ...signature, value: `${'A'.repeat(86)}==` };
    const { desk: after, answer } = send(
      { ...good, signature: forged },
      'approve',
      desk,
      policy,
      proofOf(said, forged),
    );
    expect(answer.text).toContain('the signature does not count');
    expect(after.approvals).toEqual([]);
  });
});
