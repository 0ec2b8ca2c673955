/** The ledgers that were looked at lately, entry by entry: entries never change, so only new ones are read. */
import type { LedgerEntry } from '../../registry/contract.ts';
import type { Ledger } from '../../registry/ledger.ts';

const MODELS = 20;

export class Entries {
  readonly #kept = new Map<string, { readonly entries: LedgerEntry[]; busy: Promise<void> }>();

  /** Oldest first. */
  async of(ledger: Ledger): Promise<readonly LedgerEntry[]> {
    const kept = this.#kept.get(ledger.model) ?? { entries: [], busy: Promise.resolve() };
    this.#kept.delete(ledger.model);
    this.#kept.set(ledger.model, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MODELS && oldest !== undefined) this.#kept.delete(oldest);
    const read = kept.busy.then(async () => {
      for await (const entry of ledger.entries(kept.entries.length)) kept.entries.push(entry);
    });
    kept.busy = read.catch(() => undefined); // one at a time: entries must stay in order
    await read;
    return kept.entries;
  }
}
