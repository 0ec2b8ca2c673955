/** Whatever happens in whatever order: no promotion without quorum on the packet that lies there, nobody twice, a veto wins. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { subjectOf } from '../../src/config/people.ts';
import { type ApprovalPolicy, type Basis, type Desk, emptyDesk, receive } from '../../src/policy/approvals.ts';
import { expire, layPacket, observe } from '../../src/policy/packet-on-desk.ts';

const at = '2026-01-25T00:00:00.000Z';
const PEOPLE = ['ana', 'bob', 'cy', 'dora', 'eve', 'kim'] as const;
/** Two spellings of each: neither makes another person. */
const spelt = fc.constantFrom(...PEOPLE.flatMap((name) => [name, ` ${name.toUpperCase()}+x`]));
const packetOf = (number: number) => `${number}`.padStart(8, 'a').padEnd(64, '0');

type Event =
  | {
      kind: 'approve' | 'reject';
      by: string;
      comment: string;
      behind: number;
      signed: 'no' | 'good' | 'bad';
      glass: boolean;
    }
  | { kind: 'comment'; by: string }
  | { kind: 'expire' }
  | { kind: 'again' }
  | { kind: 'member'; group: 'ops' | 'risk'; name: string }
  | { kind: 'champion' }
  | { kind: 'policy'; approvers: number };

const said = fc.record({
  kind: fc.constantFrom('approve' as const, 'approve' as const, 'approve' as const, 'reject' as const),
  by: spelt,
  comment: fc.constantFrom('', 'because'),
  behind: fc.constantFrom(0, 0, 0, 0, 1),
  signed: fc.constantFrom('no' as const, 'good' as const, 'good' as const, 'bad' as const),
  glass: fc.integer({ min: 0, max: 8 }).map((n) => n === 0),
});
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 12, arbitrary: said },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('comment' as const), by: spelt }) },
  { weight: 1, arbitrary: fc.constant<Event>({ kind: 'expire' }) },
  { weight: 2, arbitrary: fc.constant<Event>({ kind: 'again' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('member' as const),
      group: fc.constantFrom('ops' as const, 'risk' as const),
      name: fc.constantFrom(...PEOPLE),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Event>({ kind: 'champion' }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('policy' as const), approvers: fc.integer({ min: 1, max: 3 }) }),
  },
);

interface World {
  desk: Desk;
  packet: number;
  champion: number;
  policies: number;
  groups: { ops: Set<string>; risk: Set<string> };
  approvers: number;
  eachGroup: number;
  identity: 'asserted' | 'signed';
  last: {
    name: string;
    body: unknown;
    proof?: { by: string; key: string; nonce: string } | { problem: string };
  } | null;
  nonces: number;
  /** What the test itself remembers of the packet on the desk: who approved it, in a message that named it. */
  approvedBy: Set<string>;
}

const basisOf = (world: World): Basis => ({
  champion: world.champion,
  config: `c${world.policies}`,
  policy: `p${world.policies}`,
});
const policyOf = ({ groups, approvers, eachGroup, identity }: World): ApprovalPolicy => ({
  run: 'churn-000001',
  approvers,
  people: [...new Set([...groups.ops, ...groups.risk])],
  excluded: ['kim'],
  editor: 'eve',
  groups: { ops: [...groups.ops], risk: [...groups.risk] },
  eachGroup,
  identity,
  warnings: ['score shift'],
  alone: ['dora'],
  revokedKeys: ['revoked'],
});

/** By trying every way of giving seats to people; the code under test augments paths. */
function seatsFilled(people: readonly string[], seats: readonly ReadonlySet<string>[]): boolean {
  const [seat, ...rest] = seats;
  if (seat === undefined) return true;
  return people.some(
    (one) =>
      seat.has(one) &&
      seatsFilled(
        people.filter((other) => other !== one),
        rest,
      ),
  );
}

