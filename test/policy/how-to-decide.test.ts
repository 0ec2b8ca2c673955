/** What an approver copies from Temporal's page: it counts as it stands, or the page says what is missing. */
import { expect, test } from 'vitest';
import { type ApprovalPolicy, type Desk, emptyDesk, receive } from '../../src/policy/approvals.ts';
import { howToDecide } from '../../src/policy/how-to-decide.ts';
import { layPacket } from '../../src/policy/packet-on-desk.ts';

const at = '2026-02-01T10:05:00.000Z';
const basis = { champion: 1, config: 'c', policy: 'p' };
const desk: Desk = layPacket(emptyDesk, { digest: 'a1b2c3d4'.padEnd(64, '0'), basis });
const policy: ApprovalPolicy = {
  ...{ run: 'churn-000001', approvers: 2, people: ['ana', 'o"neil', 'dana', 'kim'], excluded: ['kim'] },
  ...{ editor: null, identity: 'asserted', warnings: [], alone: [] },
};
const linesOf = (markdown: string) => [...markdown.matchAll(/^\{.*\}$/gm)].map(([line]) => line);
const send = (on: Desk, line: string) => receive(on, { name: 'approve', body: JSON.parse(line), at }, policy);

test('each line to copy is accepted as it stands, and goes once its person has approved', () => {
  const lines = linesOf(howToDecide(desk, policy));
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(send(desk, line).answer.accepted).toBe(true);
  const once = send(desk, lines[0] ?? '').desk;
  const after = howToDecide(once, policy);
  expect(linesOf(after)).toEqual(lines.slice(1));
  expect(after).toContain('1 of 2 approvals so far (ana).');
  expect(after).toContain('kim started churn-000001 and may not approve it.');
});

test('over a warning the lines have an empty reason, which is refused until it is written', () => {
  const warned = { ...policy, warnings: ['scores moved'] };
  const [line = ''] = linesOf(howToDecide(desk, warned));
  expect(howToDecide(desk, warned)).toContain('Write your reason between the last quotes');
  const sent = (body: unknown) => receive(desk, { name: 'approve', body, at }, warned).answer;
  expect(sent(JSON.parse(line)).text).toContain('approving over a warning needs a reason');
  expect(sent({ ...JSON.parse(line), comment: 'looked at it' }).accepted).toBe(true);
});

test('where only signatures count, it gives the commands and no JSON; many people get one example', () => {
  const signed = howToDecide(desk, { ...policy, identity: 'signed', alone: ['boss'] });
  expect(linesOf(signed)).toEqual([]);
  expect(signed).toContain('hone approve churn-000001 --packet a1b2c3d4 --by <your name>');
  expect(signed).toContain('In an emergency boss may approve alone');
  const many = { ...policy, people: Array.from({ length: 40 }, (_, i) => `person${i}`) };
  expect(linesOf(howToDecide(desk, many))).toEqual(['{"packet":"a1b2c3d4","by":"<your name>","comment":""}']);
});
