/** A DuckDB that stays open between short pieces of work: opening and closing one takes longer than writing a second of predictions. */
import { type Connection, type EngineOptions, withDuckDb } from '../../data/engine.ts';

/** Opened with the first use; after so long without any, or after a failure, closed until the next. */
const IDLE_MS = 10_000;

export class KeptEngine {
  readonly #options: EngineOptions;
  #opened: Promise<Connection> | undefined;
  #closed: Promise<void> = Promise.resolve();
  #release: () => void = () => {};
  #idle: NodeJS.Timeout | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** One piece of work at a time. @throws what opening throws; errors of the engine itself as DuckDB words them */
  async use<T>(work: (db: Connection) => Promise<T>): Promise<T> {
    clearTimeout(this.#idle);
    this.#opened ??= this.#open();
    try {
      const result = await work(await this.#opened);
      this.#idle = setTimeout(() => void this.close(), IDLE_MS).unref();
      return result;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    this.#opened = undefined;
    this.#release();
    await this.#closed;
  }

  #open(): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const held = new Promise<void>((release) => {
        this.#release = release;
      });
      this.#closed = withDuckDb(this.#options, (db) => {
        resolve(db);
        return held;
      }).catch(reject);
    });
  }
}
