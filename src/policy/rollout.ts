/** Does a canary step go on, go up or go back? Pure, from cumulative counters: no sampled log, no clock of its own. */
import { guardrails } from './guardrails.ts';

/** What one version did on all live nodes since the step began. */
export interface ArmReading {
  readonly requests: number;
  readonly errors: number;
  readonly nan: number;
  /** Timed calls, and their mean in milliseconds; null where none was timed. */
  readonly calls: number;
  readonly meanLatencyMs: number | null;
  /** Of a served score and the model's own, over `rowsChecked` rows since the servers started; null before the first. */
  readonly maxDisagreement: number | null;
  readonly rowsChecked: number;
  /** Those of `requests` that it only scored, while the champion answered them. */
  readonly asShadow: number;
}

/** What a shadow would have answered, against what was answered, on the same requests. For people: nothing is decided by it. */
export interface ScoresApart {
  readonly requests: number;
  /** Mean of shadow − champion, and of its size. */
  readonly meanDifference: number;
  readonly meanAbsolute: number;
  /** Of the two distributions over tenths; null where scores are no probabilities. */
  readonly psi: number | null;
}

/** Distinct entities of both arms, and those that met an error, over all steps of a rollout. */
export interface FailingEntities {
  readonly candidate: { readonly trials: number; readonly events: number };
  readonly champion: { readonly trials: number; readonly events: number };
  /** E-value against "the candidate fails no larger share": 1/α may be reached by chance at most with probability α. */
  readonly evidence: number;
}

export interface StepReading {
  readonly candidate: ArmReading;
  /** Null where there is no champion beside it: the first version, or the bake after promotion. */
  readonly champion: ArmReading | null;
  /** Null where the version is no shadow, or has scored nothing yet. */
  readonly scores: ScoresApart | null;
  /** Null without a champion that answers other entities at the same time. */
  readonly failing: FailingEntities | null;
  /** Prediction servers beyond `monitoring.service` in latency or errors, each as a sentence. */
  readonly beyondLimits: readonly string[];
  /** Nodes that could not load the version, with the reason. */
  readonly failedToLoad: readonly string[];
  readonly elapsedMs: number;
}

export interface StepLimits {
  /** It answers nobody: what it scored counts as its requests. */
  readonly shadow: boolean;
  readonly bakeMs: number;
  readonly maxWaitMs: number;
  readonly minRequests: number;
  readonly errorShare: number;
  readonly latencyRatio: number;
}

export type StepVerdict =
  | { readonly verdict: 'wait' | 'advance' | 'inconclusive'; readonly sentence: string }
  | { readonly verdict: 'undo'; readonly guardrail: string; readonly sentence: string };

export function judgeStep(reading: StepReading, limits: StepLimits): StepVerdict {
  const { candidate, elapsedMs } = reading;
  const breached = guardrails(reading, limits).find(({ verdict }) => verdict === 'breached');
  // Both look at errors, the one at a share of requests, the other at the entities that met one.
  if (breached?.breach != null) {
    const guardrail = breached.name === 'entities' ? 'errors' : breached.name;
    return { verdict: 'undo', guardrail, sentence: breached.breach };
  }

  const own = limits.shadow ? candidate.asShadow : candidate.requests - candidate.asShadow;
  const asked = `${own} requests`;
  if (elapsedMs < limits.bakeMs) return { verdict: 'wait', sentence: `${asked} without a breach, baking` };
  if (own >= limits.minRequests)
    return { verdict: 'advance', sentence: `${asked} without a breach${apart(reading.scores)}` };
  if (elapsedMs < limits.maxWaitMs) {
    return { verdict: 'wait', sentence: `${asked} of at least ${limits.minRequests}, waiting for traffic` };
  }
  return {
    verdict: 'inconclusive',
    sentence: `only ${asked} of at least ${limits.minRequests} within the longest wait: a person decides${apart(reading.scores)}`,
  };
}

function apart(scores: ScoresApart | null): string {
  if (scores === null) return '';
  const { requests, meanDifference, meanAbsolute, psi } = scores;
  const mean = `${meanDifference < 0 ? '−' : '+'}${Math.abs(meanDifference).toPrecision(2)}`;
  const moved = psi === null ? '' : `, PSI ${psi.toFixed(3)}`;
  return `. Against the champion on ${requests} of the same requests: mean ${mean}, ${meanAbsolute.toPrecision(2)} apart on average${moved}`;
}
