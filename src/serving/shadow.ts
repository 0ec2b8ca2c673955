/** Scores requests a second time with a version that never answers. Behind a bounded queue: what does not fit is dropped and counted. */
import { type Answered, type Answering, kindOf, scoreStaged } from './answer.ts';
import type { Prediction } from './contract.ts';
import { decisionOf } from './prediction-of.ts';
import type { AskedRow } from './request-rows.ts';
import type { VersionSlot } from './version-slot.ts';

const MAX_WAITING_ROWS = 10_000;

export interface Copied {
  readonly slot: VersionSlot;
  readonly rows: readonly AskedRow[];
  /** What the rows were answered with, in their order. */
  readonly answers: readonly Prediction[];
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

  offer(copied: Copied): void {
    const { slot, rows } = copied;
    if (this.#waitingRows + rows.length > MAX_WAITING_ROWS) {
      slot.evidence.shadowDropped(rows.length);
      return;
    }
    slot.hold();
    this.#waiting.push(copied);
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

/** @returns what it scored, for the log; null where it failed, which is counted */
export async function scoreAsShadow(
  { slot, rows, answers }: Copied,
  context: Pick<Answering, 'model' | 'staged'>,
): Promise<Omit<Answered, 'arm'> | null> {
  const { evidence, source } = slot;
  const entities = rows.map(({ entity }) => entity);
  evidence.asked(entities);
  evidence.asShadow.asked(rows.length);
  const { outcome, staged } = await scoreStaged(slot, rows, context);
  if (outcome instanceof Error) {
    evidence.failed(kindOf(outcome), entities);
    return null;
  }
  const width = outcome.predictions.length / rows.length;
  const { signature, served } = source;
  const bad = entities.filter((_, i) => {
    const scores = outcome.predictions.subarray(i * width, (i + 1) * width);
    const { prediction } = decisionOf(signature, served.threshold, scores);
    const answered = answers[i]?.prediction ?? Number.NaN;
    const champion = typeof answered === 'number' ? answered : Math.max(...answered);
    evidence.asShadow.compare(champion, prediction, signature.task !== 'regression');
    return !scores.every(Number.isFinite);
  });
  if (bad.length > 0) evidence.failed('nan', bad);
  return { slot, rows, scored: outcome, staged };
}
