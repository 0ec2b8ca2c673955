/**
 * Signatures of events as Standard Webhooks defines them: HMAC-SHA-256 over id, time and content, several keys at a time.
 *
 * By hand, and held against the published library in the tests: that one reads the clock itself and has one error for all.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { EventKeyUnusable, EventSignatureExpired, EventSignatureInvalid, EventUnsigned } from './errors.ts';

export interface EventKey {
  /** Who signs with it: the `by` of the trigger. */
  readonly by: string;
  readonly secret: Buffer;
}

export interface NamedKey {
  readonly by: string;
  /** Environment variable with `whsec_` and 24 to 64 bytes as base64. */
  readonly env: string;
}

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export const TOLERANCE_S = 300;

/** @throws EventKeyUnusable */
export function readEventKeys(named: readonly NamedKey[], environment: NodeJS.ProcessEnv): EventKey[] {
  return named.map(({ by, env }) => {
    const text = environment[env];
    if (!text) throw new EventKeyUnusable(env, 'is not set or empty');
    const secret = secretOf(text);
    if (typeof secret === 'string') throw new EventKeyUnusable(env, secret);
    return { by, secret };
  });
}

/** @param text `whsec_` and 24 to 64 bytes as base64 @returns the bytes, or what is wrong with the text */
export function secretOf(text: string): Buffer | string {
  const base64 = text.replace(/^whsec_/, '');
  const secret = Buffer.from(base64, 'base64');
  if (secret.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) return 'is no base64';
  return secret.length < 24 || secret.length > 64 ? `holds ${secret.length} bytes instead of 24 to 64` : secret;
}

/** @param timestamp seconds since the epoch @param content the bytes of the body */
export function signatureOf(secret: Buffer, id: string, timestamp: string, content: Buffer): Buffer {
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), content]);
  return createHmac('sha256', secret).update(signed).digest();
}

/** The three headers of a signed request. */
export function signedHeaders(secret: Buffer, id: string, now: Date, body: string): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signature = signatureOf(secret, id, timestamp, Buffer.from(body)).toString('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

/**
 * The key that signed the content. Every signature is compared with every key, in constant time.
 *
 * @param now milliseconds since the epoch, of this machine's clock: the age of a signature is no matter of policy
 * @throws EventUnsigned, EventSignatureExpired, EventSignatureInvalid
 */
export function signerOf(keys: readonly EventKey[], headers: Headers, content: Buffer, now: number): EventKey {
  const id = header(headers, 'webhook-id');
  const timestamp = header(headers, 'webhook-timestamp');
  const signatures = header(headers, 'webhook-signature');
  if (!/^\d{1,12}$/.test(timestamp)) throw new EventUnsigned('webhook-timestamp', 'is no time in seconds');
  const given = signatures.split(' ').flatMap((one) => {
    const [version, base64 = ''] = one.split(',', 2);
    return version === 'v1' ? [Buffer.from(base64, 'base64')] : [];
  });
  let signer: EventKey | undefined;
  for (const key of keys) {
    const expected = signatureOf(key.secret, id, timestamp, content);
    for (const one of given) {
      if (one.length === expected.length && timingSafeEqual(one, expected)) signer ??= key;
    }
  }
  if (!signer) throw new EventSignatureInvalid(keys.length);
  const age = now / 1000 - Number(timestamp);
  if (Math.abs(age) > TOLERANCE_S) throw new EventSignatureExpired(age, TOLERANCE_S);
  return signer;
}

function header(headers: Headers, name: string): string {
  const value = headers[name];
  if (typeof value !== 'string' || value === '') throw new EventUnsigned(name, 'is missing');
  if (value.length > 1000) throw new EventUnsigned(name, 'is longer than 1,000 characters');
  return value;
}
