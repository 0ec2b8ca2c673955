/**
 * The approval desk as a pure reducer: every message gets an answer, none throws, repeated and late ones change nothing.
 *
 * Workflow code: a change of what it answers needs a new `policyVersion` (see docs/architecture.md).
 */
import type { z } from 'zod';
import { comment, type Decision, decision } from '../workflows/contract.ts';
import { subjectOf } from './people.ts';

/** Kept in a run; older ones are counted only. */
export const MESSAGES_KEPT = 200;
const PROBLEM_LENGTH = 200;

export interface ApprovalPolicy {
  readonly run: string;
  readonly approvers: number;
  readonly people: readonly string[];
  /** People who asked for the run; empty where the policy does not exclude them. */
  readonly excluded: readonly string[];
}

export interface Message {
  readonly name: string;
  readonly by: string | null;
  readonly at: string;
  readonly accepted: boolean;
  readonly answer: string;
}

export interface Desk {
  readonly packet: string | null;
  readonly approvals: readonly { readonly by: string; readonly comment: string; readonly at: string }[];
  readonly verdict: null | {
    readonly kind: 'approved' | 'rejected' | 'expired';
    readonly by: readonly string[];
    readonly comment: string;
  };
  readonly messages: readonly Message[];
  readonly messagesDropped: number;
}

export const emptyDesk: Desk = { packet: null, approvals: [], verdict: null, messages: [], messagesDropped: 0 };

export interface Incoming {
  readonly name: string;
  readonly body: unknown;
  readonly at: string;
}

export interface Answer {
  readonly accepted: boolean;
  readonly text: string;
}

/** The exact JSON to send, for the packet on the desk. */
export function exampleDecision(desk: Desk, by = '<your name>'): string {
  return JSON.stringify({ packet: desk.packet?.slice(0, 8) ?? '<packet>', by, comment: '<why>' });
}

/** Records the message and answers it; the desk's verdict may change. */
export function receive(desk: Desk, incoming: Incoming, policy: ApprovalPolicy): { desk: Desk; answer: Answer } {
  const { next, answer } = consider(desk, incoming, policy);
  return { desk: record(next, incoming, answer), answer };
}

/** Keeps a message with its answer, whoever answered it; of too many the oldest are counted only. */
export function record(desk: Desk, incoming: Incoming, answer: Answer): Desk {
  const message: Message = {
    name: incoming.name.slice(0, 60),
    by: claimedName(incoming.body),
    at: incoming.at,
    accepted: answer.accepted,
    answer: answer.text,
  };
  const messages = [...desk.messages, message];
  const surplus = Math.max(0, messages.length - MESSAGES_KEPT);
  return { ...desk, messages: messages.slice(surplus), messagesDropped: desk.messagesDropped + surplus };
}

function consider(desk: Desk, incoming: Incoming, policy: ApprovalPolicy): { next: Desk; answer: Answer } {
  const refuse = (text: string) => ({ next: desk, answer: { accepted: false, text } });
  const accept = (next: Desk, text: string) => ({ next, answer: { accepted: true, text } });

  if (isUndecodable(incoming.body)) {
    return refuse(`Ignored: the message could not be decoded as JSON. Send ${exampleDecision(desk)}.`);
  }
  if (incoming.name === 'comment') {
    const parsed = comment.safeParse(incoming.body);
    if (!parsed.success) return refuse(`Ignored: ${problem(parsed.error)}. Send {"by":"<your name>","comment":"…"}.`);
    return accept(desk, `Noted: ${parsed.data.comment}`);
  }
  if (incoming.name !== 'approve' && incoming.name !== 'reject') {
    return refuse(`Unknown signal "${incoming.name.slice(0, 60)}". Did you mean approve or reject?`);
  }
  if (desk.verdict) return refuse(`Too late: already ${desk.verdict.kind}. To undo a promotion use rollback.`);
  if (!desk.packet) return refuse('Nothing waits for a decision yet: there is no packet to decide on.');

  const parsed = decision.safeParse(incoming.body);
  if (!parsed.success) {
    return refuse(`Refused: a decision names the packet (${problem(parsed.error)}). Send ${exampleDecision(desk)}.`);
  }
  return decide(desk, incoming, parsed.data, policy, refuse, accept);
}

function decide(
  desk: Desk,
  incoming: Incoming,
  said: Decision,
  policy: ApprovalPolicy,
  refuse: (text: string) => { next: Desk; answer: Answer },
  accept: (next: Desk, text: string) => { next: Desk; answer: Answer },
): { next: Desk; answer: Answer } {
  const corrected = exampleDecision(desk, said.by);
  if (!desk.packet?.startsWith(said.packet)) {
    return refuse(
      `Refused: packet ${said.packet.slice(0, 8)} is not the one on the desk. Read it again, then send ${corrected}.`,
    );
  }
  const subject = subjectOf(said.by);
  const person = policy.people.find((name) => subjectOf(name) === subject);
  if (!person) return refuse(`Refused: ${said.by} is not an approver. Approvers: ${policy.people.join(', ')}.`);
  if (incoming.name === 'reject') {
    if (!said.comment?.trim()) return refuse(`Refused: a rejection needs its reason. Send ${corrected}.`);
    const verdict = { kind: 'rejected' as const, by: [person], comment: said.comment };
    return accept({ ...desk, verdict }, `Rejected by ${person}: ${said.comment}`);
  }
  if (policy.excluded.some((name) => subjectOf(name) === subject)) {
    return refuse(`Refused: ${person} started ${policy.run} and may not approve it; somebody else has to.`);
  }
  if (desk.approvals.some((given) => subjectOf(given.by) === subject)) {
    return refuse(`Already counted: ${person} has approved this packet; once is enough.`);
  }
  const approvals = [...desk.approvals, { by: person, comment: said.comment ?? '', at: incoming.at }];
  const missing = policy.approvers - approvals.length;
  if (missing > 0)
    return accept({ ...desk, approvals }, `Approval ${approvals.length} of ${policy.approvers} by ${person}.`);
  const verdict = { kind: 'approved' as const, by: approvals.map((given) => given.by), comment: said.comment ?? '' };
  return accept({ ...desk, approvals, verdict }, `Approved by ${verdict.by.join(', ')}.`);
}

/** What the lenient payload converter hands over for bytes that it could not read. */
export function isUndecodable(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'undecodable' in body;
}

function claimedName(body: unknown): string | null {
  const name = typeof body === 'object' && body !== null ? (body as { by?: unknown }).by : undefined;
  return typeof name === 'string' ? name.slice(0, 120) : null;
}

/** What is wrong with a body, in a line: a sender chooses names and number of fields, so the words are bounded. */
export function problem(error: z.ZodError, what = 'message'): string {
  const issue = error.issues[0];
  if (!issue) return 'it is not understood';
  const text = `${issue.path.join('.') || what}: ${issue.message}`;
  return text.length > PROBLEM_LENGTH ? `${text.slice(0, PROBLEM_LENGTH)}…` : text;
}
