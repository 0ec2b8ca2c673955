/** One model on one node: follows the ledger, answers requests, logs what it answered, and counts the evidence. */
import type { LabelScale } from '../monitoring/labels/label-scale.ts';
import type { LoggedCall } from '../monitoring/log/log-record.ts';
import type { LogWriter } from '../monitoring/log/log-writer.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Answered, answerRows } from './answer.ts';
import type { LoggedArm, NodeModel, Prediction, RawRow } from './contract.ts';
import { InferenceIdReused, NoChampion, NodeBusy } from './errors.ts';
import { LeaseWatch } from './lease.ts';
import type { ServingMetrics } from './metrics.ts';
import { inputMetadata, outputMetadata } from './open-inference.ts';
import type { TensorMetadata } from './open-inference-contract.ts';
import { predictionOf, scoresOf } from './prediction-of.ts';
import { RepeatMemory } from './repeat-memory.ts';
import { type AskedRow, readRow, unknownFields } from './request-rows.ts';
import { RoutingSource } from './routing-source.ts';
import { ScoreCheck } from './score-check.ts';
import { type Copied, Shadow, scoreAsShadow } from './shadow.ts';
import type { StagedFaults } from './staged-faults.ts';
import { type Followed, VersionFleet } from './version-fleet.ts';
import type { SlotOptions, VersionSlot } from './version-slot.ts';

export interface ModelServiceOptions extends SlotOptions {
  readonly store: ObjectStore;
  readonly log: LogWriter;
  readonly logger: Logger;
  readonly metrics: ServingMetrics;
  readonly staged: StagedFaults | undefined;
  /** Rows that may be under way at once, beside the first request; what is beyond is refused at once. */
  readonly maxWaitingRows: number;
}

interface Deferred {
  readonly row: AskedRow;
  readonly resolve: (answer: Prediction) => void;
  readonly reject: (error: unknown) => void;
}

export class ModelService {
  readonly model: string;
  readonly #options: ModelServiceOptions;
  readonly #routing: RoutingSource;
  readonly #leases: LeaseWatch;
  readonly #alive = ({ lease }: { readonly lease: string }): boolean => this.#leases.alive(lease);
  readonly #fleet: VersionFleet;
  readonly #memory = new RepeatMemory<Prediction>();
  readonly #shadow: Shadow;
  readonly #check: ScoreCheck;
  #waitingRows = 0;

