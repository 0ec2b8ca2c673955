/**
 * The one ordered, hash-chained record of a model. Its newest entry is the alias table, the routing and the audit at once.
 *
 * An entry is created only in the place after the newest one, and only if nobody was there first. So a change lands
 * exactly once, or not at all, however often it is tried and by however many writers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { canonicalJson, sha256Of } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { LedgerChain, type Link } from './chain.ts';
import { type Change, type LedgerEntry, type LedgerState, ledgerEntry } from './contract.ts';
import { LedgerBusy, LedgerConflict, RunFenced } from './errors.ts';
import { ledgerKey } from './keys.ts';
import { initialState, type Step } from './state.ts';
import { type Verification, verifyLedger } from './verify.ts';

export type { Step, StepContext, StepResult } from './state.ts';
export { initialState } from './state.ts';

/** Twenty writers at once need about four places on average; this many means that something else is wrong. */
const MAX_ATTEMPTS = 200;

export interface AppendRequest {
  /** `<run>/<stage>/<step>`, or another id that is the same for every try of this one change. */
  readonly effectId: string;
  readonly as_of: string;
  readonly actor: string;
  readonly trust: LedgerEntry['trust'];
  readonly why: string;
  readonly step: Step;
  /** The change is by this run: refused unless it is the active one. */
  readonly requireActiveRun?: string;
  /** An earlier try can only be after this entry; saves reading older ones. */
  readonly sinceSeq?: number;
}

export interface Ledger {
  readonly model: string;
  /** The newest entry. */
  head(): Promise<LedgerEntry | null>;
  /** The newest state; the initial one when nothing happened yet. */
  state(): Promise<LedgerState>;
  /** @throws ObjectMissing */
  read(seq: number): Promise<LedgerEntry>;
  /** In order, after `afterSeq` (0: all), up to the newest. */
  entries(afterSeq?: number): AsyncIterable<LedgerEntry>;
  /** What was live at an instant: by `at` (when it was written), or by `as_of` in replays with a logical clock. */
  stateAt(instant: string, options?: { by?: 'at' | 'as_of' }): Promise<LedgerState>;
  /** The entry of an effect, if it was written after `sinceSeq`. */
  find(effectId: string, sinceSeq?: number): Promise<LedgerEntry | null>;
  /** Reads everything again: chain, gaps, schema, one entry per effect. */
  verify(): Promise<Verification>;
  /**
   * Writes one change, or finds that an earlier try wrote it.
   *
   * @throws LedgerConflict when the step refuses, RunFenced when `requireActiveRun` is not the active run; both final.
   * @throws LedgerBusy, StoreUnreachable: whether it was written is not known; the same call finds out
   */
  append(request: AppendRequest): Promise<{ status: 'written' | 'found'; entry: LedgerEntry }>;
}

/** Reads nothing yet. @throws ModelNameRefused */
export function openLedger(store: ObjectStore, model: string): Ledger {
  const chain = new LedgerChain(store, model);
  return {
    model,
    head: async () => (await chain.newest())?.entry ?? null,
    state: async () => (await chain.newest())?.entry.state ?? initialState(),
    read: async (seq) => (await chain.link(seq)).entry,
    entries: (afterSeq = 0) => chain.after(afterSeq),
    stateAt: (instant, options) => stateAt(chain, instant, options?.by ?? 'at'),
    find: async (effectId, sinceSeq = 0) => {
      const newest = await chain.newest();
      return newest ? await chain.find(effectId, sinceSeq, newest.entry.seq) : null;
    },
    verify: () => verifyLedger(store, model),
    append: (request) => append(store, chain, model, request),
  };
}

async function append(store: ObjectStore, chain: LedgerChain, model: string, request: AppendRequest) {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const newest = await chain.newest();
    const earlier = newest && (await chain.find(request.effectId, request.sinceSeq ?? 0, newest.entry.seq));
    if (earlier) return { status: 'found' as const, entry: earlier };

    const entry = nextEntry(model, newest, request);
    const body = Buffer.from(canonicalJson(entry));
    if ((await store.create(ledgerKey(model, entry.seq), body)) === 'created') {
      await chain.wrote({ entry, hash: sha256Of(body) });
      return { status: 'written' as const, entry };
    }
    // Somebody was first, or our own answer was lost on the way: reading forward tells which. Jitter parts the rivals.
    if (attempt > 0) await sleep(Math.random() * Math.min(100, 5 * attempt));
  }
  throw new LedgerBusy(model, request.effectId, MAX_ATTEMPTS);
}

function nextEntry(model: string, newest: Link | null, request: AppendRequest): LedgerEntry {
  const { effectId, as_of, actor, trust, why, requireActiveRun } = request;
  const state = newest?.entry.state ?? initialState();
  const last = newest?.entry.seq ?? 0;
  const active = state.activeRun?.run ?? null;
  if (requireActiveRun !== undefined && active !== requireActiveRun) {
    throw new RunFenced(model, effectId, requireActiveRun, active, last);
  }
  const result = request.step(state, { as_of, effectId });
  if ('refused' in result) throw new LedgerConflict(model, effectId, result.refused, last);
  const entry: { [Key in keyof LedgerEntry]: LedgerEntry[Key] } = {
    seq: last + 1,
    prev: newest?.hash ?? null,
    effectId,
    at: notBefore(newest?.entry.at),
    as_of,
    actor,
    trust,
    why,
    change: result.change satisfies Change,
    state: result.state,
  };
  const checked = ledgerEntry.safeParse(entry);
  if (!checked.success)
    throw new TypeError(`"${effectId}" would make an invalid entry: ${z.prettifyError(checked.error)}`);
  return checked.data;
}

/** Now, but never before the entry before: clocks of machines differ, and "what was live at T" needs one order. */
function notBefore(previous: string | undefined): string {
  const now = new Date().toISOString();
  return previous !== undefined && previous > now ? previous : now;
}

async function stateAt(chain: LedgerChain, instant: string, by: 'at' | 'as_of'): Promise<LedgerState> {
  const limit = Date.parse(instant);
  if (Number.isNaN(limit)) throw new RangeError(`"${instant}" is no ISO 8601 instant`);
  let state = initialState();
  for await (const entry of chain.after(0)) {
    if (Date.parse(entry[by]) <= limit) state = entry.state;
    else if (by === 'at') break;
  }
  return state;
}
