/** Are these approvals enough? Pure: the same approvals under the same policy give the same answer. */
import { matched, subjectOf } from '../config/people.ts';
import type { Approval, ApprovalPolicy, Desk } from './approvals.ts';

/** What is still missing, in words; null when nothing is. */
export function missingFor(approvals: readonly Approval[], policy: ApprovalPolicy): string | null {
  const people = new Set(approvals.map(({ by }) => subjectOf(by)));
  const more = policy.approvers - people.size;
  if (more > 0) return `${more} more of ${policy.approvers}`;
  const each = policy.eachGroup ?? 0;
  const groups = Object.entries(policy.groups ?? {});
  const seats = groups.flatMap(([, members]) => {
    const able = members.map(subjectOf).filter((one) => people.has(one));
    return Array.from({ length: each }, () => able);
  });
  if (matched(seats) === seats.length) return null;
  return `${each} from each of ${groups.map(([name]) => name).join(', ')} (a person speaks for one group only)`;
}

/** Why a person may not approve, as the rest of a sentence; null when there is no reason. */
export function excludedBecause(person: string, { excluded, editor, run }: ApprovalPolicy): string | null {
  const subject = subjectOf(person);
  if (excluded.some((name) => subjectOf(name) === subject)) return `started ${run}`;
  if (editor && subjectOf(editor) === subject) return `applied the configuration of ${run}`;
  return null;
}

/** Counts now, and not only when it was given: still an approver, not excluded, by a key that is not revoked. */
export function stillCounts(approval: Approval, policy: ApprovalPolicy): boolean {
  const subject = subjectOf(approval.by);
  if (!policy.people.some((name) => subjectOf(name) === subject)) return false;
  if (approval.key && policy.revokedKeys?.includes(approval.key)) return false;
  if (policy.identity === 'signed' && approval.trust !== 'signed') return false;
  return excludedBecause(approval.by, policy) === null;
}

/** How much is known about who approved: as much as about the least known of them. */
export function approvedBy(approvals: readonly Approval[], comment: string): NonNullable<Desk['verdict']> {
  const trust = approvals.every((one) => one.trust === 'signed') ? 'signed' : 'asserted';
  return { kind: 'approved', by: approvals.map(({ by }) => by), comment, trust };
}
