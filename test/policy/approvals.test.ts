import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ApprovalPolicy,
  type Desk,
  emptyDesk,
  MESSAGES_KEPT,
  PLACEHOLDERS,
  receive,
} from '../../src/policy/approvals.ts';
import { layPacket, observe } from '../../src/policy/packet-on-desk.ts';

const digest = 'a1b2c3d4'.padEnd(64, '0');
const desk: Desk = { ...emptyDesk, packet: digest };
const policy: ApprovalPolicy = {
  run: 'churn-000001',
  approvers: 1,
  people: ['ana', 'Dana Lee', 'kim@x.org'],
  excluded: ['kim@x.org'],
};
const at = '2013-01-25T00:00:00.000Z';
const say = (name: string, body: unknown, on: Desk = desk, by: ApprovalPolicy = policy) =>
  receive(on, { name, body, at }, by);
const approval = { packet: 'a1b2c3d4', by: 'ana', comment: 'fine' };

describe('a decision', () => {
  test('counts when it names the packet and comes from an approver', () => {
    const { desk: after, answer } = say('approve', approval);
    expect(answer).toEqual({ accepted: true, text: 'Approved by ana.' });
    expect(after.verdict).toEqual({ kind: 'approved', by: ['ana'], comment: 'fine', trust: 'asserted' });
  });

  test.each([
    ['empty', undefined],
    ['null', null],
    ['a list', []],
    ['a word', 'yes'],
    ['a number', 1],
    ['a string for approved', { approved: 'false' }],
    ['without a packet', { by: 'ana' }],
    ['with an unknown field', { ...approval, approved: true }],
    ['with a packet that is too short', { ...approval, packet: 'a1b2' }],
    ['with a comment of a megabyte', { ...approval, comment: 'x'.repeat(1_000_000) }],
  ])('that is %s is refused and shows the exact JSON to send', (_what, body) => {
    const { desk: after, answer } = say('approve', body);
    expect(answer.accepted).toBe(false);
    expect(answer.text).toContain('{"packet":"a1b2c3d4"');
    expect(after.verdict).toBeNull();
  });

  test('whose bytes were not JSON is answered, not thrown', () => {
    expect(say('approve', { undecodable: true, problem: 'x' }).answer.text).toContain('could not be decoded');
  });

  test('for another packet is refused as stale', () => {
    expect(say('approve', { ...approval, packet: 'ffffffff' }).answer.text).toContain('not the one on the desk');
  });

  test('before there is a packet is refused', () => {
    expect(say('approve', approval, emptyDesk).answer.text).toContain('no packet');
  });

  test('by somebody else names the approvers', () => {
    expect(say('approve', { ...approval, by: 'mallory' }).answer.text).toContain('ana, Dana Lee');
  });

  test.each(['kim@x.org', 'KIM@x.org ', 'kim+test@x.org', 'ｋim@x.org'])(
    'by who started the run is refused, spelt %s',
    (by) => {
      expect(say('approve', { ...approval, by }).answer.text).toContain('may not approve');
    },
  );

  test('sent twice counts once', () => {
    const two = { ...policy, approvers: 2 };
    const first = say('approve', approval, desk, two);
    const again = say('approve', { ...approval, by: 'ANA' }, first.desk, two);
    expect(again.answer.text).toContain('Already counted');
    expect(again.desk.verdict).toBeNull();
    expect(say('approve', { ...approval, by: 'dana lee' }, again.desk, two).desk.verdict?.by).toEqual([
      'ana',
      'Dana Lee',
    ]);
  });

  test('after the verdict is too late', () => {
    expect(say('reject', approval, say('approve', approval).desk).answer.text).toContain('Too late');
  });

  test('to reject needs a reason, and then vetoes', () => {
    expect(say('reject', { packet: 'a1b2c3d4', by: 'ana' }).answer.text).toContain('needs its reason');
    expect(say('reject', approval).desk.verdict?.kind).toBe('rejected');
  });

  test('under a misspelt name is told what was meant', () => {
    expect(say('aprove', approval).answer.text).toContain('Did you mean approve or reject?');
  });
});

test('our own examples are no reason: what was copied and not written is refused as if it were empty', () => {
  const warned = { ...policy, warnings: ['scores moved'], placeholders: PLACEHOLDERS };
  for (const comment of PLACEHOLDERS) {
    const copied = { ...approval, comment: ` ${comment} ` };
    expect(say('approve', copied, desk, warned).answer.text).toContain('approving over a warning needs a reason');
    expect(say('reject', copied, desk, warned).answer.text).toContain('a rejection needs its reason');
    // Runs that were looked at before this was known go on as they were.
    expect(say('reject', copied).answer.accepted).toBe(true);
  }
});

test('an automatic approval that a freeze holds back stays, until what its packet rests on has moved', () => {
  const basis = { champion: 1, config: 'c', policy: 'p' };
  const verdict = { kind: 'approved', by: ['policy'], comment: 'the gate passed' } as const;
  const laid: Desk = { ...layPacket(emptyDesk, { digest, basis }), verdict };
  const now = { ...policy, keepsAutomatic: true as const };
  expect(observe(laid, basis, now, at)).toEqual(laid);
  const moved = observe(laid, { ...basis, champion: 2 }, now, at);
  expect(moved).toMatchObject({ packet: null, verdict: null });
  // Nobody's approvals under a policy that asks for people are not enough.
  const lapsed = { ...laid, verdict: { ...verdict, by: ['ana'] }, approvals: [{ by: 'ana', comment: '', at }] };
  expect(observe(lapsed, basis, { ...now, people: ['Dana Lee'] }, at).verdict).toBeNull();
});

test('whatever arrives, the desk answers, keeps at most 200 messages and approves only with enough approvers', () => {
  const body = fc.oneof(
    fc.anything(),
    fc.record({
      packet: fc.constantFrom('a1b2c3d4', 'ffffffff'),
      by: fc.constantFrom('ana', 'Dana Lee', 'kim@x.org', 'eve'),
      comment: fc.string(),
    }),
  );
  const name = fc.constantFrom('approve', 'reject', 'comment', 'aprove', '__proto__');
  fc.assert(
    fc.property(fc.array(fc.tuple(name, body), { maxLength: 260 }), (sent) => {
      const two = { ...policy, approvers: 2 };
      const end = sent.reduce((now, [kind, content]) => say(kind, content, now, two).desk, desk);
      expect(end.messages.length + end.messagesDropped).toBe(sent.length);
      expect(end.messages.length).toBeLessThanOrEqual(MESSAGES_KEPT);
      if (end.verdict?.kind === 'approved') expect(new Set(end.verdict.by).size).toBe(2);
      expect(end.verdict?.by ?? []).not.toContain('eve');
    }),
    { numRuns: 60 },
  );
});