function holdsQuorum(world: World): boolean {
  const { desk, groups, approvers, eachGroup } = world;
  const may = new Set([...groups.ops, ...groups.risk].filter((name) => name !== 'kim' && name !== 'eve'));
  const counted = [...new Set(desk.approvals.map(({ by }) => subjectOf(by)))].filter((name) => may.has(name));
  const seats = Array.from({ length: eachGroup }).flatMap(() => [groups.ops, groups.risk]);
  return (
    counted.length >= approvers && seatsFilled(counted, seats) && counted.every((name) => world.approvedBy.has(name))
  );
}

function step(world: World, event: Event): void {
  switch (event.kind) {
    case 'approve':
    case 'reject': {
      const packet = packetOf(world.packet - event.behind).slice(0, 8);
      const nonce = `${world.nonces++}`.padStart(32, '0');
      const signature = { key: '0'.repeat(16), at, nonce, value: `${'A'.repeat(86)}==` };
      const body = {
        ...{ packet, by: event.by, comment: event.comment },
        ...(event.glass && event.kind === 'approve' ? { break_glass: true } : {}),
        ...(event.signed === 'no' ? {} : { signature }),
      };
      const proof =
        event.signed === 'good'
          ? { by: event.by, key: '0'.repeat(16), nonce }
          : event.signed === 'bad'
            ? { problem: 'wrong' }
            : undefined;
      send(world, { name: event.kind, body, ...(proof ? { proof } : {}) });
      break;
    }
    case 'comment':
      send(world, { name: 'comment', body: { by: event.by, comment: 'hm' } });
      break;
    case 'again':
      if (world.last) send(world, world.last);
      break;
    case 'expire':
      if (!world.desk.verdict && world.desk.packet) world.desk = expire(world.desk, 'nobody decided');
      break;
    case 'member': {
      const group = world.groups[event.group];
      if (!group.delete(event.name)) group.add(event.name);
      look(world);
      break;
    }
    case 'champion':
      world.champion++;
      look(world);
      break;
    case 'policy':
      world.approvers = Math.max(event.approvers, world.eachGroup * 2);
      world.policies++;
      look(world);
  }
}

function send(world: World, message: NonNullable<World['last']>): void {
  const before = world.desk;
  const { desk, answer } = receive(before, { ...message, at }, policyOf(world));
  const body = message.body as { packet?: string; by: string };
  const subject = subjectOf(body.by);
  world.desk = desk;
  world.last = message;
  if (before.verdict) expect(desk.verdict).toEqual(before.verdict);
  if (!answer.accepted) {
    expect(desk.approvals).toEqual(before.approvals);
    expect(desk.verdict).toEqual(before.verdict);
    return;
  }
  if (message.name === 'comment') return;
  expect(packetOf(world.packet).startsWith(body.packet ?? '?')).toBe(true);
  if (message.proof) expect('by' in message.proof).toBe(true);
  if (world.identity === 'signed') expect(message.proof).toBeDefined();
  if (message.name === 'reject') expect(desk.verdict?.kind).toBe('rejected');
  if (message.name === 'approve') {
    expect(world.approvedBy.has(subject)).toBe(false);
    world.approvedBy.add(subject);
  }
}

/** As the workflow does: the world is looked at, and a void packet gets one in its place. */
function look(world: World): void {
  const before = world.desk;
  world.desk = observe(before, basisOf(world), policyOf(world), at);
  if (before.verdict && before.verdict.kind !== 'approved') expect(world.desk.verdict).toEqual(before.verdict);
  for (const { by } of before.approvals)
    if (!world.desk.approvals.some((one) => one.by === by)) world.approvedBy.delete(subjectOf(by));
  if (world.desk.packet !== null) return;
  expect(world.desk.approvals).toEqual([]);
  expect(world.desk.verdict).toBeNull();
  world.packet++;
  world.approvedBy.clear();
  world.desk = layPacket(world.desk, { digest: packetOf(world.packet), basis: basisOf(world) });
}

