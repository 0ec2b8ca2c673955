/** From what happened to numbered notices: read once, kept before anybody is told, never told twice. */
import { type TickReport, tickReport } from '../monitoring/contract.ts';
import { openLedger } from '../registry/ledger.ts';
import { findDocument, getDocument } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { dueCalls } from './approval-calls.ts';
import {
  type Happening,
  type Notice,
  notice,
  outboxKey,
  type SourceCursor,
  sourceCursor,
  sourceKey,
} from './contract.ts';
import { happeningOfEntry, happeningOfWaiting, happeningsOfTick, type WaitingRun } from './happenings.ts';

/**
 * Appends what is new of one model. The first look at a model tells nothing of its past.
 *
 * @param waiting runs of this model that wait for a person now
 * @param now ISO instant of the clock that rules their deadlines
 * @returns how many notices were added
 */
export async function collectNotices(
  store: ObjectStore,
  model: string,
  waiting: readonly WaitingRun[],
  asOf: string,
  now: string,
): Promise<number> {
  const ticks = `models/${model}/monitoring/ticks/`;
  const known = await findDocument(store, sourceKey(model), sourceCursor);
  const ledger = openLedger(store, model);
  if (known === undefined) {
    const head = await ledger.head();
    const first = { next: 1, ledger_seq: head?.seq ?? 0, tick: (await lastKey(store, ticks)) ?? '', approvals: [] };
    await put(store, model, first);
    return 0;
  }
  const found: Happening[] = [];
  let { ledger_seq: ledgerSeq, tick } = known;
  for await (const entry of ledger.entries(ledgerSeq)) {
    const happening = happeningOfEntry(model, entry);
    if (happening) found.push(happening);
    ledgerSeq = entry.seq;
  }
  for await (const key of store.list(ticks, tick === '' ? {} : { after: tick })) {
    const report: TickReport = await getDocument(store, key, tickReport);
    found.push(...happeningsOfTick(report));
    tick = key;
  }
  const told = new Set(known.approvals);
  found.push(...waiting.filter(({ packet }) => !told.has(packet)).map((run) => happeningOfWaiting(run, asOf)));
  const calls = waiting.map((run) => dueCalls(run, { told, asOf, now }));
  found.push(...calls.flatMap(({ happenings }) => happenings));
  if (found.length === 0 && ledgerSeq === known.ledger_seq && tick === known.tick) return 0;

  const next = await append(store, model, known.next, found);
  const approvals = [...waiting.map(({ packet }) => packet), ...calls.flatMap(({ over }) => over)];
  await put(store, model, { next, ledger_seq: ledgerSeq, tick, approvals });
  return next - known.next;
}

/** An earlier look may have written some of them and died: those stand where they are. @returns the next free number */
async function append(store: ObjectStore, model: string, from: number, found: readonly Happening[]): Promise<number> {
  const written = new Set<string>();
  let next = from;
  for (let one = await readNotice(store, model, next); one; one = await readNotice(store, model, next)) {
    written.add(one.id);
    next += 1;
  }
  for (const happening of found.filter(({ id }) => !written.has(id))) {
    const body = notice.parse({ contract: 1, seq: next, ...happening });
    await store.create(outboxKey(model, next), Buffer.from(JSON.stringify(body)));
    next += 1;
  }
  return next;
}

/** @returns undefined where none has this number yet */
export async function readNotice(store: ObjectStore, model: string, seq: number): Promise<Notice | undefined> {
  return await findDocument(store, outboxKey(model, seq), notice);
}

/** @returns the number that the next notice of a model will have */
export async function nextNotice(store: ObjectStore, model: string): Promise<number> {
  return (await findDocument(store, sourceKey(model), sourceCursor))?.next ?? 1;
}

async function put(store: ObjectStore, model: string, cursor: SourceCursor): Promise<void> {
  await store.put(sourceKey(model), Buffer.from(JSON.stringify(sourceCursor.parse(cursor))));
}

async function lastKey(store: ObjectStore, prefix: string): Promise<string | undefined> {
  let last: string | undefined;
  for await (const key of store.list(prefix)) last = key;
  return last;
}
