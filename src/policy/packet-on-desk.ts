/**
 * What becomes of a packet while it lies on the desk: laid down, void when what it rests on has moved, expired. Pure.
 *
 * Workflow code, as `approvals.ts`.
 */
import { subjectOf } from '../config/people.ts';
import { type ApprovalPolicy, type Basis, type Desk, record } from './approvals.ts';
import { missingFor, stillCounts } from './quorum.ts';

export interface LaidPacket {
  readonly digest: string;
  readonly basis: Basis;
}

/** A new packet: whatever was said about an earlier one does not count. */
export function layPacket(desk: Desk, { digest, basis }: LaidPacket): Desk {
  return { ...desk, packet: digest, basis, approvals: [], verdict: null };
}

/**
 * The world as it is now. A packet whose basis has moved is void, with every decision about it that had not ended the
 * run; approvals of people who may not decide any more are taken off. Both are said in the messages.
 */
export function observe(desk: Desk, basis: Basis, policy: ApprovalPolicy, at: string): Desk {
  if (!desk.packet || !desk.basis || (desk.verdict && desk.verdict.kind !== 'approved')) return desk;
  const moved = whatMoved(desk.basis, basis);
  if (moved.length > 0) {
    const names = desk.approvals.map(({ by }) => by);
    const lost = names.length > 0 ? ` What ${names.join(', ')} decided on it counts no more.` : '';
    const text = `Packet ${desk.packet.slice(0, 8)} is void: ${moved.join('; ')}.${lost} A new one is made: read it, then decide again.`;
    return told({ ...desk, packet: null, basis: null, approvals: [], verdict: null }, 'packet void', text, at);
  }
  return withoutTheLapsed(desk, policy, at);
}

function withoutTheLapsed(desk: Desk, policy: ApprovalPolicy, at: string): Desk {
  const { verdict } = desk;
  if (verdict?.break_glass) {
    const may = policy.alone?.some((name) => verdict.by.some((by) => subjectOf(by) === subjectOf(name)));
    if (may) return desk;
    const text = `${verdict.by.join(', ')} may not break glass any more: the approval counts no more.`;
    return told({ ...desk, approvals: [], verdict: null }, 'approval lapsed', text, at);
  }
  if (policy.keepsAutomatic && verdict && verdict.by.length > 0 && desk.approvals.length === 0) return desk;
  const approvals = desk.approvals.filter((one) => stillCounts(one, policy));
  const lapsed = desk.approvals.filter((one) => !approvals.includes(one)).map(({ by }) => by);
  const enough = missingFor(approvals, policy) === null;
  const next = { ...desk, approvals, verdict: verdict && !enough ? null : verdict };
  if (lapsed.length === 0 && next.verdict === verdict) return desk;
  const text =
    lapsed.length > 0
      ? `Counts no more: ${lapsed.join(', ')} may not decide any more.`
      : 'The policy asks for more now.';
  return told(next, 'approval lapsed', text, at);
}

/** Nobody decided in time: the policy's default. A verdict that stands already stays. */
export function expire(desk: Desk, comment: string): Desk {
  return desk.verdict?.kind === 'rejected' ? desk : { ...desk, verdict: { kind: 'expired', by: [], comment } };
}

/** A word of hone itself, beside those of people, so that every channel shows it. */
export function told(desk: Desk, name: string, text: string, at: string): Desk {
  return record(desk, { name, body: { by: 'hone' }, at }, { accepted: true, text });
}

function whatMoved(then: Basis, now: Basis): string[] {
  const version = (champion: number | null) => (champion === null ? 'none' : `version ${champion}`);
  return [
    ...(then.champion === now.champion
      ? []
      : [`the champion was ${version(then.champion)} and is ${version(now.champion)}`]),
    ...(then.policy === now.policy ? [] : ['the policy (tier, gate, approval or deploy) was changed']),
    ...(then.policy === now.policy && then.config !== now.config ? ['the configuration was changed'] : []),
  ];
}
