/** One version on this node: verified in a process of its own, then scored there (canary, shadow) or in this process. */
import { FeatureRowsInvalid } from '../data/features/errors.ts';
import { type LogPolicy, logPolicy } from '../monitoring/log/log-policy.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { Arm } from './arm.ts';
import type { ServedScores } from './arm-messages.ts';
import { Coalescer } from './coalesce.ts';
import type { RawRow } from './contract.ts';
import { ArmFailed } from './errors.ts';
import type { Evidence } from './evidence.ts';
import { type ActedFault, LoadedVersion, type Scored } from './loaded-version.ts';
import { ProvenVersions } from './proven.ts';
import { fetchVersion, newerLookups, type ScoreSource, type VersionFiles } from './version-files.ts';

/** Calls of more rows are not timed as evidence: their size, not the version, would decide. */
const TIMED_ROWS = 16;
/** Requests that wait are scored together up to this many rows. */
const MERGED_ROWS = 512;

export interface SlotOptions {
  readonly store: ObjectStore;
  readonly cacheDir: string;
  readonly armTimeoutMs: number;
  readonly logHashKey: string;
}

interface Call {
  readonly rows: readonly RawRow[];
  readonly fault: ActedFault | undefined;
}
type Outcome = Scored | FeatureRowsInvalid;

