/** Takes the notices of one model to one route, in order: tried for a day, then set aside, so that later ones get through. */
import type { NotifyRoute } from '../config/notify.ts';
import { findDocument, getDocument } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { isOpen, takes } from './choose.ts';
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
  const known = await findDocument(store, key, routeCursor);
  if (known === undefined) {
    await put(store, key, { next: end, early: [], failing: null });
    return { sent: 0, dead: 0, failing: null };
  }
  let cursor = known;
  let [sent, dead] = [0, 0];
  const save = async (change: Partial<RouteCursor>) => {
    cursor = { ...cursor, ...change };
    await put(store, key, cursor);
  };
  const pending = await pendingOf(store, model, route, cursor, end);
  const held = pending.find(({ severity }) => !isOpen(route.route, severity, now));
  for (const letters of inLetters(
    route,
    pending.filter(({ severity }) => isOpen(route.route, severity, now)),
  )) {
    const seqs = letters.map(({ seq }) => seq);
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
      for (const notice of letters) {
        const body = deadLetter.parse({ notice, since: failing.since, error: failing.error });
        await store.create(
          `${deadPrefix(route.name)}${model}/${seqKey(notice.seq)}`,
          Buffer.from(JSON.stringify(body)),
        );
        dead += 1;
      }
    }
    const last = Math.max(...seqs);
    if (held !== undefined && held.seq < last) await save({ early: [...cursor.early, ...seqs], failing });
    else await save({ next: last + 1, early: cursor.early.filter((seq) => seq > last), failing });
  }
  if (held === undefined && cursor.next < end) await save({ next: end, early: [] });
  return { sent, dead, failing: cursor.failing?.error ?? null };
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

/** Each alone, and in a storm the rest together; programs want every one. */
function inLetters({ route }: Route, notices: readonly Notice[]): Notice[][] {
  if (route.type === 'cloudevents' || notices.length <= STORM_CAP) return notices.map((one) => [one]);
  return [...notices.slice(0, STORM_CAP - 1).map((one) => [one]), notices.slice(STORM_CAP - 1)];
}

async function send(route: Route, letters: readonly Notice[], now: Date): Promise<void> {
  if (typeof route.send !== 'function') throw new Error(route.send.unusable);
  const [first, ...more] = letters;
  if (first === undefined) return;
  const notice = more.length === 0 ? first : summary(first, letters);
  await route.send({ notice, links: route.linksOf(notice) }, now);
}

function summary(first: Notice, all: readonly Notice[]): Notice {
  const types = new Map<string, number>();
  for (const { type } of all) types.set(type, (types.get(type) ?? 0) + 1);
  const counted = [...types].map(([type, count]) => `${count} × ${type}`).join(', ');
  const severity = all.some((one) => one.severity === 'page') ? 'page' : first.severity;
  const sentence = `${first.model}: and ${all.length} more notices: ${counted}. hone notify list ${first.model} shows them all.`;
  return { ...first, severity, type: 'storm', thread: `${first.model}/storm`, run: null, sentence };
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
