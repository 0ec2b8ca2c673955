import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NotifyRoute } from '../../src/config/notify.ts';
import { type Notice, outboxKey, sourceKey } from '../../src/notifications/contract.ts';
import { deliver, type Route, replayDead, STORM_CAP } from '../../src/notifications/deliver.ts';
import type { WaitingRun } from '../../src/notifications/happenings.ts';
import { collectNotices, nextNotice, readNotice } from '../../src/notifications/outbox.ts';
import { promote, registerVersion } from '../../src/registry/changes.ts';
import { freeze, unfreeze } from '../../src/registry/freeze.ts';
import { openLedger, type Step } from '../../src/registry/ledger.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { noticeOf } from './notices.ts';

const MODEL = 'flights-delay';
const AS_OF = '2013-04-10T06:00:00.000Z';
let dir: string;
let store: ObjectStore;
let nth = 0;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hone-notify-'));
  store = openStore(`file:${dir}`);
  nth = 0;
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function happens(step: Step): Promise<void> {
  nth += 1;
  const ledger = openLedger(store, MODEL);
  await ledger.append({
    effectId: `test/${nth}`,
    as_of: AS_OF,
    actor: 'ana',
    trust: 'asserted',
    why: `reason ${nth}`,
    step,
  });
}
const freezes = async (times: number) => {
  for (let i = 0; i < times; i++)
    await happens(i % 2 === 0 ? freeze({ by: 'ana', reason: 'a fair', until: null }) : unfreeze({ reason: 'over' }));
};
const NOW = '2026-02-01T00:00:00.000Z';
const collect = (waiting: WaitingRun[] = [], now = NOW) => collectNotices(store, MODEL, waiting, AS_OF, now);
const notices = async () => {
  const all: Notice[] = [];
  for (let seq = 1; seq < (await nextNotice(store, MODEL)); seq++)
    all.push((await readNotice(store, MODEL, seq)) as Notice);
  return all;
};

/** A route that keeps what it is given, and fails as long as it is told to. */
function routeTo(more: Partial<NotifyRoute> = {}) {
  const got: string[] = [];
  const trouble = { failing: false };
  const route: Route = {
    name: 'chat',
    route: { type: 'slack', url_env: 'URL', ...more } as NotifyRoute,
    linksOf: () => [],
    async send({ notice }) {
      if (trouble.failing) throw new Error('no answer');
      got.push(`${notice.seq} ${notice.type}`);
    },
  };
  return { route, got, trouble };
}
const at = (minutes: number) => new Date(Date.parse('2013-04-10T12:00:00Z') + minutes * 60_000);

test('the past is not told; from then on each change, each packet that waits once, in order and by number', async () => {
  await happens(registerVersion({ version: 1, run: null, manifest: 'a'.repeat(64) }));
  expect(await collect()).toBe(0);
  await happens(promote({ version: 1, effectId: 'test/p1', as: 'first', as_of: AS_OF, labels: null }));
  await freezes(1);
  const waiting = {
    model: MODEL,
    run: `${MODEL}-000002`,
    packet: 'abcdef0123456789',
    sentence: 'The gate passed.',
    deadline: null,
  };
  expect(await collect([waiting])).toBe(3);
  expect(await collect([waiting])).toBe(0);
  expect((await notices()).map(({ seq, type, severity, sentence }) => [seq, type, severity, sentence])).toEqual([
    [1, 'promoted', 'info', 'flights-delay: version 1 promoted (first) (ana). reason 2'],
    [2, 'frozen', 'warn', 'flights-delay: frozen (ana). reason 3'],
    [3, 'approval.requested', 'warn', 'flights-delay-000002 waits for a person (packet abcdef01). The gate passed.'],
  ]);
  expect(await collect([{ ...waiting, packet: 'fedcba9876543210' }]), 'a new packet is news').toBe(1);
});

