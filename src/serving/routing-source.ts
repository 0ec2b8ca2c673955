/** Where a node learns what to serve: the ledger; at a start while the store is away, what it served last. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { versionNumber } from '../registry/contract.ts';
import { type Ledger, openLedger } from '../registry/ledger.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type RouteTable, routeTable } from './route.ts';
import { servedFolder, writeAside } from './version-files.ts';

const remembered = z.strictObject({
  model: z.string(),
  generation: z.number().int(),
  champion: versionNumber.nullable(),
  canaries: z.array(z.strictObject({ version: versionNumber, share: z.number(), lease: z.string() })),
  shadow: versionNumber.nullable(),
  load: z.array(versionNumber),
});

export class RoutingSource {
  readonly #ledger: Ledger;
  readonly #path: string;
  readonly #logger: Logger;
  #last: RouteTable | undefined;

  constructor(store: ObjectStore, model: string, cacheDir: string, logger: Logger) {
    this.#ledger = openLedger(store, model);
    this.#path = join(servedFolder(store, model, cacheDir), 'routing.json');
    this.#logger = logger;
  }

  /**
   * One look, which costs one read of a key that is usually not there. Without an answer from the store, what was known
   * before stays right: predictions go on.
   *
   * @throws what the store threw, where nothing was ever known
   */
  async read(): Promise<RouteTable> {
    try {
      const table = routeTable(this.#ledger.model, await this.#ledger.state());
      if (table.generation !== this.#last?.generation) await this.#remember(table);
      this.#last = table;
    } catch (error) {
      this.#last ??= await this.#remembered();
      if (!this.#last) throw error;
      this.#logger.warn(
        { err: error, model: this.#ledger.model },
        'the ledger cannot be read; what is served stays served',
      );
    }
    return this.#last;
  }

  /** For a start without the store. A full disk must not keep this node from following, least of all a rollback. */
  async #remember(table: RouteTable): Promise<void> {
    await writeAside(this.#path, JSON.stringify(table)).catch((error: unknown) => {
      this.#logger.error({ err: error, model: table.model }, 'what is to be served could not be kept on this disk');
    });
  }

  async #remembered(): Promise<RouteTable | undefined> {
    const text = await readFile(this.#path, 'utf8').catch(() => undefined);
    return text === undefined ? undefined : remembered.parse(JSON.parse(text));
  }
}
