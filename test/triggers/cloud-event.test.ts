import { CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCloudEvent, signedContent } from '../../src/triggers/cloud-event.ts';

const attributes = {
  specversion: '1.0',
  id: '17',
  source: '/routes',
  type: 'dev.hone.trigger.new_region',
  subject: 'flights-delay',
  time: '2026-11-22T12:00:00.000Z',
};
const data = { since: '2026-11-01T00:00:00Z', slice: { column: 'origin', value: 'LGA' } };
const structured = { 'content-type': 'application/cloudevents+json; charset=UTF-8' };
const read = (event: unknown, headers: Record<string, string> = structured) =>
  readCloudEvent(headers, Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)));
const refusal = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    const { code, path, status } = error as { code: string; path?: string; status: number };
    return { code, path, status };
  }
  return null;
};

describe('an event of the CloudEvents SDK is read', () => {
  const sent = new CloudEvent({ ...attributes, time: attributes.time, data });
  test('in structured mode', () => {
    const { headers, body } = HTTP.structured(sent);
    expect(read(body as string, headers as Record<string, string>)).toMatchObject({ ...attributes, data });
  });

  test('in binary mode', () => {
    const { headers, body } = HTTP.binary(sent);
    expect(read(body as string, headers as Record<string, string>)).toMatchObject({ ...attributes, data });
  });

  test('without data', () => {
    const { headers } = HTTP.binary(new CloudEvent({ ...attributes }));
    const event = readCloudEvent(headers as Record<string, string>, Buffer.alloc(0));
    expect(event).toMatchObject(attributes);
    expect(event.data).toBeUndefined();
  });
});

test('attributes in headers are percent-encoded UTF-8', () => {
  const headers = { 'content-type': 'application/json', ...ceHeaders({ ...attributes, id: 'caf%C3%A9' }) };
  expect(read(data, headers).id).toBe('café');
  expect(refusal(() => read(data, { ...headers, 'ce-id': '%E9' }))).toEqual({
    code: 'HONE_EVENT_REFUSED',
    path: 'ce-id',
    status: 400,
  });
});

test.each<[what: string, event: unknown, path: string | undefined]>([
  ['no id', { ...attributes, id: undefined }, 'id'],
  ['an empty id', { ...attributes, id: '' }, 'id'],
  ['a number for an id', { ...attributes, id: 17 }, 'id'],
  ['no source', { ...attributes, source: undefined }, 'source'],
  ['no type', { ...attributes, type: undefined }, 'type'],
  ['no subject', { ...attributes, subject: undefined }, 'subject'],
  ['another version', { ...attributes, specversion: '0.3' }, 'specversion'],
  ['a time that is none', { ...attributes, time: 'yesterday' }, 'time'],
  ['a date for since', { ...attributes, data: { since: '2026-11-01' } }, 'data.since'],
  ['a slice of a number', { ...attributes, data: { slice: { column: 'year', value: 2026 } } }, 'data.slice.value'],
  ['a slice with more', { ...attributes, data: { slice: { ...data.slice, and: 1 } } }, 'data.slice'],
  ['data that is text', { ...attributes, data: 'LGA' }, 'data'],
  ['data as base64', { ...attributes, data_base64: 'e30=' }, 'data_base64'],
  ['an id without end', { ...attributes, id: 'x'.repeat(301) }, 'id'],
  ['a list', [attributes], undefined],
  ['no JSON', '{"specversion"', 'body'],
  ['nothing', '', 'body'],
])('%s is refused at its place', (_what, event, path) => {
  expect(refusal(() => read(event))).toEqual({ code: 'HONE_EVENT_REFUSED', path, status: 400 });
});

test.each([
  ['a batch', { 'content-type': 'application/cloudevents-batch+json', 'ce-id': '1' }],
  ['plain JSON', { 'content-type': 'application/json' }],
  ['data of another type', { 'content-type': 'text/csv', ...ceHeaders(attributes) }],
  ['no content type', {}],
])('%s is no event that is read', (_what, headers) => {
  expect(refusal(() => read('{}', headers as Record<string, string>))).toMatchObject({ status: 415 });
});

test('what is signed holds the attributes in binary mode, and the body alone otherwise', () => {
  const body = Buffer.from('{}');
  expect(signedContent({ ...structured, 'ce-id': 'not looked at' }, body).toString()).toBe('{}');
  const headers = { 'content-type': 'application/json', 'x-other': '1', ...ceHeaders({ type: 't', id: '1' }) };
  expect(signedContent(headers, body).toString()).toBe('ce-id: 1\nce-type: t\n{}');
});

test('bytes and headers of any kind are read or refused, never anything else', () => {
  const headers = fc.dictionary(fc.constantFrom('content-type', 'ce-id', 'ce-type', 'ce-source'), fc.string());
  fc.assert(
    fc.property(headers, fc.uint8Array(), (given, bytes) => {
      expect(refusal(() => readCloudEvent(given, Buffer.from(bytes)))?.code).toBe('HONE_EVENT_REFUSED');
    }),
  );
});

function ceHeaders(named: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [`ce-${name}`, value]));
}