export class VersionSlot {
  readonly version: number;
  readonly evidence: Evidence;
  #files: VersionFiles;
  readonly #options: SlotOptions;
  readonly policy: LogPolicy;
  #arm: Arm | undefined;
  #local: LoadedVersion | undefined;
  #refusedLookups: string | null = null;
  #holders = 0;
  #idle: (() => void)[] = [];
  #running: Promise<unknown> = Promise.resolve();
  readonly #queue = new Coalescer<Call, Outcome>((calls) => this.#scoreTogether(calls), {
    weigh: ({ rows }) => rows.length,
    limit: MERGED_ROWS,
    alone: ({ fault }) => fault !== undefined,
  });

  private constructor(files: VersionFiles, evidence: Evidence, options: SlotOptions) {
    this.evidence = evidence;
    this.#files = files;
    this.#options = options;
    this.version = files.source.version;
    const { definition, entity } = files.source.served;
    this.policy = logPolicy(files.log, { ...definition, entity }, options.logHashKey);
  }

  /** Fetches a version and proves it in a process of its own, where a crash or a hang hurts nobody; once a machine. */
  static async open(model: string, version: number, evidence: Evidence, options: SlotOptions): Promise<VersionSlot> {
    const files = await fetchVersion(options.store, model, version, options.cacheDir);
    const slot = new VersionSlot(files, evidence, options);
    const proven = new ProvenVersions(options.store, options.cacheDir);
    if (await proven.has(slot.source)) return slot;
    slot.#arm = await Arm.start(slot.source, options.armTimeoutMs);
    await proven.add(slot.source);
    return slot;
  }

  get source(): VersionFiles['source'] {
    return this.#files.source;
  }

  get positive(): VersionFiles['positive'] {
    return this.#files.positive;
  }

  get armPid(): number | undefined {
    return this.#arm?.pid;
  }

  /** Scores in this process from now on; the other process is closed after the call that it has. */
  async bringIn(): Promise<void> {
    this.#local ??= await this.#withNewest((source) => LoadedVersion.load(source));
    const arm = this.#arm;
    this.#arm = undefined;
    if (arm) void this.#running.finally(() => arm.close());
  }

  /** Scores in a process of its own from now on. */
  async isolate(): Promise<void> {
    this.#arm ??= await this.#withNewest((source) => Arm.start(source, this.#options.armTimeoutMs));
    const local = this.#local;
    this.#local = undefined;
    if (local) void this.#running.finally(() => local.release());
  }

  /** @throws ArmFailed, FeatureRowsInvalid (with indexes into `rows`), or whatever the version itself throws in this process */
  async score(rows: readonly RawRow[], fault?: ActedFault): Promise<Scored> {
    const outcome = await this.#queue.submit({ rows, fault });
    if (outcome instanceof FeatureRowsInvalid) throw outcome;
    return outcome;
  }

  /** A request that may still need this version holds it; `close` waits for all holders. */
  hold(): void {
    this.#holders += 1;
  }

  letGo(): void {
    this.#holders -= 1;
    if (this.#holders === 0) for (const idle of this.#idle.splice(0)) idle();
  }

  /** Compares served predictions with those of a fresh copy, off the request path. Does nothing for a version in this process. */
  async recheck(rows: readonly RawRow[], served: ServedScores): Promise<void> {
    if (!this.#arm) return;
    const found = await this.#arm.recheck(rows, served);
    if (found !== null) this.evidence.checked(rows.length, found);
  }

  /** Looks once for newer joins and windows, and takes them between two calls. */
  async refreshLookups(): Promise<void> {
    const { store, cacheDir } = this.#options;
    const newer = await newerLookups(store, this.#files.source, cacheDir);
    if (!newer || newer.key === this.#refusedLookups) return;
    try {
      await Promise.all([this.#local?.useLookups(newer), this.#arm?.useLookups(newer)]);
    } catch (error) {
      this.#refusedLookups = newer.key; // said once, not at every look
      throw error;
    }
    this.#files = { ...this.#files, source: { ...this.#files.source, lookups: newer } };
  }

  async close(): Promise<void> {
    if (this.#holders > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await this.#arm?.close();
    await this.#local?.release();
  }

  /** Lookups that came while a scorer was being loaded would be missed by it. */
  async #withNewest<S extends LoadedVersion | Arm>(load: (source: ScoreSource) => Promise<S>): Promise<S> {
    const { source } = this.#files;
    const scorer = await load(source);
    const { lookups } = this.#files.source;
    if (lookups !== null && lookups !== source.lookups) await scorer.useLookups(lookups);
    return scorer;
  }

  /** A bad row fails its own request only: that one is asked alone, for its own message, and the others together again. */
  async #scoreTogether(calls: readonly Call[]): Promise<Outcome[]> {
    const [first] = calls;
    if (first === undefined) return [];
    if (calls.length === 1) return [await this.#attempt(first)];
    const merged = await this.#attempt({ rows: calls.flatMap(({ rows }) => rows), fault: undefined });
    if (!(merged instanceof FeatureRowsInvalid)) return split(merged, calls);
    const bad = blamed(merged, calls);
    const good = calls.filter((call) => !bad.has(call));
    const outcomes = new Map<Call, Outcome>();
    const scored = await this.#scoreTogether(good);
    good.forEach((call, i) => {
      const outcome = scored[i];
      if (outcome) outcomes.set(call, outcome);
    });
    for (const call of bad) outcomes.set(call, await this.#attempt(call));
    return calls.flatMap((call) => outcomes.get(call) ?? []);
  }

  async #attempt({ rows, fault }: Call): Promise<Outcome> {
    try {
      const scored = await this.#scoreNow(rows, fault);
      if (rows.length <= TIMED_ROWS) this.evidence.took(scored.ms);
      return scored;
    } catch (error) {
      if (error instanceof FeatureRowsInvalid) return error;
      throw error;
    }
  }

  #scoreNow(rows: readonly RawRow[], fault: ActedFault | undefined): Promise<Scored> {
    const scorer = this.#local ?? this.#arm;
    if (!scorer) throw new ArmFailed(this.version, 'error', 'it is not loaded');
    const call = scorer.score(rows, fault);
    this.#running = call.catch(() => {});
    return call;
  }
}

/** The calls that hold a row with a problem; all of them where the error names none. */
function blamed(error: FeatureRowsInvalid, calls: readonly Call[]): Set<Call> {
  const owners = calls.flatMap((call) => call.rows.map(() => call));
  const bad = error.problems.map(({ row }) => owners[row]).filter((call) => call !== undefined);
  return new Set(bad.length > 0 ? bad : calls);
}

function split(merged: Scored, calls: readonly Call[]): Scored[] {
  const rows = calls.reduce((total, call) => total + call.rows.length, 0);
  const width = merged.predictions.length / rows;
  const features = merged.numeric.length / rows;
  let start = 0;
  return calls.map((call) => {
    const end = start + call.rows.length;
    const part = {
      predictions: merged.predictions.slice(start * width, end * width),
      numeric: merged.numeric.slice(start * features, end * features),
      categorical: merged.categorical.map((column) => column.slice(start, end)),
      lookupAsOf: merged.lookupAsOf,
      ms: merged.ms,
    };
    start = end;
    return part;
  });
}
