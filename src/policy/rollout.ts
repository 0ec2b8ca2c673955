/** Does a canary step go on, go up or go back? Pure, from cumulative counters: no sampled log, no clock of its own. */

/** What one version did on all live nodes since the step began. */
export interface ArmReading {
  readonly requests: number;
  readonly errors: number;
  readonly nan: number;
  /** Timed calls, and their mean in milliseconds; null where none was timed. */
  readonly calls: number;
  readonly meanLatencyMs: number | null;
  readonly maxDisagreement: number | null;
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

/** Served and recomputed scores of one model on one row may differ by rounding only (decisions §3). */
const DISAGREEMENT = 1e-6;
/** Probability of stopping a rollout by chance, over all its looks and steps (decisions §3; one metric is judged so). */
const ALPHA = 0.01;
/** Below this many timed calls a mean latency says nothing. */
const LATENCY_NEEDS = 50;
/** Differences under this are noise of a busy machine, where a fresh process still warms up. */
const LATENCY_FLOOR_MS = 50;

export function judgeStep(reading: StepReading, limits: StepLimits): StepVerdict {
  const { candidate, champion, elapsedMs } = reading;
  const undo = (guardrail: string, sentence: string): StepVerdict => ({ verdict: 'undo', guardrail, sentence });
  const rows = `${candidate.requests} requests`;

  if (reading.failedToLoad.length > 0) return undo('load', `could not be loaded: ${reading.failedToLoad.join('; ')}`);
  if (candidate.nan > 0)
    return undo('nan', `${candidate.nan} of ${rows} gave NaN or infinity; the limit is 0. The champion answered them`);
  if (candidate.maxDisagreement !== null && candidate.maxDisagreement > DISAGREEMENT) {
    return undo(
      'parity',
      `served scores differ from the model's own by ${candidate.maxDisagreement}; the limit is ${DISAGREEMENT}`,
    );
  }
  const baseline = champion && champion.requests > 0 ? champion.errors / champion.requests : 0;
  const errors = candidate.requests > 0 ? candidate.errors / candidate.requests : 0;
  if (candidate.errors > 1 && errors > limits.errorShare && errors > 2 * baseline) {
    return undo(
      'errors',
      `${candidate.errors} of ${rows} failed (${percent(errors)}); the limit is ${percent(limits.errorShare)} and twice the champion's ${percent(baseline)}`,
    );
  }
  const surely = moreOftenFailing(reading.failing);
  if (surely) return undo('errors', surely);
  if (reading.beyondLimits.length > 0) return undo('service', reading.beyondLimits.join(' '));
  const slow = slower(candidate, champion, limits.latencyRatio);
  if (slow) return undo('latency', slow);

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

function moreOftenFailing(failing: FailingEntities | null): string | null {
  if (failing === null || failing.evidence < 1 / ALPHA) return null;
  const share = ({ trials, events }: FailingEntities['candidate']) =>
    `${events} of ${trials} entities (${percent(events / trials)})`;
  return `${share(failing.candidate)} met an error, with the champion ${share(failing.champion)}: more than chance explains (α ${ALPHA})`;
}

function slower(candidate: ArmReading, champion: ArmReading | null, ratio: number): string | null {
  if (!champion || candidate.calls < LATENCY_NEEDS || champion.calls < LATENCY_NEEDS) return null;
  const [ours, theirs] = [candidate.meanLatencyMs, champion.meanLatencyMs];
  if (ours === null || theirs === null) return null;
  if (ours - theirs < LATENCY_FLOOR_MS || ours < ratio * theirs) return null;
  return `takes ${ours.toFixed(1)} ms a call, the champion ${theirs.toFixed(1)} ms; the limit is ${ratio} times`;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(2)} %`;
}