function check(world: World): void {
  const { desk } = world;
  const subjects = desk.approvals.map(({ by }) => subjectOf(by));
  expect(new Set(subjects).size).toBe(subjects.length);
  if (desk.verdict?.kind !== 'approved') return;
  expect(desk.packet).toBe(packetOf(world.packet));
  if (desk.verdict.break_glass) expect(desk.verdict.by).toEqual(['dora']);
  else expect(holdsQuorum(world)).toBe(true);
}

const worlds = fc.record({
  ops: fc.subarray([...PEOPLE], { minLength: 2 }),
  risk: fc.subarray([...PEOPLE], { minLength: 1 }),
  approvers: fc.integer({ min: 1, max: 3 }),
  eachGroup: fc.integer({ min: 0, max: 1 }),
  identity: fc.constantFrom('asserted' as const, 'signed' as const),
});

function begin({
  ops,
  risk,
  approvers,
  eachGroup,
  identity,
}: typeof worlds extends fc.Arbitrary<infer T> ? T : never): World {
  const world: World = {
    ...{ desk: emptyDesk, packet: 1, champion: 1, policies: 1, last: null, nonces: 0, approvedBy: new Set() },
    groups: { ops: new Set(ops), risk: new Set(risk) },
    ...{ approvers: Math.max(approvers, eachGroup * 2), eachGroup, identity },
  };
  world.desk = layPacket(world.desk, { digest: packetOf(1), basis: basisOf(world) });
  return world;
}

test('no promotion without quorum on the packet on the desk, nobody counts twice, and a veto before quorum ends it', () => {
  const ends = new Map<string, number>();
  fc.assert(
    fc.property(worlds, fc.array(event, { maxLength: 40 }), (start, events) => {
      const world = begin(start);
      for (const one of events) {
        step(world, one);
        check(world);
      }
      const { verdict } = world.desk;
      const end = verdict?.break_glass ? 'glass' : (verdict?.kind ?? 'open');
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }),
    { numRuns: 1200, seed: 20261122 },
  );
  // A property over worlds in which nothing is ever approved would prove nothing.
  for (const end of ['approved', 'rejected', 'expired', 'open', 'glass']) expect(ends.get(end) ?? 0).toBeGreaterThan(3);
});

test('approvals in any order, with any of them sent twice, end alike: approved, or as many still missing', () => {
  const approvals = fc.array(
    said.map((one): Event => ({ ...one, kind: 'approve', comment: 'because', glass: false })),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(worlds, approvals, fc.infiniteStream(fc.nat()), ({ ...start }, events, salt) => {
      const shuffled = events
        .flatMap((one): Event[] => [one, one])
        .map((one) => ({ one, key: salt.next().value }))
        .sort((a, b) => a.key - b.key)
        .map(({ one }) => one);
      const [plain, mixed] = [begin(start), begin(start)];
      for (const one of events) step(plain, one);
      for (const one of shuffled) step(mixed, one);
      expect(mixed.desk.verdict?.kind).toBe(plain.desk.verdict?.kind);
      if (!plain.desk.verdict) expect([...mixed.approvedBy].sort()).toEqual([...plain.approvedBy].sort());
    }),
    { numRuns: 400, seed: 20261122 },
  );
});

test('one refusal by an approver before quorum wins over everything that follows', () => {
  fc.assert(
    fc.property(
      worlds,
      fc.array(event, { maxLength: 20 }),
      fc.array(event, { maxLength: 20 }),
      (start, before, after) => {
        const world = begin({ ...start, ops: [...new Set([...start.ops, 'ana' as const])] });
        for (const one of before) step(world, one);
        world.groups.ops.add('ana');
        if (world.desk.verdict) return;
        step(world, { kind: 'reject', by: 'ana', comment: 'no', behind: 0, signed: 'good', glass: false });
        expect(world.desk.verdict).toMatchObject({ kind: 'rejected', by: ['ana'] });
        const rejected = world.desk.verdict;
        for (const one of after) step(world, one);
        expect(world.desk.verdict).toEqual(rejected);
      },
    ),
    { numRuns: 400, seed: 20261122 },
  );
});
