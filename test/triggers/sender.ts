/** Sends events as others do: CloudEvents made by the SDK, signed by the Standard Webhooks library. */
import { randomUUID } from 'node:crypto';
import { CloudEvent, HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';

const secret = (fill: number) => `whsec_${Buffer.alloc(32, fill).toString('base64')}`;
export const SECRETS = { OWN: secret(1), NEXT: secret(2), FOREIGN: secret(3) };

export interface Sent {
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly key?: keyof typeof SECRETS;
  readonly sign?: false;
  readonly tamper?: boolean;
  /** How long ago it was signed. */
  readonly ageS?: number;
}

export const eventOf = (model: string, name: string, data?: Record<string, unknown>, id: string = randomUUID()) =>
  new CloudEvent({
    id,
    source: '/routes',
    type: `dev.hone.trigger.${name}`,
    subject: model,
    ...(data ? { data } : {}),
  });

export function structured(event: CloudEvent<unknown>): Sent {
  const { headers, body } = HTTP.structured(event);
  return { headers: headers as Record<string, string>, body: String(body) };
}

export function binary(event: CloudEvent<unknown>): Sent {
  const { headers, body } = HTTP.binary(event);
  return { headers: headers as Record<string, string>, body: body === undefined ? '' : String(body) };
}

export async function send(url: string, sent: Sent) {
  const { headers, body, key = 'OWN', ageS = 0 } = sent;
  const at = new Date(Date.now() - ageS * 1000);
  const id = `msg_${randomUUID()}`;
  const attributes = Object.entries(headers)
    .filter(([name]) => name.startsWith('ce-'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}: ${value}\n`);
  const signature = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(SECRETS[key]).sign(id, at, attributes.join('') + body),
  };
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, ...(sent.sign === false ? {} : signature) },
    body: sent.tamper ? body.replace('UA', 'AA') : body,
  });
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: (await response.json()) as {
      answer?: string;
      run?: string | null;
      reason?: string;
      repeated?: boolean;
      error?: { code: string; path?: string; retryable: boolean };
    },
  };
}
