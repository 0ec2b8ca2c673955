/** The versions of one model on this node, kept as the ledger's routing wants them. A swap never leaves a gap. */

import { HoneError } from '../errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ArmFailed } from './errors.ts';
import { Evidence } from './evidence.ts';
import type { RouteTable } from './route.ts';
import { type SlotOptions, VersionSlot } from './version-slot.ts';

interface Failure {
  readonly reason: string;
  readonly tryAgainAt: number;
}
const RETRY_MS = 5000;
const EVIDENCE_KEPT = 20;

/** What requests follow now: a table, and the slots that were there when it was taken up. */
export interface Followed {
  readonly table: RouteTable;
  readonly slots: ReadonlyMap<number, VersionSlot>;
}

export class VersionFleet {
  readonly #model: string;
  readonly #options: SlotOptions;
  readonly #logger: Logger;
  readonly #slots = new Map<number, VersionSlot>();
  readonly #evidence = new Map<number, Evidence>();
  readonly #failures = new Map<number, Failure>();
  #wanted: RouteTable | undefined;
  #followed: Followed | undefined;
  #working: Promise<void> | undefined;
  #refreshing: Promise<void> | undefined;
  #closed = false;

  constructor(model: string, options: SlotOptions, logger: Logger) {
    this.#model = model;
    this.#options = options;
    this.#logger = logger;
  }

  /** Undefined until a champion (or a first candidate) can answer. */
  get followed(): Followed | undefined {
    return this.#followed;
  }

