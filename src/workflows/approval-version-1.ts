/** The approval desk of runs that began under policy version 1; it goes when none of them can be open any more. */
import { setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import { durationMs } from '../config/values.ts';
import { type Answer, type ApprovalPolicy, type Desk, emptyDesk, receive, record } from '../policy/approvals.ts';
import type { ApprovalDesk, PacketRef } from './approval.ts';
import type { RunOrder } from './contract.ts';
import * as messages from './messages.ts';
import { type Run, until } from './run.ts';
import { step } from './steps.ts';

export function openDeskOfVersion1(run: Run): ApprovalDesk {
  let desk = emptyDesk;
  const policy = policyOf(run.order);

  const keep = (next: Desk) => {
    desk = next;
    run.view.messages = desk.messages;
    run.view.messagesDropped = desk.messagesDropped;
    run.show();
  };
  const take = (name: string, body: unknown): Answer => {
    const received = receive(desk, { name, body, at: new Date().toISOString() }, policy);
    keep(received.desk);
    return received.answer;
  };
  /** An update is refused before it enters history, with the same words that a signal would have got. */
  const refuseIfWrong = (name: string) => (body: unknown) => {
    const { answer } = receive(desk, { name, body, at: '' }, policy);
    if (!answer.accepted) throw new Error(answer.text);
  };

  const hint = 'one JSON object: {"packet":"<first 8 digits>","by":"<your name>","comment":"…"}';
  setHandler(messages.approveSignal, (body) => void take('approve', body), {
    description: `Approve the packet: ${hint}`,
  });
  setHandler(messages.rejectSignal, (body) => void take('reject', body), {
    description: `Reject, with the reason: ${hint}`,
  });
  setHandler(messages.commentSignal, (body) => void take('comment', body), {
    description: 'Leave a note: {"by":"…","comment":"…"}',
  });
  setDefaultSignalHandler((name, ...args) => void take(name, args[0]));
  setHandler(messages.approveUpdate, (body) => take('approve', body).text, { validator: refuseIfWrong('approve') });
  setHandler(messages.rejectUpdate, (body) => take('reject', body).text, { validator: refuseIfWrong('reject') });
  setHandler(messages.commentUpdate, (body) => take('comment', body).text, { validator: refuseIfWrong('comment') });

  return {
    state: () => desk,
    note: (name, body, text, accepted) =>
      keep(record(desk, { name, body, at: new Date().toISOString() }, { accepted, text })),
    async decide({ candidate, served, report, judged }) {
      const packet = await run.stage('approve', () =>
        step('short', 'put the packet together').packet(run.ref, {
          ...{ judged: candidate, served, gate: judged.gate, validation: report },
          reasons: [...run.order.reasons],
        }),
      );
      const verdict = packet.automatic ?? (await waitForPeople(packet));
      await step('short', `record the decision: ${verdict.kind}`).recordDecision(run.ref, {
        ...{ served, packet: packet.digest },
        ...{ verdict, desk },
      });
      return { verdict, judged };
    },
  };

  async function waitForPeople(packet: PacketRef): Promise<NonNullable<Desk['verdict']>> {
    const { deadline, on_expiry } = run.order.plan.approval.otherwise;
    desk = { ...desk, packet: packet.digest };
    run.view.packet = packet.digest;
    run.say(packet.sentence);
    const ends = new Date(Date.now() + durationMs(deadline)).toISOString();
    const waiting = {
      for: `${policy.approvers} approval(s) from ${policy.people.join(', ')}`,
      deadline: ends,
      then: on_expiry,
      needs: 'approval' as const,
      details: packet.markdown,
    };
    await run.wait(waiting, () => until(() => desk.verdict !== null, durationMs(deadline), 'approval deadline'));
    desk = {
      ...desk,
      verdict: desk.verdict ?? { kind: 'expired', by: [], comment: `nobody decided within ${deadline}` },
    };
    return desk.verdict as NonNullable<Desk['verdict']>;
  }
}

function policyOf(order: RunOrder): ApprovalPolicy {
  const { otherwise } = order.plan.approval;
  return {
    run: order.ref.run,
    approvers: otherwise.approvers,
    people: order.plan.approvers,
    excluded: otherwise.exclude_starter ? order.starters : [],
  };
}
