/** Skips the clock of one workflow: a pre-release feature of the server, so nobody else speaks of it. */
import { randomUUID } from 'node:crypto';
import { msToTs } from '@temporalio/common/lib/time.js';
import { durationMs } from '../src/config/values.ts';
import type { Town } from './town.ts';

/** An owner looks after its run every quarter of an hour: a skipped day is a hundred of them. */
const SKIPS_AT_MOST = 1000;

/**
 * Moves the workflow's own clock forward: timers and back-offs up to there end at once, then time is real again.
 * Children that run already, activities and other workflows keep theirs.
 *
 * @param duration ISO 8601, such as P3D
 */
export async function skipTime(town: Pick<Town, 'client'>, workflowId: string, duration: string): Promise<void> {
  const temporal = await town.client.temporal();
  await temporal.workflowService.updateWorkflowExecutionOptions({
    namespace: temporal.options.namespace,
    workflowExecution: { workflowId },
    updateMask: { paths: ['time_skipping_config'] },
    workflowExecutionOptions: {
      timeSkippingConfig: {
        enabled: true,
        maxSessionSkipCount: SKIPS_AT_MOST,
        fastForwardConfig: { id: randomUUID(), duration: msToTs(durationMs(duration)) },
      },
    },
  });
}

/**
 * Moves the clock by `step` until `holds`: a skip that meets a workflow at work is now and then dropped by the server, and
 * only what follows from it tells.
 */
export async function skipTimeUntil(
  town: Pick<Town, 'client'>,
  workflowId: string,
  step: string,
  what: string,
  holds: () => Promise<boolean>,
): Promise<void> {
  let again = 0;
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await new Promise((done) => setTimeout(done, 50))) {
    if (await holds()) return;
    if (Date.now() < again) continue;
    await skipTime(town, workflowId, step);
    again = Date.now() + 4000;
  }
  throw new Error(`not in time after skips of ${step}: ${what}`);
}
