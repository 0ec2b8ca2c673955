/**
 * The approval desk as a pure reducer: every message gets an answer, none throws, repeated and late ones change nothing.
 *
 * Signals, updates, command line and pages all end here, so that one decision is the same whatever way it came.
 * Workflow code: a change of what it answers needs a new `policyVersion` (see docs/architecture.md).
 */
import type { z } from 'zod';
import { subjectOf } from '../config/people.ts';
import { comment, type Decision, decision } from '../workflows/contract.ts';
import { approvedBy, excludedBecause, missingFor } from './quorum.ts';

/** Kept in a run; older ones are counted only. */
export const MESSAGES_KEPT = 200;
const PROBLEM_LENGTH = 200;

export interface ApprovalPolicy {
  readonly run: string;
  readonly approvers: number;
  readonly people: readonly string[];
  /** People who asked for the run; empty where the policy does not exclude them. */
  readonly excluded: readonly string[];
  // What follows is absent in runs of policy version 1.
  /** The groups of `from` with their people, for `eachGroup`. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** How many must speak for each group. */
  readonly eachGroup?: number;
  /** Who applied the configuration in force; null where that does not exclude. */
  readonly editor?: string | null;
  readonly identity?: 'asserted' | 'signed';
  /** Approving over one of these needs a reason. */
  readonly warnings?: readonly string[];
  /** People who may approve alone, by breaking glass. */
  readonly alone?: readonly string[];
  /** Keys whose signatures do not count any more. */
  readonly revokedKeys?: readonly string[];
  // What follows is absent where the world was looked at before it was known; then it is as it was.
  /** Comments that are our own examples, copied: they give no reason. */
  readonly placeholders?: readonly string[];
  /** An automatic approval asks for nobody, and so lapses with nobody. */
  readonly keepsAutomatic?: true;
}

/** What stands for a reason in the JSON that hone shows. */
export const PLACEHOLDERS = ['<why>', '…'] as const;

export interface Message {
  readonly name: string;
  readonly by: string | null;
  readonly at: string;
  readonly accepted: boolean;
  readonly answer: string;
}

export interface Approval {
  readonly by: string;
  readonly comment: string;
  readonly at: string;
  readonly trust?: 'asserted' | 'signed';
  readonly key?: string;
}

/** What a packet rests on, as ledger and configuration have it; another one needs another packet. */
export interface Basis {
  readonly champion: number | null;
  /** Digest of the model's configuration. */
  readonly config: string;
  /** Digest of its parts that decide: tier, gate, approval, deploy. */
  readonly policy: string;
}

export interface Desk {
  readonly packet: string | null;
  /** Null where it is not looked after (policy version 1), or nothing lies on the desk. */
  readonly basis?: Basis | null;
  readonly approvals: readonly Approval[];
  readonly verdict: null | {
    readonly kind: 'approved' | 'rejected' | 'expired';
    readonly by: readonly string[];
    readonly comment: string;
    readonly trust?: 'asserted' | 'signed';
    readonly break_glass?: true;
  };
  readonly messages: readonly Message[];
  readonly messagesDropped: number;
  /** Of signatures that have counted: none counts twice. */
  readonly nonces?: readonly string[];
}

export const emptyDesk: Desk = { packet: null, approvals: [], verdict: null, messages: [], messagesDropped: 0 };

/** What an activity found about the signature of a message; nothing that the message says itself. */
export type Proof =
  | { readonly by: string; readonly key: string; readonly nonce: string }
  | { readonly problem: string };

