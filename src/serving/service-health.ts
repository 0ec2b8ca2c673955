/** How the server itself does, over its last five minutes: requests, errors, latency, CPU and memory. Not the model's health. */
import { availableParallelism } from 'node:os';
import type { ServiceReading } from './contract.ts';

const WINDOW_S = 300;
const SLOT_S = 10;
/** Latencies are counted in bins that grow by a tenth, so that a percentile is right to 5 %. */
const GROWTH = Math.log(1.1);

interface Slot {
  /** Number of the slot since the clock's beginning. */
  readonly nth: number;
  readonly cpuBefore: number;
  requests: number;
  errors: number;
  refused: number;
  readonly latency: Map<number, number>;
}

export class ServiceHealth {
  readonly #now: () => number;
  readonly #cpu: () => number;
  readonly #startedAt: number;
  #slots: Slot[] = [];

  /** @param now milliseconds of a monotonic clock @param cpu milliseconds of CPU that the process has used */
  constructor(now = () => performance.now(), cpu = ownCpuMs) {
    this.#now = now;
    this.#cpu = cpu;
    this.#startedAt = now();
    this.#slot();
  }

  /** One answered request of a model: 5xx is an error of the server, 4xx a refusal; `early`: nothing was deployed yet. */
  request(status: number | 'early', ms: number): void {
    const slot = this.#slot();
    slot.requests += 1;
    if (status === 'early') slot.refused += 1;
    else if (status >= 500) slot.errors += 1;
    else if (status >= 400) slot.refused += 1;
    const bin = Math.ceil(Math.log(Math.max(ms, 0.001)) / GROWTH);
    slot.latency.set(bin, (slot.latency.get(bin) ?? 0) + 1);
  }

  reading(): ServiceReading {
    this.#slot();
    const slots = this.#slots;
    const sum = (field: 'requests' | 'errors' | 'refused'): number =>
      slots.reduce((total, slot) => total + slot[field], 0);
    const [oldest] = slots;
    const since = Math.max(this.#startedAt, (oldest?.nth ?? 0) * SLOT_S * 1000);
    const elapsed = Math.max(1, this.#now() - since);
    const latency = new Map<number, number>();
    for (const slot of slots)
      for (const [bin, count] of slot.latency) latency.set(bin, (latency.get(bin) ?? 0) + count);
    return {
      window_s: Math.round(elapsed / 1000),
      requests: sum('requests'),
      errors: sum('errors'),
      refused: sum('refused'),
      p50_ms: percentile(latency, 0.5),
      p99_ms: percentile(latency, 0.99),
      cpu_share: Math.max(0, this.#cpu() - (oldest?.cpuBefore ?? 0)) / elapsed / availableParallelism(),
      memory_mb: process.memoryUsage.rss() / 1024 / 1024,
    };
  }

  #slot(): Slot {
    const nth = Math.floor(this.#now() / 1000 / SLOT_S);
    const newest = this.#slots.at(-1);
    if (newest?.nth === nth) return newest;
    const slot: Slot = { nth, cpuBefore: this.#cpu(), requests: 0, errors: 0, refused: 0, latency: new Map() };
    this.#slots = [...this.#slots.filter((one) => one.nth > nth - WINDOW_S / SLOT_S), slot];
    return slot;
  }
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The middle of the bin in which the share is reached; null where nothing was counted. */
function percentile(bins: ReadonlyMap<number, number>, share: number): number | null {
  const total = [...bins.values()].reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [bin, count] of [...bins].sort(([a], [b]) => a - b)) {
    seen += count;
    if (seen >= share * total) return Math.exp((bin - 0.5) * GROWTH);
  }
  return null;
}
