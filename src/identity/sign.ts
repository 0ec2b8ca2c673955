/** Signing a decision, and saying whether a signature is what it claims to be. */
import { randomBytes, sign, verify } from 'node:crypto';
import type { People, PersonKey } from '../config/hone.ts';
import { canonicalJson } from '../store/canonical-json.ts';
import { type DecisionSignature, decisionSignature, type SignedDecision } from './contract.ts';
import { publicKeyOf, type SigningKey } from './keys.ts';

export type Said = Omit<SignedDecision, 'contract' | 'at' | 'nonce'>;

/** Clocks of two machines may differ by this. */
const CLOCKS_DIFFER_MS = 5 * 60_000;

/** @param now ISO instant @param nonce for fixtures; 16 random bytes by default */
export function signDecision(
  key: SigningKey,
  said: Said,
  now: string,
  nonce = randomBytes(16).toString('hex'),
): DecisionSignature {
  const value = sign(null, signedBytes({ ...said, contract: 'hone/decision/1', at: now, nonce }), key.private);
  return { key: key.id, at: now, nonce, value: value.toString('base64') };
}

export type Verified =
  /** `by`: the name under which the key is enrolled, whatever the message says. */
  { readonly by: string; readonly key: string; readonly nonce: string } | { readonly problem: string };

/**
 * @param asked.people enrolled keys as they are now
 * @param asked.since when the packet was laid on the desk; a signature from before cannot be about it
 * @param asked.now the time of the message
 */
export function verifyDecision(
  said: Said,
  signature: unknown,
  asked: { readonly people: People; readonly since: string; readonly now: string },
): Verified {
  const parsed = decisionSignature.safeParse(signature);
  if (!parsed.success) return { problem: 'it is not in the form of one' };
  const { key: id, at, nonce, value } = parsed.data;
  const found = Object.entries(asked.people).flatMap(([name, { keys }]) =>
    keys.filter((key) => key.id === id).map((key) => ({ name, key })),
  );
  const [owner] = found;
  if (owner === undefined) return { problem: `nobody has enrolled the key ${id}` };
  if (found.length > 1) return { problem: `the key ${id} is enrolled for more than one person` };
  const wrong = unusable(owner.key, at) ?? outOfTime(at, asked);
  if (wrong !== null) return { problem: wrong };
  const bytes = signedBytes({ ...said, contract: 'hone/decision/1', at, nonce });
  if (!verify(null, bytes, publicKeyOf(owner.key), Buffer.from(value, 'base64')))
    return { problem: 'it is not the signature of this decision (another packet, text, name or time was signed)' };
  return { by: owner.name, key: id, nonce };
}

function unusable({ id, since, retired, revoked }: PersonKey, at: string): string | null {
  if (revoked) return `the key ${id} was revoked on ${revoked.at.slice(0, 10)}: ${revoked.reason}`;
  if (retired && Date.parse(at) > Date.parse(retired)) return `the key ${id} was retired on ${retired.slice(0, 10)}`;
  if (Date.parse(at) < Date.parse(since) - CLOCKS_DIFFER_MS) return `the key ${id} is younger than the signature`;
  return null;
}

function outOfTime(at: string, { since, now }: { since: string; now: string }): string | null {
  if (Date.parse(at) < Date.parse(since) - CLOCKS_DIFFER_MS)
    return `it was made at ${at}, before this packet was there`;
  if (Date.parse(at) > Date.parse(now) + CLOCKS_DIFFER_MS) return `it was made at ${at}, which is in the future`;
  return null;
}

const signedBytes = (decision: SignedDecision): Buffer => Buffer.from(canonicalJson(decision));
