/** Scores requests a second time with a version that never answers. Behind a bounded queue: what does not fit is dropped and counted. */
import type { AskedRow } from './request-rows.ts';
import type { VersionSlot } from './version-slot.ts';

const MAX_WAITING_ROWS = 10_000;

interface Copied {
  readonly slot: VersionSlot;
  readonly rows: readonly AskedRow[];
}

export class Shadow {
  readonly #score: (copied: Copied) => Promise<void>;
  #waiting: Copied[] = [];
  #waitingRows = 0;
  #running = false;

  /** @param score scores and logs; must not throw */
  constructor(score: (copied: Copied) => Promise<void>) {
    this.#score = score;
  }

  offer(slot: VersionSlot, rows: readonly AskedRow[]): void {
    if (this.#waitingRows + rows.length > MAX_WAITING_ROWS) {
      slot.evidence.shadowDropped(rows.length);
      return;
    }
    slot.hold();
    this.#waiting.push({ slot, rows });
    this.#waitingRows += rows.length;
    if (!this.#running) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#running = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      await this.#score(next);
      next.slot.letGo();
      this.#waitingRows -= next.rows.length;
    }
    this.#running = false;
  }
}
