/** A bounded sample of a canary's answers is recomputed by a fresh copy of the version: they must agree (≤ 1e-6). */
import type { ServedScores } from './arm-messages.ts';
import type { RawRow } from './contract.ts';
import type { VersionSlot } from './version-slot.ts';

const ROWS_A_CHECK = 64;
const PAUSE_MS = 500;

interface Sample {
  readonly rows: RawRow[];
  readonly served: number[];
  readonly lookupAsOf: number | null;
}

export class ScoreCheck {
  readonly #waiting = new Map<VersionSlot, Sample>();
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Takes rows until the sample is full; the rest is not looked at. @param served rows × width, as it was answered */
  offer(slot: VersionSlot, rows: readonly RawRow[], { predictions: served, lookupAsOf }: ServedScores): void {
    const earlier = this.#waiting.get(slot);
    const sample = earlier?.lookupAsOf === lookupAsOf ? earlier : { rows: [], served: [], lookupAsOf };
    const room = Math.min(ROWS_A_CHECK - sample.rows.length, rows.length);
    if (room <= 0) return;
    const width = served.length / rows.length;
    sample.rows.push(...rows.slice(0, room));
    sample.served.push(...served.subarray(0, room * width));
    this.#waiting.set(slot, sample);
    this.#timer ??= setTimeout(() => void this.#check(), PAUSE_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  async #check(): Promise<void> {
    for (const [slot, { rows, served, lookupAsOf }] of [...this.#waiting]) {
      this.#waiting.delete(slot);
      await slot.recheck(rows, { predictions: Float64Array.from(served), lookupAsOf }).catch(this.#onError);
    }
    this.#timer = undefined;
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => void this.#check(), PAUSE_MS);
  }
}
