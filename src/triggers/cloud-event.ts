/**
 * CloudEvents 1.0 over HTTP, structured (`application/cloudevents+json`) and binary (attributes in `ce-` headers).
 *
 * By hand: the SDK's reader invents an id or a time where one is missing, and an event without an id cannot be one event.
 */
import { z } from 'zod';
import { EventRefused } from './errors.ts';
import type { Headers } from './signature.ts';

const attribute = z.string().min(1).max(300);

export const cloudEvent = z.looseObject({
  specversion: z.literal('1.0'),
  id: attribute,
  source: attribute,
  type: attribute,
  /** The model. */
  subject: attribute,
  time: z.string().datetime({ offset: true }).optional(),
  datacontenttype: z.string().optional(),
  data: z
    .looseObject({
      /** The instant from which the world is another one. */
      since: z.string().datetime({ offset: true }).optional(),
      /** Rows to be judged apart: a column, and its value as text. */
      slice: z.strictObject({ column: z.string().min(1).max(128), value: z.string().min(1).max(200) }).optional(),
      reason: z.string().min(1).max(300).optional(),
    })
    .optional(),
});
export type CloudEvent = z.output<typeof cloudEvent>;

const STRUCTURED = 'application/cloudevents+json';
const JSON_TYPE = /^application\/(json|[\w.+-]+\+json)$/;

/**
 * What a signature has to cover. Binary mode: the body alone would leave the attributes open to anybody on the way, so
 * they come first, each `ce-` header as `name: value` on a line of its own, in order of name.
 */
export function signedContent(headers: Headers, body: Buffer): Buffer {
  if (mediaType(headers) === STRUCTURED) return body;
  const lines = attributesOf(headers).map(([name, value]) => `${name}: ${value}\n`);
  return Buffer.concat([Buffer.from(lines.join('')), body]);
}

/** @throws EventRefused with the attribute or field that does not fit */
export function readCloudEvent(headers: Headers, body: Buffer): CloudEvent {
  const type = mediaType(headers);
  const raw = type === STRUCTURED ? structured(body) : binary(type, headers, body);
  const parsed = cloudEvent.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new EventRefused(issue?.message ?? 'it is no CloudEvent', issue?.path.join('.') || undefined);
}

function mediaType(headers: Headers): string {
  return (
    String(headers['content-type'] ?? '')
      .split(';')[0]
      ?.trim()
      .toLowerCase() ?? ''
  );
}

function structured(body: Buffer): unknown {
  const event = jsonOf(body, 'body');
  if (typeof event === 'object' && event !== null && 'data_base64' in event)
    throw new EventRefused('send the data as JSON', 'data_base64');
  return event;
}

function binary(type: string, headers: Headers, body: Buffer): unknown {
  const attributes = attributesOf(headers);
  if (attributes.length === 0 || type.startsWith('application/cloudevents'))
    throw new EventRefused(
      `${type === '' ? 'no content type' : type} is neither ${STRUCTURED} nor data with ce- headers`,
      undefined,
      415,
    );
  if (body.length > 0 && !JSON_TYPE.test(type)) throw new EventRefused(`data of ${type} is not read`, undefined, 415);
  const decoded = attributes.map(([name, value]) => [name.slice('ce-'.length), decode(name, value)]);
  return { ...Object.fromEntries(decoded), ...(body.length === 0 ? {} : { data: jsonOf(body, 'data') }) };
}

/** In order of name. */
function attributesOf(headers: Headers): [name: string, value: string][] {
  return Object.entries(headers)
    .filter(([name]) => name.startsWith('ce-'))
    .map(([name, value]): [string, string] => [name, String(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The HTTP binding writes what is no printable ASCII as percent-encoded UTF-8. */
function decode(name: string, value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new EventRefused('it is not percent-encoded UTF-8', name);
  }
}

function jsonOf(body: Buffer, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new EventRefused('it is not JSON in UTF-8', path);
  }
}
