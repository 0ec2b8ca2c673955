/**
 * The approval desk of a run: total handlers, visible answers, deadline, reminders, escalation. The rules are in `policy/`.
 *
 * What could count is counted in turn, each after an activity has looked how the world stands and what its signature is
 * worth. What cannot count is answered at once.
 */
import { ApplicationFailure, condition } from '@temporalio/workflow';
import type { ApprovalFacts, SaidAbout } from '../activities/approval-facts.ts';
import { durationMs } from '../config/values.ts';
import {
  type Answer,
  type ApprovalPolicy,
  type Desk,
  emptyDesk,
  foreseen,
  type Incoming,
  type Proof,
  receive,
  record,
} from '../policy/approvals.ts';
import { howToDecide } from '../policy/how-to-decide.ts';
import { expire, layPacket, observe, told } from '../policy/packet-on-desk.ts';
import { listen } from './approval-messages.ts';
import { type Decided, type Deciding, decide } from './decision.ts';
import { type Run, until } from './run.ts';
import { step } from './steps.ts';

/** Nobody has to say that something moved: a waiting run looks by itself as well. */
const LOOK_EVERY = durationMs('PT6H');
const LOOK_EVERY_WHEN_FROZEN = durationMs('PT15M');
/** How long an approval is kept through a freeze: longer, and the data that it rests on is of another time. */
const THAWS_WITHIN = 'P14D';
/** Messages with a signature that does not verify; more are not looked at, so that they cannot fill the history. */
const FAILED_LOOKS_AT_MOST = 200;

export interface PacketRef {
  readonly digest: string;
  readonly markdown: string;
  readonly sentence: string;
}

export interface LaidPacket extends PacketRef {
  readonly facts: ApprovalFacts | null;
  readonly warnings: readonly string[];
  readonly automatic: Desk['verdict'];
}

export interface ApprovalDesk {
  readonly state: () => Desk;
  /** Records a message that belongs to somebody else's handler, with its answer. */
  note(name: string, body: unknown, answer: string, accepted: boolean): void;
  decide(deciding: Deciding): Promise<Decided>;
}