export interface Incoming {
  readonly name: string;
  readonly body: unknown;
  readonly at: string;
  /** Absent: whatever the message carries, its sender is only asserted. */
  readonly proof?: Proof;
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

/**
 * The answer that a message would get if its signature were good: what is refused anyhow needs no look at the world.
 * Counts nothing.
 */
export function foreseen(desk: Desk, incoming: Incoming, policy: ApprovalPolicy): Answer {
  const parsed = decision.safeParse(incoming.body);
  const assumed: Proof | undefined =
    parsed.success && parsed.data.signature
      ? { by: parsed.data.by, key: parsed.data.signature.key, nonce: parsed.data.signature.nonce }
      : undefined;
  return consider(desk, assumed ? { ...incoming, proof: assumed } : incoming, policy).answer;
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
  { name, at, proof }: Incoming,
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
  if (proof && 'problem' in proof) return refuse(`Refused: the signature does not count: ${proof.problem}.`);
  if (proof && desk.nonces?.includes(proof.nonce))
    return refuse('Refused: this signed message has counted already; one that is sent again counts for nothing.');
  // Whom the key belongs to decides, not what the message says.
  const by = proof?.by ?? said.by;
  const claimed = subjectOf(by) === subjectOf(said.by) ? '' : ` (the message said ${said.by})`;
  const subject = subjectOf(by);
  const alone = said.break_glass === true && name === 'approve';
  const asked = alone ? (policy.alone ?? []) : policy.people;
  const person = asked.find((known) => subjectOf(known) === subject);
  if (!person && alone) return refuse(`Refused: ${by} may not break glass. ${nobodyBut(asked)}`);
  if (!person) return refuse(`Refused: ${by} is not an approver. Approvers: ${policy.people.join(', ')}.`);
  if (policy.identity === 'signed' && !proof)
    return refuse(
      'Refused: the policy counts signed decisions only (approval.otherwise.identity), and this one carries no signature. ' +
        `Decide with hone ${name}, which signs with your key; to get one: hone identity enrol ${person}.`,
    );
  const given = said.comment?.trim() ?? '';
  const comment = given === '' || policy.placeholders?.includes(given) ? '' : (said.comment ?? '');
  const nonces = proof ? [...(desk.nonces ?? []), proof.nonce] : desk.nonces;
  const signed = proof ? { trust: 'signed' as const, key: proof.key } : { trust: 'asserted' as const };
  const counted = { ...desk, ...(nonces ? { nonces } : {}) };

  if (name === 'reject') {
    if (!comment) return refuse(`Refused: a rejection needs its reason. Send ${corrected}.`);
    const verdict = { kind: 'rejected' as const, by: [person], comment, trust: signed.trust };
    return accept({ ...counted, verdict }, `Rejected by ${person}${claimed}: ${comment}`);
  }
  if (alone) {
    if (!comment) return refuse('Refused: breaking glass needs its reason as comment.');
    const approvals = [...desk.approvals, { by: person, comment, at, ...signed }];
    const verdict = {
      kind: 'approved' as const,
      by: [person],
      comment,
      trust: signed.trust,
      break_glass: true as const,
    };
    return accept(
      { ...counted, approvals, verdict },
      `Approved by ${person}${claimed} alone, by breaking glass: ${comment}`,
    );
  }
  const why = excludedBecause(person, policy);
  if (why) return refuse(`Refused: ${person} ${why} and may not approve it; somebody else has to.`);
  if (desk.approvals.some((given) => subjectOf(given.by) === subject)) {
    return refuse(`Already counted: ${person} has approved this packet; once is enough.`);
  }
  const [warning] = policy.warnings ?? [];
  if (warning !== undefined && !comment)
    return refuse(`Refused: approving over a warning needs a reason (${warning}). Send ${corrected}.`);

  const approvals = [...desk.approvals, { by: person, comment, at, ...signed }];
  const missing = missingFor(approvals, policy);
  const number = Math.min(approvals.length, policy.approvers);
  if (missing !== null) {
    const more = approvals.length < policy.approvers ? '' : ` Still needed: ${missing}.`;
    return accept(
      { ...counted, approvals },
      `Approval ${number} of ${policy.approvers} by ${person}${claimed}.${more}`,
    );
  }
  const verdict = approvedBy(approvals, comment);
  return accept({ ...counted, approvals, verdict }, `Approved by ${verdict.by.join(', ')}${claimed}.`);
}

const nobodyBut = (people: readonly string[]): string =>
  people.length === 0 ? 'The policy has no approval.break_glass.' : `Only ${people.join(', ')} may.`;

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
