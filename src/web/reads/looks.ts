/** The last looks of monitoring at a model. A report never changes, so each is read once. */
import { dirname } from 'node:path';
import type { TickReport } from '../../monitoring/contract.ts';
import { readTick, tickKey } from '../../monitoring/read-ticks.ts';
import type { ObjectStore } from '../../store/object-store.ts';

const MOST = 600;

export class Looks {
  readonly #store: ObjectStore;
  readonly #reports = new Map<string, TickReport>();
  readonly #newest = new Map<string, string>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** Newest first. @throws ObjectCorrupt */
  async last(model: string, count: number): Promise<TickReport[]> {
    const keys: string[] = [];
    for await (const key of this.#store.list(folderOf(model))) keys.push(key);
    return await Promise.all(
      keys
        .slice(-count)
        .reverse()
        .map((key) => this.#read(key)),
    );
  }

  /** Null before the first; the list starts after the one that is known. */
  async newest(model: string): Promise<TickReport | null> {
    const known = this.#newest.get(model);
    let newest = known;
    for await (const key of this.#store.list(folderOf(model), known === undefined ? {} : { after: known }))
      newest = key;
    if (newest === undefined) return null;
    this.#newest.set(model, newest);
    return await this.#read(newest);
  }

  async #read(key: string): Promise<TickReport> {
    const report = this.#reports.get(key) ?? (await readTick(this.#store, key));
    this.#reports.delete(key);
    this.#reports.set(key, report);
    const [oldest] = this.#reports.keys();
    if (this.#reports.size > MOST && oldest !== undefined) this.#reports.delete(oldest);
    return report;
  }
}

const folderOf = (model: string) => `${dirname(tickKey(model, '-'))}/`;