export function openDesk(run: Run): ApprovalDesk {
  const { starters, plan } = run.order;
  const { otherwise } = plan.approval;
  let desk = emptyDesk;
  let facts: ApprovalFacts | null = null;
  let warnings: readonly string[] = [];
  let laidAt = '';
  let escalated = false;
  let inTurn = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let failedLooks = 0;
  let lastLook = 0;
  let poked = false;

  const now = () => new Date().toISOString();
  const keep = (next: Desk) => {
    desk = next;
    run.view.messages = desk.messages;
    run.view.messagesDropped = desk.messagesDropped;
    run.view.packet = desk.packet;
    run.show();
  };
  const policy = (): ApprovalPolicy => {
    if (!facts) return { run: run.order.ref.run, approvers: 1, people: [], excluded: [] };
    const people = escalated ? [...new Set([...facts.policy.people, ...facts.escalation])] : facts.policy.people;
    return { ...facts.policy, people, warnings };
  };

  const look = async (said: SaidAbout | null): Promise<Proof | null> => {
    poked = false;
    const seen = await step(
      'short',
      said ? `look before ${said.name} counts` : 'look whether the packet still holds',
    ).lookForDecision(run.ref, { starters, said });
    lastLook = Date.now();
    facts = seen.facts;
    keep(observe(desk, seen.facts.basis, policy(), now()));
    return seen.proof;
  };
  /** Without a message a look may fail: the next one is before anything counts. */
  const lookAround = async () => {
    lastLook = Date.now();
    await look(null).catch(() => {});
  };

  const answerWith = (incoming: Incoming, answer: Answer): Answer => {
    keep(record(desk, incoming, answer));
    return answer;
  };
  const count = async (incoming: Incoming): Promise<Answer> => {
    const likely = foreseen(desk, incoming, policy());
    if (!likely.accepted) return answerWith(incoming, likely);
    if (failedLooks >= FAILED_LOOKS_AT_MOST)
      return answerWith(incoming, { accepted: false, text: 'Refused: too many messages with wrong signatures came.' });
    let proof: Proof | null;
    try {
      const name = incoming.name as SaidAbout['name'];
      proof = await look({ name, body: incoming.body, packet: desk.packet ?? '', since: laidAt, at: incoming.at });
    } catch {
      const text =
        'Not counted: ledger or configuration could not be read, so it is not known whether it may. Send it again.';
      return answerWith(incoming, { accepted: false, text });
    }
    if (proof && 'problem' in proof) failedLooks++;
    const received = receive(desk, proof ? { ...incoming, proof } : incoming, policy());
    keep(received.desk);
    return received.answer;
  };
  const take = async (name: string, body: unknown): Promise<Answer> => {
    const incoming = { name, body, at: now() };
    const likely = foreseen(desk, incoming, policy());
    if (!likely.accepted || (name !== 'approve' && name !== 'reject')) return answerWith(incoming, likely);
    inTurn++;
    const counted = turn.then(() => count(incoming));
    turn = counted;
    return await counted.finally(() => inTurn--);
  };
  listen(
    take,
    (name, body) => foreseen(desk, { name, body, at: now() }, policy()),
    () => {
      poked = true;
    },
  );

  const waitingFor = () => {
    const { approvers, people, eachGroup = 0, groups = {} } = policy();
    const each = eachGroup > 0 ? `, ${eachGroup} from each of ${Object.keys(groups).join(', ')}` : '';
    return `${approvers} approval(s) from ${people.join(', ')}${each}`;
  };
  const settled = () => desk.verdict !== null || desk.packet === null;

  /** Until there is a verdict, the packet is void, or nobody has decided in time. */
  const waitForPeople = async (packet: LaidPacket) => {
    const started = Date.now();
    const ends = started + durationMs(otherwise.deadline);
    const calls = callsOf(otherwise, started);
    const waiting = () => ({
      for: waitingFor(),
      deadline: new Date(ends).toISOString(),
      then: otherwise.on_expiry,
      needs: 'approval' as const,
      get details() {
        return [packet.markdown, howToDecide(desk, policy())].join('\n\n');
      },
    });
    await run.wait(waiting(), async () => {
      while (!settled()) {
        const next = Math.min(ends, calls[0]?.at ?? ends, lastLook + LOOK_EVERY);
        await until(() => settled() || poked, next - Date.now(), next === ends ? 'approval deadline' : 'next look');
        if (settled()) return;
        if (Date.now() >= ends) {
          // What came in time is still counted.
          await condition(() => inTurn === 0);
          if (!settled()) keep(expire(desk, `nobody decided within ${otherwise.deadline}`));
          return;
        }
        for (let call = calls[0]; call && call.at <= Date.now(); call = calls[0]) {
          calls.shift();
          escalated ||= call.name === 'escalation';
          const more = call.name === 'escalation' ? ` From now on ${facts?.escalation.join(', ')} may decide too.` : '';
          const left = `until ${new Date(ends).toISOString()}, then ${otherwise.on_expiry}`;
          keep(told(desk, call.name, `Still waiting for ${waitingFor()} ${left}.${more}`, now()));
          run.view.waiting = waiting();
        }
        if (poked || Date.now() >= lastLook + LOOK_EVERY) await lookAround();
      }
    });
  };

  /** What holds an approved version back; a freeze by hand is lifted by hand, a window is passed by breaking glass. */
  const heldBackBy = () => {
    if (desk.verdict?.kind !== 'approved') return null;
    return facts?.frozen || (desk.verdict.break_glass ? null : facts?.window) || null;
  };
  /** An approval is kept through a freeze; nothing is rolled out before its end. */
  const waitForThaw = async () => {
    const ends = Date.now() + durationMs(THAWS_WITHIN);
    for (let held = heldBackBy(); held; held = heldBackBy()) {
      const waiting = {
        ...{ for: `the end of a freeze: ${held}`, deadline: new Date(ends).toISOString() },
        ...{ then: otherwise.on_expiry, needs: null },
      };
      const next = Math.min(ends - Date.now(), LOOK_EVERY_WHEN_FROZEN);
      await run.wait(waiting, () => until(() => poked, next, 'look whether the freeze is over'));
      await lookAround();
      const by = desk.verdict?.by.join(', ') ?? 'nobody';
      if (heldBackBy() && Date.now() >= ends) keep(expire(desk, `approved by ${by}, but for ${THAWS_WITHIN} ${held}`));
    }
  };

  return {
    state: () => desk,
    note: (name, body, text, accepted) => void answerWith({ name, body, at: now() }, { accepted, text }),
    decide: (deciding) => decide(run, { lay, facts: () => facts, state: () => desk }, deciding),
  };

  /** Null: the packet is void, because what it rests on has moved; the facts say how it is now. */
  async function lay(packet: LaidPacket): Promise<Desk['verdict']> {
    if (!packet.facts) throw ApplicationFailure.nonRetryable('a packet of policy version 2 comes with its facts');
    facts = packet.facts;
    warnings = packet.warnings;
    laidAt = now();
    lastLook = Date.now();
    run.say(packet.sentence);
    keep({ ...layPacket(desk, { digest: packet.digest, basis: facts.basis }), verdict: packet.automatic });
    while (desk.packet !== null) {
      await waitForPeople(packet);
      await waitForThaw();
      if (desk.verdict) return desk.verdict;
    }
    return null;
  }
}

/** Reminders and the escalation, earliest first. */
function callsOf(
  { deadline, remind, escalate }: Run['order']['plan']['approval']['otherwise'],
  started: number,
): { at: number; name: 'reminder' | 'escalation' }[] {
  const reminders = remind.map((part) => ({ at: started + part * durationMs(deadline), name: 'reminder' as const }));
  const later = escalate === 'never' ? [] : [{ at: started + durationMs(escalate.after), name: 'escalation' as const }];
  return [...reminders, ...later].sort((a, b) => a.at - b.at);
}
