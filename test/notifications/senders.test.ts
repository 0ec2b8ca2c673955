import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { isOpen, takes } from '../../src/notifications/choose.ts';
import { senderOf } from '../../src/notifications/senders.ts';
import { noticeOf } from './notices.ts';
import { httpReceiver, smtpReceiver } from './receivers.ts';

const NOW = new Date();
const links = [{ name: 'read the packet and decide', url: 'https://hone.example/runs/flights-delay-000003/packet' }];

test('a chat message says what happened and where to act, and whatever a name or a reason holds is text', async () => {
  const { received, url } = await httpReceiver();
  const send = senderOf('chat', { type: 'slack', url_env: 'URL' }, { URL: url });
  await send({ notice: noticeOf({ sentence: 'column <script> & <!channel> moved' }), links }, NOW);
  const { text, blocks } = JSON.parse(received[0]?.body ?? '');
  expect(text).toBe('promoted: column &lt;script&gt; &amp; &lt;!channel&gt; moved');
  expect(blocks[0].text.text).toBe(
    '🔹 *flights-delay* · promoted\ncolumn &lt;script&gt; &amp; &lt;!channel&gt; moved\n' +
      '<https://hone.example/runs/flights-delay-000003/packet|read the packet and decide>',
  );
});

test('mail of one run is one thread, and the same notice sent twice is one message', async () => {
  const { received, url } = await smtpReceiver();
  const send = senderOf(
    'post',
    { type: 'mail', smtp_env: 'SMTP', from: 'hone@example.org', to: ['ana@example.org', 'kim@example.org'] },
    { SMTP: url },
  );
  await send({ notice: noticeOf({ severity: 'page' }), links }, NOW);
  await send({ notice: noticeOf({ severity: 'page' }), links }, NOW);
  const [first, second] = received;
  expect(first?.to).toEqual(['ana@example.org', 'kim@example.org']);
  expect(first?.text).toMatch(/^Subject: \[page\] flights-delay: promoted\r$/m);
  expect(first?.text).toMatch(/^References: <thread-flights-delay-000003@hone>\r$/m);
  expect(first?.text.replaceAll('=\r\n', '')).toContain('https://hone.example/runs/flights-delay-000003/packet');
  const id = /^Message-ID: (.*)\r$/m;
  expect(first?.text.match(id)?.[1]).toBe('<flights-delay-ledger-7@hone>');
  expect(second?.text.match(id)?.[1]).toBe(first?.text.match(id)?.[1]);
});

test('an event is signed so that the published library accepts it, and carries its number', async () => {
  const { received, url } = await httpReceiver();
  const key = `whsec_${randomBytes(32).toString('base64')}`;
  const send = senderOf('bus', { type: 'cloudevents', url_env: 'URL', key_env: 'KEY' }, { URL: url, KEY: key });
  await send({ notice: noticeOf({ seq: 42 }), links: [] }, NOW);
  const [event] = received;
  expect(event?.headers['content-type']).toBe('application/cloudevents+json');
  expect(new Webhook(key).verify(event?.body ?? '', event?.headers ?? {})).toMatchObject({
    ...{ specversion: '1.0', id: 'flights-delay/ledger/7', type: 'dev.hone.promoted.v1', subject: 'flights-delay' },
    ...{ source: '/hone/models/flights-delay', sequence: '000000042' },
  });
});

test('a refusal names the host and never the address, which may hold a secret', async () => {
  const { url } = await httpReceiver(() => 410);
  const send = senderOf('chat', { type: 'slack', url_env: 'URL' }, { URL: url });
  const error = await send({ notice: noticeOf(), links: [] }, NOW).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ code: 'HONE_NOTIFY_NOT_DELIVERED', retryable: true });
  expect((error as Error).message).toMatch(/127\.0\.0\.1:\d+ answered 410/);
  expect((error as Error).message).not.toContain('T0P-SECRET');
});

test.each([
  [{}, /URL is not set or empty/],
  [{ URL: 'hooks.example.org/x' }, /URL is no address that begins with https:\/\/ or http:\/\//],
  [{ URL: 'file:///etc/passwd' }, /is no address/],
])('a route whose variable is unusable says which: %o', (environment, message) => {
  expect(() => senderOf('chat', { type: 'slack', url_env: 'URL' }, environment)).toThrow(message);
});

const slack = { type: 'slack', url_env: 'URL' } as const;
test.each([
  ['everything, where nothing is chosen', slack, {}, true],
  ['another model', { ...slack, models: ['fraud'] }, {}, false],
  ['a family of types', { ...slack, types: ['approval'] }, { type: 'approval.requested' }, true],
  ['a family, not what begins alike', { ...slack, types: ['run'] }, { type: 'runaway' }, false],
  ['below its severity', { ...slack, at_least: 'page' as const }, { severity: 'warn' as const }, false],
])('a route takes what it chose: %s', (_what, route, more, expected) => {
  expect(takes(route, noticeOf(more))).toBe(expected);
});

const office = {
  timezone: 'America/New_York',
  days: ['MON', 'TUE', 'WED', 'THU', 'FRI'] as const,
  from: '08:00',
  to: '18:00',
};
const night = { timezone: 'UTC', days: ['FRI'] as const, from: '22:00', to: '06:00' };
test.each([
  ['in office hours, local time', office, 'warn', '2013-04-10T12:00:00Z', true],
  ['before them', office, 'warn', '2013-04-10T11:59:00Z', false],
  ['on a Sunday', office, 'warn', '2013-04-14T15:00:00Z', false],
  ['a page on a Sunday', office, 'page', '2013-04-14T15:00:00Z', true],
  ['after summer time has ended, an hour later in UTC', office, 'warn', '2013-11-06T12:30:00Z', false],
  ['after midnight of a Friday night', night, 'info', '2013-04-13T05:59:00Z', true],
  ['after midnight of a Thursday night', night, 'info', '2013-04-12T05:59:00Z', false],
] as const)('hours: %s', (_what, hours, severity, now, expected) => {
  expect(isOpen({ ...slack, hours: { ...hours, days: [...hours.days] } }, severity, new Date(now))).toBe(expected);
});