test('a look that died after writing notices, before its mark, is repeated without telling anything twice', async () => {
  await collect();
  const mark = await store.get(sourceKey(MODEL));
  await freezes(3);
  await collect();
  const before = await notices();
  await store.put(sourceKey(MODEL), mark);
  await freezes(1);
  await collect();
  expect((await notices()).map(({ id }) => id)).toEqual([...before.map(({ id }) => id), `${MODEL}/ledger/4`]);
});

test('what a route does not take is tried again in order, set aside after a day, and sent by a replay', async () => {
  await collect();
  const { route, got, trouble } = routeTo();
  await deliver(store, MODEL, route, at(0));
  await freezes(2);
  await collect();
  trouble.failing = true;
  expect(await deliver(store, MODEL, route, at(1))).toEqual({ sent: 0, dead: 0, failing: 'no answer' });
  trouble.failing = false;
  expect(await deliver(store, MODEL, route, at(2))).toEqual({ sent: 2, dead: 0, failing: null });
  expect(got).toEqual(['1 frozen', '2 unfrozen']);

  trouble.failing = true;
  await freezes(2);
  await collect();
  await deliver(store, MODEL, route, at(3));
  expect(await deliver(store, MODEL, route, at(3 + 24 * 60))).toMatchObject({ dead: 2 });
  trouble.failing = false;
  await freezes(1);
  await collect();
  expect(await deliver(store, MODEL, route, at(4 + 24 * 60))).toEqual({ sent: 1, dead: 0, failing: null });
  expect(await replayDead(store, route, at(5))).toBe(2);
  expect(await replayDead(store, route, at(6)), 'sent once').toBe(0);
  expect(got.slice(2)).toEqual(['5 frozen', '3 frozen', '4 unfrozen']);
});

test('in a storm people get the first and one line for the rest; programs get every one', async () => {
  await collect();
  const [people, programs] = [routeTo(), routeTo({ type: 'cloudevents' } as Partial<NotifyRoute>)];
  const bus = { ...programs.route, name: 'bus' };
  await deliver(store, MODEL, people.route, at(0));
  await deliver(store, MODEL, bus, at(0));
  await freezes(25);
  await collect();
  expect(await deliver(store, MODEL, people.route, at(1))).toMatchObject({ sent: STORM_CAP });
  expect(people.got.at(-1)).toBe('10 storm');
  expect(await deliver(store, MODEL, bus, at(1))).toMatchObject({ sent: 25 });
  expect(await deliver(store, MODEL, people.route, at(2))).toMatchObject({ sent: 0 });
});

test('outside its hours a route waits, a page goes ahead, and in the morning the rest follows once', async () => {
  const hours = { timezone: 'UTC', days: ['WED', 'THU'], from: '08:00', to: '18:00' };
  const { route, got } = routeTo({ hours } as Partial<NotifyRoute>);
  await collect();
  await deliver(store, MODEL, route, at(0));
  await happens(registerVersion({ version: 1, run: null, manifest: 'a'.repeat(64) }));
  await happens(promote({ version: 1, effectId: 'test/p1', as: 'first', as_of: AS_OF, labels: null }));
  await freezes(1);
  await collect();
  const night = at(8 * 60);
  expect(await deliver(store, MODEL, route, night)).toMatchObject({ sent: 0, failing: null });
  await collect([{ model: MODEL, run: `${MODEL}-000001`, packet: 'abcdef0123456789', sentence: 'x', deadline: null }]);
  const third = (await notices()).at(-1) as Notice;
  await store.remove(`notifications/outbox/${MODEL}/000000003.json`);
  await store.create(
    `notifications/outbox/${MODEL}/000000003.json`,
    Buffer.from(JSON.stringify({ ...third, severity: 'page' })),
  );
  expect(await deliver(store, MODEL, route, night)).toMatchObject({ sent: 1 });
  expect(await deliver(store, MODEL, route, at(20 * 60))).toMatchObject({ sent: 2 });
  expect(got).toEqual(['3 approval.requested', '1 promoted', '2 frozen']);
});

