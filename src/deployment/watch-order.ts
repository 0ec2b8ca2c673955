/** What is asked of whoever watches one step of a rollout, and the limits that it is held to. */
import type { ModelConfig } from '../config/model.ts';
import { durationMs } from '../config/values.ts';
import type { StepLimits } from '../policy/rollout.ts';
import type { RateTest } from '../statistics/e-process.ts';

export interface WatchOrder {
  readonly version: number;
  /** 0: as a shadow. */
  readonly share: number;
  readonly bake: boolean;
  readonly hold: boolean;
  /** Of the steps before: one test a rollout, not one a step. */
  readonly evidence?: RateTest;
}

/** Without a shadow in the rules a step at 0 % has no limits of its own; it is not watched then. */
export function limitsOf({ shadow, canary }: ModelConfig['deploy'], order: WatchOrder): StepLimits {
  const step = order.share === 0 && shadow !== 'off' ? shadow : canary;
  return {
    shadow: order.share === 0,
    bakeMs: order.hold ? Number.POSITIVE_INFINITY : durationMs(step.bake),
    maxWaitMs: durationMs(step.max_wait),
    minRequests: order.bake ? 0 : step.min_requests,
    errorShare: canary.error_share,
    latencyRatio: canary.latency_ratio,
  };
}
