/**
 * Calls become text soon after they were answered, a few rows at a time, and the text waits outside of the heap.
 *
 * A second of predictions kept as objects is what the garbage collector copies again and again: with one row a request it
 * held requests up for tens of milliseconds.
 */
import { inSample, type LogPolicy } from './log-policy.ts';
import { type LoggedCall, lineOf } from './log-record.ts';

/** One call, waiting to be written. */
export interface WaitingCall {
  readonly model: string;
  readonly policy: LogPolicy;
  readonly rows: number;
  /** Gone once all its rows are text. */
  call: LoggedCall | null;
  /** Rows that were looked at. */
  done: number;
  /** Rows in the sample, which are in `lines`. */
  kept: number;
  readonly lines: Buffer[];
}

const SLAB_BYTES = 256 * 1024;

export function waitingCall(call: LoggedCall): WaitingCall {
  const { model, policy, rows } = call;
  return { model, policy, rows: rows.length, call, done: 0, kept: 0, lines: [] };
}

export class LogLines {
  readonly #node: string;
  #slab = Buffer.alloc(0);
  #at = 0;

  constructor(node: string) {
    this.#node = node;
  }

  /** Makes at most `rows` rows of a call into text. @returns how many it made */
  make(waiting: WaitingCall, rows: number): number {
    const { call, done } = waiting;
    if (call === null) return 0;
    const sample = call.policy.sample(call.arm);
    const until = Math.min(call.rows.length, done + rows);
    let text = '';
    for (let i = done; i < until; i++) {
      const row = call.rows[i];
      if (row === undefined || !inSample(row.inferenceId, sample)) continue;
      text += lineOf(call, row, i, this.#node);
      waiting.kept += 1;
    }
    if (text !== '') waiting.lines.push(this.#store(text));
    waiting.done = until;
    if (until === call.rows.length) waiting.call = null;
    return until - done;
  }

  #store(text: string): Buffer {
    const most = text.length * 3; // of UTF-8, a UTF-16 unit
    if (this.#slab.length - this.#at < most) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, most));
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += this.#slab.write(text, from, 'utf8');
    return this.#slab.subarray(from, this.#at);
  }
}
