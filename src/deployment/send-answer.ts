/** The other side of a callback: what a pipeline sends when a change was made, or was not. */
import { randomUUID } from 'node:crypto';
import { secretOf, signedHeaders } from '../triggers/signature.ts';
import { ANSWER, type AnswerTaken, answerTaken, type DeploymentAnswer, type DeploymentCall } from './contract.ts';
import { AnswerNotSent } from './errors.ts';

const TIMEOUT_MS = 10_000;

/**
 * @param how.secret `whsec_…`
 * @param how.failed why the change was not made; null: it was
 * @throws AnswerNotSent with what the server said
 */
export async function sendAnswer(
  call: DeploymentCall,
  how: { readonly secret: string; readonly failed: string | null },
): Promise<AnswerTaken> {
  const { key, version, callback } = call;
  if (key === undefined || version === undefined || callback === undefined)
    throw new AnswerNotSent(`"${call.call}" is answered at once, not by a callback`, false);
  const secret = secretOf(how.secret);
  if (typeof secret === 'string') throw new AnswerNotSent(`the secret ${secret}`, false);
  const outcome =
    how.failed === null ? { outcome: 'done' as const } : { outcome: 'failed' as const, reason: how.failed };
  const answer: DeploymentAnswer = { contract: ANSWER, key, version, ...outcome };
  const body = JSON.stringify(answer);
  const headers = {
    'content-type': 'application/json',
    ...signedHeaders(secret, `msg_${randomUUID()}`, new Date(), body),
  };
  const response = await fetch(callback, {
    method: 'POST',
    headers,
    body,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new AnswerNotSent(`${callback} does not answer (${(error as Error).message})`, true);
  });
  const text = await response.text();
  if (!response.ok) throw new AnswerNotSent(`HTTP ${response.status}, ${text.slice(0, 400)}`, response.status >= 500);
  const parsed = answerTaken.safeParse(jsonOf(text));
  if (!parsed.success) throw new AnswerNotSent(`${callback} is no prediction server of hone`, false);
  return parsed.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
