/**
 * What became of each trigger, and which ones wait for the end of a run. Memory beside the ledger: it lets a fresh owner
 * answer a repeated event as before and go on with what waits.
 */
import { z } from 'zod';
import { digestOf, findDocument, getByDigest, putByDigest } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { digest, instant } from './contract.ts';

/** An event id is remembered this long; later the same id is a new event. */
const REMEMBERED_MS = 7 * 86_400_000;

// Not strict: earlier answers held more, and they are only memory.
export const answered = z.object({
  /** The trigger as it was sent, with the time at which it was considered where it named none. */
  trigger: z.record(z.string(), z.unknown()),
  answer: z.enum(['started', 'merged', 'queued', 'skipped']),
  run: z.string().nullable(),
  reason: z.string(),
  /** False: nothing could be decided, so the same event may be sent again. Answers of before it was kept were decided. */
  decided: z.boolean().default(true),
  /** Wall-clock time of the answer. */
  at: instant,
});
export type Answered = z.output<typeof answered>;

/** The newest answer to an event, or null when there is none or it is forgotten. */
export async function findAnswer(store: ObjectStore, model: string, eventId: string): Promise<Answered | null> {
  const found = await findDocument(store, answerKey(model, eventId), answered);
  return found && Date.now() - Date.parse(found.at) < REMEMBERED_MS ? found : null;
}

export async function rememberAnswer(store: ObjectStore, model: string, eventId: string, answer: Answered) {
  await store.put(answerKey(model, eventId), encode(answered.parse(answer)));
}

function answerKey(model: string, eventId: string): string {
  return `models/${model}/triggers/${digestOf(eventId).slice(0, 32)}.json`;
}

/** Triggers that wait, as a chain of batches: one more batch is one more document, however many wait already. */
export const waitingRef = z.strictObject({ digest, count: z.number().int().positive() });
export type WaitingRef = z.output<typeof waitingRef>;

const FOLDER = 'documents';
const batch = z.strictObject({ triggers: z.array(z.unknown()), before: waitingRef.nullable() });

export async function addWaiting(
  store: ObjectStore,
  triggers: readonly unknown[],
  before: WaitingRef | null,
): Promise<WaitingRef | null> {
  if (triggers.length === 0) return before;
  const added = await putByDigest(store, FOLDER, { triggers, before });
  return { digest: added, count: triggers.length + (before?.count ?? 0) };
}

/** In the order in which they came. */
export async function readWaiting<S extends z.ZodType>(
  store: ObjectStore,
  newest: WaitingRef | null,
  trigger: S,
): Promise<z.output<S>[]> {
  const batches: z.output<S>[][] = [];
  for (let at = newest; at !== null; ) {
    const { triggers, before } = await getByDigest(store, FOLDER, at.digest, batch);
    batches.push(triggers.map((one) => trigger.parse(one)));
    at = before;
  }
  return batches.reverse().flat();
}

const waitingNow = z.strictObject({ waiting: waitingRef.nullable() });

/** For an owner that starts afresh. */
export async function waitingOf(store: ObjectStore, model: string): Promise<WaitingRef | null> {
  return (await findDocument(store, waitingKey(model), waitingNow))?.waiting ?? null;
}

export async function rememberWaiting(store: ObjectStore, model: string, waiting: WaitingRef | null): Promise<void> {
  await store.put(waitingKey(model), encode({ waiting }));
}

function waitingKey(model: string): string {
  return `models/${model}/waiting.json`;
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** Every answer that the store still has, in no order: keys are digests of event ids. */
export async function listAnswers(store: ObjectStore, model: string): Promise<Answered[]> {
  const keys: string[] = [];
  for await (const key of store.list(`models/${model}/triggers/`)) keys.push(key);
  const found: Answered[] = [];
  for (let next = 0; next < keys.length; next += READ_AT_ONCE) {
    const some = await Promise.all(
      keys.slice(next, next + READ_AT_ONCE).map((key) => findDocument(store, key, answered)),
    );
    found.push(...some.filter((one) => one !== undefined));
  }
  return found;
}

/** Triggers of these kinds that were asked, whatever became of them; nothing is read where no kind is named. */
export async function triggersSeen<K extends string>(
  store: ObjectStore,
  model: string,
  kinds: ReadonlySet<K>,
): Promise<{ kind: K; as_of: string }[]> {
  if (kinds.size === 0) return [];
  const seen = z.object({ kind: z.enum([...kinds]), as_of: instant });
  return (await listAnswers(store, model)).flatMap(({ trigger }) => {
    const { data } = seen.safeParse(trigger);
    return data === undefined ? [] : [data];
  });
}

const READ_AT_ONCE = 20;
