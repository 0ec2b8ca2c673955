/** Leases keep a canary arm alive: whoever watches the rollout renews; nodes judge on their own monotonic clock. */
import { randomUUID } from 'node:crypto';
import { parseJson } from '../json.ts';
import { sha256Of } from '../store/content.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { lease } from './contract.ts';

/**
 * Renews a lease (`models/<model>/leases/<name>.json`). Renew it before the first share is routed and then several
 * times within `ttlMs`: a node that saw no change for `ttlMs` sends the arm's traffic to the champion.
 */
export async function renewLease(store: ObjectStore, key: string, ttlMs: number): Promise<void> {
  const body = lease.parse({ ttl_ms: ttlMs, renewal: randomUUID() });
  await store.put(key, Buffer.from(JSON.stringify(body)));
}

/** Gives a lease up at once: nodes see it at their next poll. */
export async function endLease(store: ObjectStore, key: string): Promise<void> {
  await store.remove(key);
}

interface Seen {
  content: string;
  ttlMs: number;
  at: number;
}

/** What one node knows of the leases it follows. */
export class LeaseWatch {
  readonly #store: ObjectStore;
  readonly #now: () => number;
  readonly #seen = new Map<string, Seen>();

  /** @param now milliseconds of a monotonic clock; its zero means nothing */
  constructor(store: ObjectStore, now: () => number = () => performance.now()) {
    this.#store = store;
    this.#now = now;
  }

  /** Looks at the leases once. A store that does not answer is no change: the leases then run out. */
  async look(keys: readonly string[]): Promise<void> {
    for (const known of this.#seen.keys()) if (!keys.includes(known)) this.#seen.delete(known);
    await Promise.all(keys.map((key) => this.#lookAt(key)));
  }

  /** False for a lease never seen, ended, unreadable, or unchanged for its time to live. */
  alive(key: string): boolean {
    const seen = this.#seen.get(key);
    return seen !== undefined && this.#now() - seen.at <= seen.ttlMs;
  }

  async #lookAt(key: string): Promise<void> {
    const before = this.#now(); // a slow answer must not lengthen the lease
    let body: Uint8Array | undefined;
    try {
      body = await this.#store.find(key);
    } catch {
      return;
    }
    if (body === undefined) {
      this.#seen.delete(key);
      return;
    }
    const content = sha256Of(body);
    if (this.#seen.get(key)?.content === content) return;
    const parsed = lease.safeParse(parseJson(body));
    if (parsed.success) this.#seen.set(key, { content, ttlMs: parsed.data.ttl_ms, at: before });
    else this.#seen.delete(key);
  }
}
