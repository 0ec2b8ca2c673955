/** Takes predictions off the request path, and writes them out in the background: bounded, never failing a prediction. */
import { setImmediate as othersFirst } from 'node:timers/promises';
import type { ObjectStore } from '../../store/object-store.ts';
import { KeptEngine } from './kept-engine.ts';
import { LogLines, type WaitingCall, waitingCall } from './log-lines.ts';
import { extraColumns, type LoggedCall } from './log-record.ts';
import { WRITING, writePartitions } from './partitions.ts';
import { predictionRecord } from './records.ts';

export interface LogWriterOptions {
  readonly store: ObjectStore;
  readonly node: string;
  readonly tempDir: string;
  readonly flushMs?: number;
  readonly flushRows?: number;
  /** Rows that may wait while the store does not take them; beyond it the oldest go. The newest call is always taken. */
  readonly maxRows?: number;
  readonly onError: (error: unknown) => void;
}

/** Rows that are made text at a time, half a millisecond; then requests have their turn. */
const ROWS_A_TURN = 50;
/** What is written at once: a write costs as much as the text of ten rows. */
const CALLS_A_CHUNK = 1000;

interface Batch {
  readonly calls: readonly WaitingCall[];
  readonly rows: number;
  readonly writtenAt: number;
}

export class LogWriter {
  readonly counts = { written: 0, dropped: 0, sampledOut: 0, failedWrites: 0 };
  readonly #options: Required<LogWriterOptions>;
  readonly #engine: KeptEngine;
  readonly #lines: LogLines;
  #waiting: WaitingCall[] = [];
  #waitingRows = 0;
  /** Calls that are not text yet; some may have been dropped meanwhile. */
  #fresh: WaitingCall[] = [];
  #making = false;
  /** Being written, or refused by the store: tried again unchanged, so that what was stored already is found again. */
  #batch: Batch | undefined;
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LogWriterOptions) {
    this.#options = { flushMs: 1000, flushRows: 5000, maxRows: 100_000, ...options };
    this.#lines = new LogLines(options.node);
    this.#engine = new KeptEngine({ ...WRITING, tempDir: options.tempDir });
  }

  /** Rows that are not durable yet. */
  get waitingRows(): number {
    return this.#waitingRows + (this.#batch?.rows ?? 0);
  }

  add(call: LoggedCall): void {
    if (call.policy.sample(call.arm) <= 0) {
      this.leaveOut(call.rows.length);
      return;
    }
    const waiting = waitingCall(call);
    this.#waiting.push(waiting);
    this.#waitingRows += waiting.rows;
    this.#fresh.push(waiting);
    if (!this.#making) this.#makeLater();
    this.#dropOldest();
    if (this.#waitingRows >= this.#options.flushRows && !this.#batch) this.#flushInBackground();
    else this.#timer ??= setTimeout(() => this.#flushInBackground(), this.#options.flushMs);
  }

  /** Rows of which none is in the sample. */
  leaveOut(rows: number): void {
    this.counts.sampledOut += rows;
  }

  /** Resolves when everything added before is durable; rejects when the store does not take it (it is kept and tried again). */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const done = this.#writing.then(() => this.#writeAll());
    this.#writing = done.catch(() => {});
    return done;
  }

  /** Frees what writing took. What still waits stays where it is: `flush` first. */
  close(): Promise<void> {
    return this.#engine.close();
  }

  /** After the answers that are ready have left. */
  #makeLater(): void {
    this.#making = true;
    setImmediate(() => {
      this.#makeSome();
      if (this.#fresh.length > 0) this.#makeLater();
      else this.#making = false;
    });
  }

  #makeSome(): void {
    let [rows, calls] = [ROWS_A_TURN, 0];
    for (const waiting of this.#fresh) {
      if (rows <= 0) break;
      rows -= this.#lines.make(waiting, rows);
      if (waiting.call === null) calls += 1;
    }
    this.#fresh.splice(0, calls);
  }

  #flushInBackground(): void {
    this.flush().catch((error: unknown) => {
      this.#options.onError(error);
      this.#timer ??= setTimeout(() => this.#flushInBackground(), this.#options.flushMs * 5);
    });
  }

  /** What waits now. What comes meanwhile waits for the next time: under steady traffic this would never end else. */
  async #writeAll(): Promise<void> {
    if (this.#batch) await this.#writeBatch(this.#batch);
    if (this.#waiting.length === 0) return;
    this.#batch = this.#take();
    let made = 0;
    for (const waiting of this.#batch.calls) {
      while (waiting.call !== null) {
        made += this.#lines.make(waiting, ROWS_A_TURN - made);
        if (made < ROWS_A_TURN) continue;
        made = 0;
        await othersFirst();
      }
    }
    await this.#writeBatch(this.#batch);
  }

  async #writeBatch(batch: Batch): Promise<void> {
    let written = 0;
    try {
      for (const [model, calls] of groupByModel(batch.calls))
        written += await this.#write(model, calls, batch.writtenAt);
    } catch (error) {
      this.counts.failedWrites += 1;
      throw error;
    }
    this.#batch = undefined;
    this.counts.written += written;
    this.counts.sampledOut += batch.rows - written;
  }

  #take(): Batch {
    const batch = { calls: this.#waiting, rows: this.#waitingRows, writtenAt: Date.now() };
    this.#waiting = [];
    this.#waitingRows = 0;
    return batch;
  }

  /** @returns rows written */
  async #write(model: string, calls: readonly WaitingCall[], writtenAt: number): Promise<number> {
    const { store, tempDir } = this.#options;
    await writePartitions(store, {
      ...{ kind: predictionRecord, model, extra: extraColumns(calls), writtenAt, tempDir, engine: this.#engine },
      chunks: chunksOf(calls),
    });
    return calls.reduce((total, { kept }) => total + kept, 0);
  }

  #dropOldest(): void {
    while (this.waitingRows > this.#options.maxRows && this.#waiting.length > 1) {
      const oldest = this.#waiting.shift()!;
      oldest.call = null; // its text is wanted no more
      this.#waitingRows -= oldest.rows;
      this.counts.dropped += oldest.rows;
    }
  }
}

function* chunksOf(calls: readonly WaitingCall[]): Iterable<Buffer> {
  for (let from = 0; from < calls.length; from += CALLS_A_CHUNK)
    yield Buffer.concat(calls.slice(from, from + CALLS_A_CHUNK).flatMap(({ lines }) => lines));
}

function groupByModel(calls: readonly WaitingCall[]): Map<string, WaitingCall[]> {
  const groups = new Map<string, WaitingCall[]>();
  for (const call of calls) {
    const group = groups.get(call.model);
    if (group) group.push(call);
    else groups.set(call.model, [call]);
  }
  return groups;
}
