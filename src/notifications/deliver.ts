/** Takes the notices of one model to one route, in order: tried for a day, then set aside, so that later ones get through. */
import type { NotifyRoute } from '../config/notify.ts';
import { findDocument, getDocument } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { digestDay, isForPrograms, isOpen, takes } from './choose.ts';
import { deadLetter, deadPrefix, type Notice, type RouteCursor, routeCursor, routeKey, seqKey } from './contract.ts';
import { nextNotice, readNotice } from './outbox.ts';
import type { Letter, Send } from './senders.ts';

export interface Route {
  readonly name: string;
  readonly route: NotifyRoute;
  /** Null where the route cannot be used, with the reason. */
  readonly send: Send | { readonly unusable: string };
  readonly linksOf: (notice: Notice) => Letter['links'];
}

const DAY_MS = 86_400_000;
/** More at once are a storm: people get the first of them and one line for the rest. */
export const STORM_CAP = 10;

export interface Delivered {
  readonly sent: number;
  readonly dead: number;
  /** Why the route is stuck; null where everything went out. */
  readonly failing: string | null;
}

/** A route that is new begins with what happens from then on. */
export async function deliver(store: ObjectStore, model: string, route: Route, now: Date): Promise<Delivered> {
  const key = routeKey(route.name, model);
  const end = await nextNotice(store, model);
  const day = digestDay(route.route, now);
  const known = await findDocument(store, key, routeCursor);
  if (known === undefined) {
    await put(store, key, { next: end, early: [], failing: null, ...(day === null ? {} : { digested: day }) });
    return { sent: 0, dead: 0, failing: null };
  }
  let cursor = known;
  const pending = await pendingOf(store, model, route, cursor, end);
  const unsent = new Set(pending.map(({ seq }) => seq));
  const save = async (change: Partial<RouteCursor>, done: readonly number[] = []) => {
    for (const seq of done) unsent.delete(seq);
    const next = Math.min(...unsent, end);
    const early = [...cursor.early, ...done].filter((seq) => seq >= next);
    cursor = { ...cursor, ...change, next, early };
    await put(store, key, cursor);
  };
  let [sent, dead] = [0, 0];
  for (const letters of inLetters(route, pending, { now, summary: day !== null && day !== cursor.digested })) {
    let failing: RouteCursor['failing'] = null;
    try {
      await send(route, letters, now);
      sent += 1;
    } catch (error) {
      failing = {
        since: cursor.failing?.since ?? now.toISOString(),
        attempts: (cursor.failing?.attempts ?? 0) + 1,
        error: (error as Error).message,
      };
      if (now.getTime() - Date.parse(failing.since) < DAY_MS) {
        await save({ failing });
        return { sent, dead, failing: failing.error };
      }
      dead += await setAside(store, model, route, letters, failing);
    }
    await save(
      { failing },
      letters.map(({ seq }) => seq),
    );
  }
  const behind = cursor.next < end && unsent.size === 0;
  if (behind || (day !== null && day !== cursor.digested)) await save(day === null ? {} : { digested: day });
  return { sent, dead, failing: cursor.failing?.error ?? null };
}

async function setAside(
  store: ObjectStore,
  model: string,
  { name }: Route,
  letters: readonly Notice[],
  { since, error }: { since: string; error: string },
): Promise<number> {
  for (const notice of letters) {
    const body = deadLetter.parse({ notice, since, error });
    await store.create(`${deadPrefix(name)}${model}/${seqKey(notice.seq)}`, Buffer.from(JSON.stringify(body)));
  }
  return letters.length;
}

async function pendingOf(
  store: ObjectStore,
  model: string,
  { route }: Route,
  cursor: RouteCursor,
  end: number,
): Promise<Notice[]> {
  const pending: Notice[] = [];
  for (let seq = cursor.next; seq < end; seq++) {
    const notice = await readNotice(store, model, seq);
    if (notice && takes(route, notice) && !cursor.early.includes(seq)) pending.push(notice);
  }
  return pending;
}

/** What goes out now: each alone to programs; to people an incident is one letter, and so is the rest of a storm or of a day. */
function inLetters(
  { route }: Route,
  pending: readonly Notice[],
  { now, summary: due }: { readonly now: Date; readonly summary: boolean },
): Notice[][] {
  const open = pending.filter(({ severity }) => isOpen(route, severity, now));
  if (isForPrograms(route)) return open.map((one) => [one]);
  if (digestDay(route, now) !== null) {
    const calm = due ? open.filter(({ severity }) => severity !== 'page') : [];
    const pages = byIncident(open.filter(({ severity }) => severity === 'page'));
    return calm.length === 0 ? pages : [...pages, calm];
  }
  const letters = byIncident(open);
  if (letters.length <= STORM_CAP) return letters;
  return [...letters.slice(0, STORM_CAP - 1), letters.slice(STORM_CAP - 1).flat()];
}

/** Several looks at one incident that nobody was told of yet are one letter, at the place of the first. */
function byIncident(notices: readonly Notice[]): Notice[][] {
  const letters = new Map<string, Notice[]>();
  for (const notice of notices) {
    const key = notice.type.startsWith('incident.') ? notice.thread : `seq ${notice.seq}`;
    letters.set(key, [...(letters.get(key) ?? []), notice]);
  }
  return [...letters.values()];
}

async function send(route: Route, letters: readonly Notice[], now: Date): Promise<void> {
  if (typeof route.send !== 'function') throw new Error(route.send.unusable);
  const notice = asOne(letters, route.route);
  if (notice) await route.send({ notice, links: route.linksOf(notice) }, now);
}

function asOne(letters: readonly Notice[], route: NotifyRoute): Notice | undefined {
  const [first, ...more] = letters;
  const last = more.at(-1);
  if (first === undefined || last === undefined) return first;
  const severity = letters.some((one) => one.severity === 'page') ? 'page' : last.severity;
  if (letters.every(({ type, thread }) => thread === first.thread && type.startsWith('incident.')))
    return {
      ...last,
      severity,
      sentence: `${last.sentence} (${letters.length} changes of this incident in one message.)`,
    };
  const types = new Map<string, number>();
  for (const { type } of letters) types.set(type, (types.get(type) ?? 0) + 1);
  const counted = [...types].map(([type, count]) => `${count} × ${type}`).join(', ');
  const all = `hone notify list ${first.model} shows them all.`;
  const digest = 'digest' in route && route.digest !== undefined;
  const type = digest ? 'digest' : 'storm';
  const worst = letters
    .filter(({ severity: one }) => one === 'warn')
    .slice(-3)
    .map((one) => `\n${one.sentence}`)
    .join('');
  const sentence = digest
    ? `${first.model}: ${letters.length} notices since the last summary: ${counted}. ${all}${worst}`
    : `${first.model}: and ${letters.length} more notices: ${counted}. ${all}`;
  return { ...first, severity, type, thread: `${first.model}/${type}`, run: null, sentence };
}

/** Sends again what was given up. @returns how many went out; the first failure stops it */
export async function replayDead(store: ObjectStore, route: Route, now: Date): Promise<number> {
  const keys: string[] = [];
  for await (const key of store.list(deadPrefix(route.name))) keys.push(key);
  let sent = 0;
  for (const key of keys) {
    const { notice } = await getDocument(store, key, deadLetter);
    await send(route, [notice], now);
    await store.remove(key);
    sent += 1;
  }
  return sent;
}

async function put(store: ObjectStore, key: string, cursor: RouteCursor): Promise<void> {
  await store.put(key, Buffer.from(JSON.stringify(routeCursor.parse(cursor))));
}
