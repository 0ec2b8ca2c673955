/** Cumulative counters about one version on one node: the evidence that a rollout reads. Never sampled, reset by boot. */
import { createHash } from 'node:crypto';
import { type ArmEvidence, LATENCY_BOUNDS_MS } from './contract.ts';
import { ShadowScores } from './shadow-scores.ts';

/** Distinct entities counted a version between two changes of routing. Beyond it the count stands still. */
const ENTITIES_LIMIT = 200_000;

export type RowFailure = 'error' | 'timeout' | 'crash' | 'nan';

export class Evidence {
  #requests = 0;
  #errors = 0;
  #nan = 0;
  #fallbacks = 0;
  #timeouts = 0;
  #crashes = 0;
  #staged = 0;
  #shadowDropped = 0;
  /** Since the routing changed, so that both arms of a step count the same entities anew; before it: totals. */
  readonly #entities = new Set<string>();
  readonly #failedEntities = new Set<string>();
  #entitiesBefore = 0;
  #failedBefore = 0;
  readonly #latency = new Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0);
  #latencySum = 0;
  #maxDisagreement: number | null = null;
  #rowsChecked = 0;
  /** Undefined until it is a shadow. */
  #shadow: ShadowScores | undefined;

  routingChanged(): void {
    this.#entitiesBefore += this.#entities.size;
    this.#failedBefore += this.#failedEntities.size;
    this.#entities.clear();
    this.#failedEntities.clear();
  }

  asked(entities: readonly string[]): void {
    this.#requests += entities.length;
    for (const entity of entities) remember(this.#entities, entity);
  }

  /** Rows that were asked for and not answered well. `timeouts` and `crashes` count calls, within `errors`. */
  failed(kind: RowFailure, entities: readonly string[]): void {
    if (kind === 'nan') this.#nan += entities.length;
    else this.#errors += entities.length;
    if (kind === 'timeout') this.#timeouts += 1;
    if (kind === 'crash') this.#crashes += 1;
    for (const entity of entities) remember(this.#failedEntities, entity);
  }

  fellBack(rows: number): void {
    this.#fallbacks += rows;
  }

  /** One call, features and model, as timed by the process that scored. */
  took(ms: number): void {
    const bucket = LATENCY_BOUNDS_MS.findIndex((bound) => ms <= bound);
    this.#latency[bucket < 0 ? LATENCY_BOUNDS_MS.length : bucket]! += 1;
    this.#latencySum += ms;
  }

  checked(rows: number, disagreement: number): void {
    this.#rowsChecked += rows;
    this.#maxDisagreement = Math.max(this.#maxDisagreement ?? 0, disagreement);
  }

  get asShadow(): ShadowScores {
    this.#shadow ??= new ShadowScores();
    return this.#shadow;
  }

  shadowDropped(rows: number): void {
    this.#shadowDropped += rows;
  }

  staged(rows: number): void {
    this.#staged += rows;
  }

  snapshot(): ArmEvidence {
    return {
      requests: this.#requests,
      errors: this.#errors,
      nan: this.#nan,
      fallbacks: this.#fallbacks,
      timeouts: this.#timeouts,
      crashes: this.#crashes,
      entities: this.#entitiesBefore + this.#entities.size,
      entities_failed: this.#failedBefore + this.#failedEntities.size,
      latency: [...this.#latency],
      latency_sum_ms: this.#latencySum,
      max_disagreement: this.#maxDisagreement,
      rows_checked: this.#rowsChecked,
      shadow_dropped: this.#shadowDropped,
      ...(this.#shadow && { shadow: this.#shadow.snapshot() }),
      staged: this.#staged,
    };
  }
}

/**
 * Largest |served − recomputed| / max(1, |recomputed|); Infinity when one is no number and the other is.
 * Both arrays are in the same order and of the same length.
 */
export function disagreement(served: ArrayLike<number>, recomputed: ArrayLike<number>): number {
  let worst = served.length === recomputed.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < served.length && worst < Number.POSITIVE_INFINITY; i++) {
    const [a, b] = [served[i]!, recomputed[i]!];
    if (Object.is(a, b)) continue;
    const distance = Math.abs(a - b) / Math.max(1, Math.abs(b));
    worst = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(worst, distance);
  }
  return worst;
}

function remember(set: Set<string>, entity: string): void {
  if (set.size >= ENTITIES_LIMIT) return;
  set.add(entity.length <= 24 ? entity : createHash('sha256').update(entity).digest('base64').slice(0, 16));
}
