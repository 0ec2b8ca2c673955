import { resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadWorkspace } from '../../src/config/load.ts';
import type { ModelConfig } from '../../src/config/model.ts';
import type { CloudEvent } from '../../src/triggers/cloud-event.ts';
import { eventTrigger } from '../../src/triggers/event-trigger.ts';
import { trigger as triggerSchema } from '../../src/workflows/contract.ts';

let config: ModelConfig;
beforeAll(async () => {
  const workspace = await loadWorkspace(resolve(import.meta.dirname, '../..'));
  config = structuredClone(workspace.models.get('flights-delay')?.config as ModelConfig);
});

const asOf = '2013-04-10T00:00:00.000Z';
const slice = { column: 'origin', value: 'LGA' };
const event = (name: string, data?: CloudEvent['data'], more: Partial<CloudEvent> = {}) =>
  ({
    specversion: '1.0',
    id: '17',
    source: '/routes',
    type: `dev.hone.trigger.${name}`,
    subject: 'flights-delay',
    ...(data ? { data } : {}),
    ...more,
  }) as CloudEvent;
const made = (one: CloudEvent, at = asOf) => eventTrigger({ event: one, by: 'routes desk' }, config, at);
const refusal = (one: CloudEvent) => {
  try {
    return made(one);
  } catch (error) {
    const { path, message } = error as { path: string; message: string };
    return { path, message };
  }
};

test('a new region demands that its rows be judged, and says who, what and since when', () => {
  const one = made(event('new_region', { since: '2013-04-01T02:00:00+02:00', slice, reason: 'LGA reopened' }));
  expect(triggerSchema.parse(one)).toEqual(one);
  expect(one).toMatchObject({
    kind: 'event',
    by: 'routes desk',
    reason: 'new_region: origin LGA, since 2013-04-01T00:00:00.000Z, LGA reopened (event 17 of /routes)',
    demand: { since: '2013-04-01T00:00:00.000Z', slice },
    evidence: { event: 'new_region', source: '/routes', id: '17' },
  });
});

test('the longest event that is read fits into a trigger', () => {
  const long = 'é'.repeat(300);
  const data = { since: asOf, slice: { column: 'origin', value: 'é'.repeat(200) }, reason: long };
  const one = made(event('new_region', data, { id: long, source: long, time: asOf }));
  expect(triggerSchema.safeParse(one).error).toBeUndefined();
});

describe('source and id make an event', () => {
  test.each([
    [
      'the same again is the same trigger',
      event('data_arrived'),
      event('data_arrived', undefined, { time: asOf }),
      true,
    ],
    ['another id is another', event('data_arrived'), event('data_arrived', undefined, { id: '18' }), false],
    ['another source is another', event('data_arrived'), event('data_arrived', undefined, { source: '/x' }), false],
  ])('%s', (_what, a, b, same) => {
    expect(made(a).eventId === made(b).eventId).toBe(same);
  });

  test('what it holds is told apart', () => {
    const content = (one: CloudEvent) => made(one).evidence?.['content'];
    expect(content(event('data_arrived'))).toBe(content(event('data_arrived', undefined, { time: asOf })));
    expect(content(event('data_arrived'))).not.toBe(content(event('data_arrived', { reason: 'other' })));
  });
});

test.each([
  ['its own, where that is past', '2013-04-09T10:00:00+02:00', '2013-04-09T08:00:00.000Z'],
  ['left to the owner, where that is still to come', '2013-04-11T00:00:00Z', undefined],
  ['left to the owner, where there is none', undefined, undefined],
])('the time of the evidence is %s', (_what, time, expected) => {
  expect(made(event('data_arrived', undefined, time ? { time } : {})).as_of).toBe(expected);
});

test.each<[what: string, one: CloudEvent, demand: unknown]>([
  ['data that arrived demand nothing', event('data_arrived', { since: '2013-04-01T00:00:00Z' }), undefined],
  ['unless they name a slice', event('data_arrived', { slice }), { slice }],
  [
    'a regulation demands a person, also without a slice',
    event('regulation', { since: '2013-04-01T00:00:00Z' }),
    { since: '2013-04-01T00:00:00.000Z' },
  ],
])('%s', (_what, one, demand) => {
  expect(made(one).demand).toEqual(demand);
});

test.each<[what: string, one: CloudEvent, path: string, says: string]>([
  ['another type', event('whim'), 'type', 'it takes: dev.hone.trigger.new_region'],
  ['another model', event('data_arrived', undefined, { subject: 'churn' }), 'subject', 'it is about "churn"'],
  ['a region without its start', event('new_region', { slice }), 'data.since', 'needs the instant'],
  ['a region without its rows', event('new_region', { since: asOf }), 'data.slice', 'needs the column'],
  [
    'a region of next week',
    event('new_region', { since: '2013-04-17T00:00:00Z', slice }),
    'data.since',
    'still to come',
  ],
  [
    'a column that the model does not have',
    event('new_region', { since: asOf, slice: { column: 'planet', value: 'Mars' } }),
    'data.slice.column',
    '"planet" is neither a slice nor a feature',
  ],
  [
    'an outcome',
    event('new_region', { since: asOf, slice: { column: 'arr_delay_min', value: '3' } }),
    'data.slice.column',
    'neither',
  ],
])('%s is refused at its place', (_what, one, path, says) => {
  expect(refusal(one)).toMatchObject({ path, message: expect.stringContaining(says) });
});

test('a type of the file is taken, and one that the file switches off is not', () => {
  config.triggers.events['catalogue'] = {
    type: 'com.example.catalogue.grown',
    since: 'optional',
    slice: 'optional',
    approval: 'as_configured',
  };
  config.triggers.events['data_arrived'] = 'off';
  expect(made(event('x', undefined, { type: 'com.example.catalogue.grown' })).reason).toContain('catalogue');
  expect(refusal(event('data_arrived'))).toMatchObject({ path: 'type' });
});