  get loaded(): number[] {
    return [...this.#slots.keys()].sort((a, b) => a - b);
  }

  get failed(): { version: number; reason: string }[] {
    return [...this.#failures].map(([version, { reason }]) => ({ version, reason }));
  }

  /** Counted from boot on, also for a version that failed to load or went and came back. */
  evidence(version: number): Evidence {
    const known = this.#evidence.get(version) ?? new Evidence();
    this.#evidence.set(version, known);
    for (const oldest of this.#evidence.keys()) {
      if (this.#evidence.size <= EVIDENCE_KEPT) break;
      if (!this.#slots.has(oldest)) this.#evidence.delete(oldest);
    }
    return known;
  }

  slot(version: number): VersionSlot | undefined {
    return this.#slots.get(version);
  }

  get allEvidence(): ReadonlyMap<number, Evidence> {
    return this.#evidence;
  }

  hasFailed(version: number): boolean {
    return this.#failures.has(version);
  }

  /** Follows the newest table and everything that it wants is loaded, or has failed for good. */
  get settled(): boolean {
    const { table } = this.#followed ?? {};
    if (!table || !this.#wanted || !sameTable(table, this.#wanted)) return false;
    return table.load.every((version) => this.#slots.has(version) || this.#failures.has(version));
  }

  /** Takes a new desire; the work goes on in the background. Called at every poll: also tries again what failed. */
  want(table: RouteTable): void {
    const fresh = this.#wanted !== undefined && table.generation !== this.#wanted.generation;
    this.#wanted = table;
    // What failed for good may have been mended: a new generation is a new chance.
    if (fresh)
      for (const [version, { reason }] of this.#failures) this.#failures.set(version, { reason, tryAgainAt: 0 });
    if (this.#working || this.#closed || (this.settled && !this.#retryDue())) return;
    this.#working = this.#work()
      .catch((error: unknown) => this.#logger.error({ err: error, model: this.#model }, 'loading versions failed'))
      .finally(() => {
        this.#working = undefined;
      });
  }

  /** Looks for newer joins and windows in the background. What cannot be had leaves the older ones, and is said. */
  refreshLookups(): void {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#working;
    await this.#refreshing;
    await Promise.all([...this.#slots.values()].map((slot) => slot.close()));
    this.#slots.clear();
  }

  async #refresh(): Promise<void> {
    for (const [version, slot] of this.#slots) {
      await slot.refreshLookups().catch((error: unknown) => {
        this.#logger.warn({ err: error, model: this.#model, version }, 'newer lookups cannot be taken; the older stay');
      });
    }
  }

  /** Champion first, so that a rollback waits for nothing else; then the rest; then what nobody wants goes. */
  async #work(): Promise<void> {
    let table: RouteTable;
    do {
      table = this.#wanted!;
      if (table.champion === null) this.#follow(table);
      else if (await this.#ready(table.champion, table)) this.#follow(table);
      for (const version of table.load) {
        if (this.#closed || !sameTable(this.#wanted!, table)) break;
        if (version !== table.champion && (await this.#ready(version, table))) this.#follow(table);
      }
    } while (!this.#closed && !sameTable(this.#wanted!, table));
    this.#retire();
  }

  async #ready(version: number, table: RouteTable): Promise<boolean> {
    const failure = this.#failures.get(version);
    if (failure && performance.now() < failure.tryAgainAt) return false;
    try {
      const known = this.#slots.get(version);
      const slot = known ?? (await VersionSlot.open(this.#model, version, this.evidence(version), this.#options));
      const isolated = version === table.shadow || table.canaries.some((arm) => arm.version === version);
      try {
        if (isolated && version !== table.champion) await slot.isolate();
        else await slot.bringIn();
      } catch (error) {
        if (known === undefined) await slot.close();
        throw error;
      }
      this.#slots.set(version, slot); // only now can it score
      this.#failures.delete(version);
      return true;
    } catch (error) {
      this.#fail(version, error);
      return false;
    }
  }

  #fail(version: number, error: unknown): void {
    const reason = error instanceof ArmFailed ? error.problem : error instanceof Error ? error.message : String(error);
    // what a version said itself at loading stays true; a crash or a hang may have been the machine's
    const retryable =
      error instanceof ArmFailed ? error.kind !== 'error' : error instanceof HoneError && error.retryable;
    if (this.#failures.get(version)?.reason !== reason) {
      this.#logger.error({ err: error, model: this.#model, version }, 'a version cannot be loaded');
    }
    this.#failures.set(version, {
      reason,
      tryAgainAt: retryable ? performance.now() + RETRY_MS : Number.POSITIVE_INFINITY,
    });
  }

  #retryDue(): boolean {
    return [...this.#failures.values()].some(({ tryAgainAt }) => performance.now() >= tryAgainAt);
  }

  /** Taken up only when it can answer: until then requests follow the table before. */
  #follow(table: RouteTable): void {
    const before = this.#followed?.table.generation;
    const able =
      table.champion === null ? table.load.length === 0 || this.#hasCandidate(table) : this.#slots.has(table.champion);
    if (!able) return;
    this.#followed = { table, slots: new Map([...this.#slots].filter(([version]) => table.load.includes(version))) };
    if (before !== table.generation) {
      for (const evidence of this.#evidence.values()) evidence.routingChanged();
      this.#logger.info(
        { model: this.#model, generation: table.generation, champion: table.champion },
        'routing followed',
      );
    }
  }

  #hasCandidate(table: RouteTable): boolean {
    return table.canaries.some(({ version }) => this.#slots.has(version));
  }

  /** Only once the newest table is followed: until then the old champion is still at work. */
  #retire(): void {
    const table = this.#followed?.table;
    if (!table || !this.#wanted || !sameTable(table, this.#wanted)) return;
    for (const [version, slot] of this.#slots) {
      if (table.load.includes(version)) continue;
      this.#slots.delete(version);
      void slot
        .close()
        .catch((error: unknown) => this.#logger.warn({ err: error, version }, 'a version did not close'));
    }
    for (const version of this.#failures.keys()) if (!table.load.includes(version)) this.#failures.delete(version);
  }
}

/** The generation grows with every change of routing, but an alias such as `shadow` may change without it. */
function sameTable(a: RouteTable, b: RouteTable): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
