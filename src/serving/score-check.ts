/** A bounded sample of a canary's answers is recomputed by a fresh copy of the version: they must agree (≤ 1e-6). */
import type { RawRow } from './contract.ts';
import type { VersionSlot } from './version-slot.ts';

const ROWS_A_CHECK = 64;
const PAUSE_MS = 500;

export class ScoreCheck {
  readonly #waiting = new Map<VersionSlot, { rows: RawRow[]; served: number[] }>();
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Takes rows until the sample is full; the rest is not looked at. @param served rows × width, as it was answered */
  offer(slot: VersionSlot, rows: readonly RawRow[], served: Float64Array): void {
    const sample = this.#waiting.get(slot) ?? { rows: [], served: [] };
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
    for (const [slot, { rows, served }] of [...this.#waiting]) {
      this.#waiting.delete(slot);
      await slot.recheck(rows, Float64Array.from(served)).catch(this.#onError);
    }
    this.#timer = undefined;
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => void this.#check(), PAUSE_MS);
  }
}
