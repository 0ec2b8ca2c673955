/** PagerDuty's Events API v2, against an endpoint that accepts only what its documentation allows. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { NotifyRoute } from '../../src/config/notify.ts';
import { takes } from '../../src/notifications/choose.ts';
import { senderOf } from '../../src/notifications/senders.ts';
import { noticeOf } from './notices.ts';
import { httpReceiver } from './receivers.ts';

/** As the documentation of "Send an Alert Event" lists the fields, their values and their lengths. */
const documented = z.discriminatedUnion('event_action', [
  z.strictObject({
    routing_key: z.string().length(32),
    event_action: z.literal('trigger'),
    dedup_key: z.string().max(255),
    client: z.string(),
    payload: z.strictObject({
      summary: z.string().max(1024),
      source: z.string(),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      timestamp: z.iso.datetime(),
      component: z.string(),
      class: z.string(),
      custom_details: z.record(z.string(), z.string()),
    }),
    links: z.array(z.strictObject({ href: z.url(), text: z.string() })),
  }),
  z.strictObject({ routing_key: z.string().length(32), event_action: z.literal('resolve'), dedup_key: z.string() }),
]);

const KEY = 'R0UT1NGKEY00000000000000000000AB';
const incident = { type: 'incident.opened', severity: 'page', run: null, thread: 'flights-delay/kpi-rides' } as const;
const links = [
  { name: 'flights-delay', url: 'https://hone.example/models/flights-delay' },
  { name: 'what to do', url: 'docs/runbooks/incidents.md#kpi' },
];

async function pager(status = 202) {
  const { received, url } = await httpReceiver(() => status);
  const send = senderOf('pager', { type: 'pagerduty', key_env: 'KEY', url }, { KEY });
  return { send, events: () => received.map(({ body }) => documented.parse(JSON.parse(body))) };
}

test('an incident opens an alert under a key of its own, and its end closes the same one', async () => {
  const { send, events } = await pager();
  await send({ notice: noticeOf({ ...incident, sentence: 'x'.repeat(2000) }), links }, new Date());
  await send({ notice: noticeOf({ ...incident, type: 'incident.resolved', severity: 'info' }), links }, new Date());
  const [opened, closed] = events();
  expect(opened).toMatchObject({
    ...{ event_action: 'trigger', dedup_key: 'hone/flights-delay/kpi-rides', routing_key: KEY },
    payload: { severity: 'critical', source: 'flights-delay', class: 'incident.opened' },
    links: [{ href: 'https://hone.example/models/flights-delay', text: 'flights-delay' }],
  });
  expect(closed).toEqual({ routing_key: KEY, event_action: 'resolve', dedup_key: 'hone/flights-delay/kpi-rides' });
});

test('a run has its key, and two changes by hand are two troubles', async () => {
  const { send, events } = await pager();
  await send({ notice: noticeOf({ type: 'run.failed', severity: 'page' }), links: [] }, new Date());
  for (const id of ['flights-delay/ledger/8', 'flights-delay/ledger/9'])
    await send(
      { notice: noticeOf({ id, type: 'rolledback', thread: 'flights-delay/changes', run: null }), links: [] },
      new Date(),
    );
  expect(events().map(({ dedup_key }) => dedup_key)).toEqual([
    'hone/flights-delay/flights-delay-000003',
    'hone/flights-delay/ledger/8',
    'hone/flights-delay/ledger/9',
  ]);
});

test('a refusal is tried again later, and never names the key', async () => {
  const { send } = await pager(429);
  const error = await send({ notice: noticeOf(incident), links: [] }, new Date()).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ code: 'HONE_NOTIFY_NOT_DELIVERED', message: expect.stringContaining('answered 429') });
  expect((error as Error).message).not.toContain(KEY);
});

const route: NotifyRoute = { type: 'pagerduty', key_env: 'KEY' };
test.each([
  ['a page', route, { severity: 'page' as const }, true],
  ['no warning, unless the route asks for them', route, { severity: 'warn' as const }, false],
  ['a warning that it asked for', { ...route, at_least: 'warn' as const }, { severity: 'warn' as const }, true],
  ['the end of an incident, which is only information', route, { type: 'incident.resolved' }, true],
  ['not the end of what it was never told of', { ...route, types: ['run'] }, { type: 'incident.resolved' }, false],
])('PagerDuty is told of %s', (_what, which, notice, expected) => {
  expect(takes(which, noticeOf(notice))).toBe(expected);
});
