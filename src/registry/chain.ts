/**
 * Reads a model's ledger: where the newest entry is, and which effects are in it. Entries never change, so what was read
 * once is kept; the newest is found by a hint and then by probing forward, never by listing.
 */
import { z } from 'zod';
import { parseDocument, sha256Of } from '../store/content.ts';
import { ObjectMissing } from '../store/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type LedgerEntry, ledgerEntry } from './contract.ts';
import { LedgerDamaged } from './errors.ts';
import { hintKey, ledgerKey, modelFolder } from './keys.ts';

/** An entry with the SHA-256 of its bytes, which the next entry names as `prev`. */
export interface Link {
  readonly entry: LedgerEntry;
  readonly hash: string;
}

const hint = z.object({ seq: z.number().int().positive() });
/** Reads at once when older entries are looked through for an effect. */
const PARALLEL = 16;

export class LedgerChain {
  readonly model: string;
  readonly #store: ObjectStore;
  #newest: Link | null = null;
  /** Effects of the entries from `#from` to `#to`, both inclusive. */
  readonly #effects = new Map<string, number>();
  #from = 1;
  #to = 0;
  #indexing: Promise<void> = Promise.resolve();

  constructor(store: ObjectStore, model: string) {
    modelFolder(model); // refuses the name before anything is read
    this.#store = store;
    this.model = model;
  }

  /** @throws LedgerDamaged when the entries do not form a chain, or when the end is missing */
  async newest(): Promise<Link | null> {
    let last = this.#newest ?? (await this.#hinted());
    for (;;) {
      const next = await this.#find((last?.entry.seq ?? 0) + 1);
      if (!next) break;
      follows(this.model, last, next);
      last = next;
    }
    if (last) this.#remember(last);
    return this.#newest;
  }

  /** @throws ObjectMissing */
  async link(seq: number): Promise<Link> {
    const found = await this.#find(seq);
    if (!found) throw new ObjectMissing(this.#store.uri, ledgerKey(this.model, seq));
    return found;
  }

  async *after(seq: number): AsyncIterable<LedgerEntry> {
    let last: Link | null = null;
    for (let i = seq + 1; ; i++) {
      const next = await this.#find(i);
      if (!next) return;
      if (last) follows(this.model, last, next);
      yield next.entry;
      last = next;
    }
  }

  /** The entry of an effect among those after `since`, up to and including `upTo`. */
  async find(effectId: string, since: number, upTo: number): Promise<LedgerEntry | null> {
    await this.#index(since + 1, upTo);
    const seq = this.#effects.get(effectId);
    return seq === undefined || seq <= since || seq > upTo ? null : (await this.link(seq)).entry;
  }

  /** Called after an append: moves the hint. A lost hint costs a few probes, so its failure is none of the append. */
  async wrote(link: Link): Promise<void> {
    if (this.#to === link.entry.seq - 1) {
      this.#effects.set(link.entry.effectId, link.entry.seq);
      this.#to = link.entry.seq;
    }
    this.#remember(link);
    const body = Buffer.from(JSON.stringify({ seq: link.entry.seq }));
    await this.#store.put(hintKey(this.model), body).catch(() => undefined);
  }

  async #hinted(): Promise<Link | null> {
    const body = await this.#store.find(hintKey(this.model));
    const seq = body && seqOf(body);
    if (seq === undefined) return null;
    const found = await this.#find(seq);
    // A hint is written after its entry, so the entry was there.
    if (!found) throw new LedgerDamaged(this.model, `entry ${seq} was written once and is gone`);
    return found;
  }

  async #find(seq: number): Promise<Link | undefined> {
    const key = ledgerKey(this.model, seq);
    const body = await this.#store.find(key);
    if (!body) return undefined;
    const entry = parseDocument(this.#store, key, body, ledgerEntry);
    if (entry.seq !== seq)
      throw new LedgerDamaged(this.model, `the entry in place ${seq} says that it is ${entry.seq}`);
    return { entry, hash: sha256Of(body) };
  }

  /** Concurrent calls may both get here: the newest wins. */
  #remember(link: Link): void {
    if (link.entry.seq > (this.#newest?.entry.seq ?? 0)) this.#newest = link;
  }

  /** One at a time: what is indexed must stay one range without holes. */
  #index(from: number, to: number): Promise<void> {
    const work = this.#indexing.then(() => this.#extend(from, to));
    this.#indexing = work.catch(() => undefined);
    return work;
  }

  async #extend(from: number, to: number): Promise<void> {
    if (this.#to < this.#from) {
      this.#from = from;
      this.#to = from - 1;
    }
    const missing = [...range(from, this.#from - 1), ...range(this.#to + 1, to)];
    for (let i = 0; i < missing.length; i += PARALLEL) {
      const links = await Promise.all(missing.slice(i, i + PARALLEL).map((seq) => this.link(seq)));
      for (const { entry } of links) this.#effects.set(entry.effectId, entry.seq);
    }
    this.#from = Math.min(this.#from, from);
    this.#to = Math.max(this.#to, to);
  }
}

/** @throws LedgerDamaged unless `next` is the entry after `last` (null: unknown or none) */
export function follows(model: string, last: Link | null, next: Link): void {
  if (last === null) {
    if (next.entry.seq === 1 && next.entry.prev !== null)
      throw new LedgerDamaged(model, 'the first entry names one before it');
    return;
  }
  if (next.entry.prev !== last.hash) {
    throw new LedgerDamaged(
      model,
      `entry ${next.entry.seq} does not continue entry ${last.entry.seq}: one of them was changed`,
    );
  }
}

function seqOf(body: Uint8Array): number | undefined {
  try {
    return hint.parse(JSON.parse(Buffer.from(body).toString('utf8'))).seq;
  } catch {
    return undefined; // a damaged hint is no hint
  }
}

const range = (from: number, to: number): number[] =>
  to < from ? [] : Array.from({ length: to - from + 1 }, (_, i) => from + i);
