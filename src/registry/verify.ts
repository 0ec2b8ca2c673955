/** Reads a whole ledger again and says whether it is what was written. Uses nothing remembered. */
import { HoneError } from '../errors.ts';
import { parseDocument, sha256Of } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { follows, type Link } from './chain.ts';
import { ledgerEntry } from './contract.ts';
import { ledgerFolder, ledgerKey } from './keys.ts';

export interface Verification {
  readonly ok: boolean;
  /** Entries that were read and found good, from the first on. */
  readonly entries: number;
  /** SHA-256 of the last good entry: an owner keeps it as an anchor against truncation. */
  readonly head: string | null;
  /** What is wrong with the entry after the last good one. */
  readonly problem?: string;
}

/** Chain, gaps, schema, order of time and of generations, one entry per effect. Problems are returned; only an unreachable store is thrown. */
export async function verifyLedger(store: ObjectStore, model: string): Promise<Verification> {
  const effects = new Set<string>();
  let last: Link | null = null;
  const bad = (problem: string): Verification => ({
    ok: false,
    entries: last?.entry.seq ?? 0,
    head: last?.hash ?? null,
    problem,
  });
  for (let seq = 1; ; seq++) {
    const key = ledgerKey(model, seq);
    try {
      const body = await store.find(key);
      if (!body) break;
      const next: Link = { entry: parseDocument(store, key, body, ledgerEntry), hash: sha256Of(body) };
      follows(model, last, next);
      const problem = orderProblem(last, next, seq) ?? effectProblem(effects, next);
      if (problem) return bad(problem);
      last = next;
    } catch (error) {
      if (error instanceof HoneError && !error.retryable) return bad(error.message);
      throw error;
    }
  }
  const stray = await entryBeyond(store, model, last?.entry.seq ?? 0);
  if (stray) return bad(`entry ${(last?.entry.seq ?? 0) + 1} is missing, although there is ${stray}`);
  return { ok: true, entries: last?.entry.seq ?? 0, head: last?.hash ?? null };
}

function orderProblem(last: Link | null, next: Link, seq: number): string | undefined {
  const { entry } = next;
  if (entry.seq !== seq) return `the entry in place ${seq} says that it is ${entry.seq}`;
  if (!last) return undefined;
  if (entry.at < last.entry.at) return `entry ${seq} was written before entry ${seq - 1}`;
  if (entry.state.routing.generation < last.entry.state.routing.generation) return `entry ${seq} lowers the generation`;
  return undefined;
}

function effectProblem(effects: Set<string>, next: Link): string | undefined {
  if (effects.has(next.entry.effectId)) return `the effect "${next.entry.effectId}" has two entries`;
  effects.add(next.entry.effectId);
  return undefined;
}

/** A list may lag, so it can only ever show damage, never health. */
async function entryBeyond(store: ObjectStore, model: string, seq: number): Promise<string | undefined> {
  for await (const key of store.list(`${ledgerFolder(model)}/`, { after: ledgerKey(model, seq) })) {
    // An entry that was appended since the last read is no gap.
    if (key !== ledgerKey(model, seq + 1)) return (await store.find(ledgerKey(model, seq + 1))) ? undefined : key;
  }
  return undefined;
}
