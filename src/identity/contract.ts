/** What a signed decision carries: by which key, when, once only, and the signature. Workflow code reads it too. */
import { z } from 'zod';

export const decisionSignature = z.strictObject({
  /** Id of the key: the first 16 digits of the SHA-256 of the public key. */
  key: z.string().regex(/^[0-9a-f]{16}$/),
  /** When it was signed, ISO 8601 in UTC. */
  at: z.string().datetime(),
  /** 16 random bytes in hexadecimal digits: the same one never counts twice in a run. */
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  /** Ed25519 over the canonical JSON of a `SignedDecision`, as base64. */
  value: z.string().regex(/^[A-Za-z0-9+/]{86}==$/),
});
export type DecisionSignature = z.output<typeof decisionSignature>;

/** Everything that a signature covers: it is worth nothing for another model, run, packet, decision, text, name or time. */
export interface SignedDecision {
  readonly contract: 'hone/decision/1';
  readonly model: string;
  readonly run: string;
  /** The whole digest, whatever part of it the message names. */
  readonly packet: string;
  readonly decision: 'approve' | 'reject';
  readonly break_glass: boolean;
  readonly comment: string | null;
  readonly by: string;
  readonly at: string;
  readonly nonce: string;
}