/** Notices of incidents are made by ticks; here they stand in the outbox as a tick would have left them. */
async function incidents(...news: readonly (readonly [incident: string, status: string, severity: string])[]) {
  const mark = JSON.parse(Buffer.from(await store.get(sourceKey(MODEL))).toString());
  for (const [incident, status, severity] of news) {
    const notice = noticeOf({
      ...{ seq: mark.next, id: `${MODEL}/incident/${incident}/${mark.next}`, type: `incident.${status}`, run: null },
      ...{
        severity: severity as Notice['severity'],
        thread: `${MODEL}/${incident}`,
        sentence: `${incident} ${status}.`,
      },
    });
    await store.create(outboxKey(MODEL, mark.next), Buffer.from(JSON.stringify(notice)));
    mark.next += 1;
  }
  await store.put(sourceKey(MODEL), Buffer.from(JSON.stringify(mark)));
}

test('what is new of one incident is one message to people, in spite of a failure between, and each by itself to programs', async () => {
  await collect();
  const [people, programs] = [routeTo(), routeTo({ type: 'pagerduty', at_least: 'info' } as Partial<NotifyRoute>)];
  const pager = { ...programs.route, name: 'pager' };
  await deliver(store, MODEL, people.route, at(0));
  await deliver(store, MODEL, pager, at(0));
  await incidents(['drift-features', 'opened', 'warn'], ['kpi-rides', 'opened', 'page']);
  await incidents(['drift-features', 'updated', 'warn'], ['drift-features', 'resolved', 'info']);
  const sentences: string[] = [];
  const route: Route = {
    ...people.route,
    async send({ notice }) {
      if (sentences.length === 1 && people.trouble.failing) throw new Error('no answer');
      sentences.push(notice.sentence);
    },
  };
  people.trouble.failing = true;
  expect(await deliver(store, MODEL, route, at(1))).toMatchObject({ sent: 1, failing: 'no answer' });
  people.trouble.failing = false;
  expect(await deliver(store, MODEL, route, at(2))).toEqual({ sent: 1, dead: 0, failing: null });
  expect(sentences).toEqual([
    'drift-features resolved. (3 changes of this incident in one message.)',
    'kpi-rides opened.',
  ]);
  expect(await deliver(store, MODEL, route, at(3)), 'nothing is told twice').toMatchObject({ sent: 0 });
  expect(await deliver(store, MODEL, pager, at(1))).toMatchObject({ sent: 4 });
});

test('a digest tells once a day, at its time, with the warnings in full; a page does not wait for it', async () => {
  const digest = { timezone: 'America/New_York', at: '08:00' };
  const { route } = routeTo({ digest } as Partial<NotifyRoute>);
  const [got, said]: [string[], string[]] = [[], []];
  const told: Route = {
    ...route,
    async send({ notice }) {
      got.push(`${notice.seq} ${notice.type}`);
      said.push(notice.sentence);
    },
  };
  await collect();
  // at(0) is 08:00 in New York
  expect(await deliver(store, MODEL, told, at(1))).toMatchObject({ sent: 0 });
  await freezes(2);
  await collect();
  await incidents(['kpi-rides', 'opened', 'page']);
  expect(await deliver(store, MODEL, told, at(5))).toMatchObject({ sent: 1 });
  expect(got).toEqual(['3 incident.opened']);
  expect(await deliver(store, MODEL, told, at(24 * 60 - 1)), 'a minute before').toMatchObject({ sent: 0 });
  expect(await deliver(store, MODEL, told, at(24 * 60))).toMatchObject({ sent: 1 });
  expect(said.at(-1)).toBe(
    'flights-delay: 2 notices since the last summary: 1 × frozen, 1 × unfrozen. hone notify list flights-delay shows them all.\nflights-delay: frozen (ana). reason 1',
  );
  await freezes(1);
  await collect();
  expect(await deliver(store, MODEL, told, at(24 * 60 + 5)), 'told for today').toMatchObject({ sent: 0 });
  expect(await deliver(store, MODEL, told, at(72 * 60)), 'also where days were missed').toMatchObject({ sent: 1 });
});