  constructor(model: string, options: ModelServiceOptions) {
    const { store, cacheDir, logger } = options;
    this.model = model;
    this.#options = options;
    this.#routing = new RoutingSource(store, model, cacheDir, logger);
    this.#leases = new LeaseWatch(store);
    this.#fleet = new VersionFleet(model, options, logger);
    this.#shadow = new Shadow((copied) => this.#scoreShadow(copied));
    this.#check = new ScoreCheck((error) =>
      logger.warn({ err: error, model }, 'a sample of scores could not be recomputed'),
    );
  }

  /** Looks at ledger and leases once. A store that does not answer changes nothing: predictions go on. */
  async poll(): Promise<void> {
    const table = await this.#routing.read();
    this.#fleet.want(table);
    const leases = [...table.canaries, ...(this.#fleet.followed?.table.canaries ?? [])].map(({ lease }) => lease);
    await this.#leases.look([...new Set(leases)]);
    this.#fleet.refreshLookups();
  }

  /**
   * Answers in the order of the rows. A row that was answered a short while ago gets the same answer, and no second log line.
   *
   * @throws RequestRefused, InferenceIdReused, NoChampion, NodeBusy, PredictionFailed
   */
  async predict(raw: readonly RawRow[]): Promise<Prediction[]> {
    const { maxWaitingRows } = this.#options;
    if (this.#waitingRows > 0 && this.#waitingRows + raw.length > maxWaitingRows)
      throw new NodeBusy(this.model, this.#waitingRows, maxWaitingRows);
    this.#waitingRows += raw.length;
    try {
      return await this.#predict(raw);
    } finally {
      this.#waitingRows -= raw.length;
    }
  }

  async #predict(raw: readonly RawRow[]): Promise<Prediction[]> {
    const followed = this.#followed();
    const { served } = this.#slotForReading(followed).source;
    const receivedAt = Date.now();
    const rows = raw.map((row, i) => readRow(row, i, served, receivedAt));
    this.#options.metrics.droppedFields(
      this.model,
      rows.reduce((total, row) => total + unknownFields(row.raw, served), 0),
    );
    this.#refuseReusedIds(rows);
    const fresh: Deferred[] = [];
    const answers = rows.map((row) => {
      const earlier = this.#memory.recall(row.inferenceId, row.digest);
      if (earlier !== undefined && earlier !== 'other') return earlier;
      const answer = new Promise<Prediction>((resolve, reject) => fresh.push({ row, resolve, reject }));
      this.#memory.keep(row.inferenceId, row.digest, answer);
      return answer;
    });
    if (fresh.length > 0) void this.#answer(fresh, followed);
    return Promise.all(answers);
  }

  /** The value that counts as 1, and the classes, for labels as they are sent. */
  labelling(): LabelScale {
    const { source, positive } = this.#slotForReading(this.#followed());
    return { task: source.signature.task, positive, classes: source.signature.classes ?? [] };
  }

  /** What the champion takes and gives, as tensors. @throws NoChampion */
  tensors(): { inputs: TensorMetadata[]; outputs: TensorMetadata[] } {
    const { signature, served } = this.#slotForReading(this.#followed()).source;
    const hidden = new Set(served.definition.hidden);
    const columns = Object.entries(served.raw_types).filter(([name]) => !hidden.has(name));
    const { task, classes } = signature;
    const decides = task === 'multiclass' ? 'BYTES' : task === 'binary' && served.threshold !== null ? 'INT64' : null;
    const width = task === 'multiclass' ? (classes?.length ?? null) : null;
    return { inputs: inputMetadata(Object.fromEntries(columns)), outputs: outputMetadata(width, decides) };
  }

  /** Rows that are being answered. */
  get waitingRows(): number {
    return this.#waitingRows;
  }

  /** Something can answer. */
  get answering(): boolean {
    return this.#fleet.followed !== undefined && this.#fleet.followed.slots.size > 0;
  }

  /** Everything that routing wants is in place, or nothing is wanted yet. */
  get settled(): boolean {
    return this.#fleet.settled;
  }

  status(): NodeModel {
    const followed = this.#fleet.followed;
    const arms = [...this.#fleet.allEvidence].map(([version, evidence]) => [String(version), evidence.snapshot()]);
    const lapsed = (followed?.table.canaries ?? []).filter(({ lease }) => !this.#leases.alive(lease));
    return {
      generation: followed?.table.generation ?? 0,
      loaded: this.#fleet.loaded,
      failed: this.#fleet.failed,
      ready: this.settled && this.answering,
      champion: followed?.table.champion ?? null,
      lapsed: lapsed.map(({ version }) => version),
      arms: Object.fromEntries(arms),
    };
  }

  /** Process ids of isolated versions: for tests and people. */
  armPids(): Record<string, number> {
    const pids: Record<string, number> = {};
    for (const version of this.#fleet.loaded) {
      const pid = this.#fleet.slot(version)?.armPid;
      if (pid !== undefined) pids[version] = pid;
    }
    return pids;
  }

  async close(): Promise<void> {
    this.#check.close();
    await this.#fleet.close();
  }

  #followed(): Followed {
    const followed = this.#fleet.followed;
    if (followed) return followed;
    const [failure] = this.#fleet.failed;
    throw new NoChampion(
      this.model,
      failure
        ? `version ${failure.version} cannot be loaded (${failure.reason})`
        : 'it is still loading, or none was promoted yet',
      failure === undefined,
    );
  }

  #slotForReading({ table, slots }: Followed): VersionSlot {
    const slot = table.champion === null ? [...slots.values()][0] : slots.get(table.champion);
    if (!slot) throw new NoChampion(this.model, 'none was promoted yet', true);
    return slot;
  }

  /** Before anything is scored: a refused request leaves no trace. */
  #refuseReusedIds(rows: readonly AskedRow[]): void {
    const here = new Map<string, string>();
    for (const { inferenceId, digest, path } of rows) {
      const other =
        (here.get(inferenceId) ?? digest) !== digest || this.#memory.recall(inferenceId, digest) === 'other';
      if (other) throw new InferenceIdReused(inferenceId, `${path}.inference_id`);
      here.set(inferenceId, digest);
    }
  }

  async #answer(fresh: readonly Deferred[], followed: Followed): Promise<void> {
    const { staged, metrics } = this.#options;
    const slots = [...followed.slots.values()];
    for (const slot of slots) slot.hold();
    try {
      const rows = fresh.map(({ row }) => row);
      const answered = await answerRows(rows, {
        model: this.model,
        followed,
        fleet: this.#fleet,
        alive: this.#alive,
        staged,
      });
      const byRow = new Map<AskedRow, Prediction>();
      for (const part of answered) {
        part.rows.forEach((row, i) => {
          byRow.set(row, predictionOf(part, row, i));
        });
        metrics.answered(this.model, part.slot.version, part.arm, part.rows.length);
        this.#log(part, part.arm, followed);
        if (part.arm === 'canary') this.#checkScores(part);
      }
      for (const { row, resolve } of fresh) resolve(byRow.get(row)!);
      const shadow = followed.table.shadow === null ? undefined : followed.slots.get(followed.table.shadow);
      if (shadow) this.#shadow.offer({ slot: shadow, rows, answers: rows.map((row) => byRow.get(row)!) });
    } catch (error) {
      for (const { reject } of fresh) reject(error);
    } finally {
      for (const slot of slots) slot.letGo();
    }
  }

  async #scoreShadow(copied: Copied): Promise<void> {
    const followed = this.#fleet.followed;
    const { slot, rows } = copied;
    // What still waits when it becomes a canary would count among the requests that it answers.
    if (followed?.table.shadow !== slot.version) return slot.evidence.shadowDropped(rows.length);
    const part = await scoreAsShadow(copied, { model: this.model, staged: this.#options.staged });
    if (part === null) return;
    if (!part.staged) this.#checkScores(part);
    this.#log(part, 'shadow', followed);
  }

  #checkScores({ slot, rows, scored }: Omit<Answered, 'arm'>): void {
    this.#check.offer(
      slot,
      rows.map(({ raw }) => raw),
      scored,
    );
  }

  #log(part: Omit<Answered, 'arm'>, arm: LoggedArm, followed: Followed): void {
    const { slot, rows, scored, staged } = part;
    // Without this look every row would be made ready for a log that takes none.
    if (slot.policy.sample(arm) <= 0) {
      this.#options.log.leaveOut(rows.length);
      return;
    }
    const call: LoggedCall = {
      model: this.model,
      version: slot.version,
      arm,
      generation: followed.table.generation,
      threshold: slot.source.served.threshold,
      policy: slot.policy,
      loggedAt: Date.now(),
      latencyMs: scored.ms,
      numeric: scored.numeric,
      categorical: scored.categorical,
      lookupAsOf: scored.lookupAsOf,
      rows: rows.map((row, i) => ({ ...row, ...scoresOf(part, i), staged })),
    };
    this.#options.log.add(call);
  }
}
