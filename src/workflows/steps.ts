/**
 * Every activity that workflows call, with its time-out, heartbeat and retry policy. Nowhere else.
 *
 * Classes: `short` (a look at the ledger), `data` (minutes of reading), `training` (its own queue and wall clock),
 * `asking` (the owner answers after its merge window), `watching` (bake times), `undo` (never gives up: an unfinished undo pages instead of ending).
 */
import { type ActivityOptions, proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { durationMs } from '../config/values.ts';
import { trainingQueue } from './contract.ts';

const steady = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s', maximumAttempts: 8 } as const;
const endless = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1 minute' } as const;

/**
 * Undo begins when what it undoes has ended, or a late effect would outlive it. Said outright: left out, the SDK (1.24)
 * sends no value, which the server reads as TRY_CANCEL, whatever the SDK's documentation says.
 */
const cancellationType = 'WAIT_CANCELLATION_COMPLETED';

/** The boundary of every activity beats each second, so a dead worker is noticed within this. */
const heartbeatTimeout = '10s';

const classes = {
  short: { startToCloseTimeout: '1 minute', heartbeatTimeout, retry: steady },
  data: { startToCloseTimeout: '2 hours', heartbeatTimeout, retry: steady },
  asking: { startToCloseTimeout: '1 day', heartbeatTimeout, retry: endless },
  watching: { startToCloseTimeout: '30 days', heartbeatTimeout, retry: endless },
  undo: { startToCloseTimeout: '5 minutes', heartbeatTimeout, retry: endless },
} satisfies Record<string, ActivityOptions>;

/** Activities of a class; the summary is what Temporal's pages show beside each. */
export function step(kind: keyof typeof classes, summary: string): ReturnType<typeof proxyActivities<Activities>> {
  return proxyActivities<Activities>({ ...classes[kind], cancellationType, summary });
}

/** Training runs on a queue of its own, so that heavy work can have its own machines. */
export function trainingStep(wallClock: string, summary: string): ReturnType<typeof proxyActivities<Activities>> {
  return proxyActivities<Activities>({
    taskQueue: trainingQueue(workflowInfo().taskQueue),
    startToCloseTimeout: durationMs(wallClock) + 60_000,
    heartbeatTimeout,
    retry: steady,
    cancellationType,
    summary,
  });
}

/**
 * Decisions of the owner: short, recorded in history as a marker, run beside the workflow. They give up soon, because the
 * workflow answers no query meanwhile; the owner tries again.
 */
export const decisions = proxyLocalActivities<Activities>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumAttempts: 5 },
});
