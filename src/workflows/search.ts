/** Part of stage train: the trials of `training.search`, some at a time, and the choice among them. */
import { isCancellation, rootCause } from '@temporalio/workflow';
import type { Trained } from '../activities/train.ts';
import type { SnapshotRef } from '../data/contract.ts';
import type { RunPlan, TrialOutcome } from './contract.ts';
import type { Run } from './run.ts';
import { step, trainingStep } from './steps.ts';

/** A trial that fails is kept and the others go on; the run fails when none is left. */
export async function searchCandidate(
  run: Run,
  rows: SnapshotRef,
  { trials, atOnce }: NonNullable<RunPlan['search']>,
): Promise<Trained> {
  const outcomes = new Map<string, TrialOutcome>();
  const waiting = [...trials];
  const worker = async () => {
    for (let trial = waiting.shift(); trial !== undefined; trial = waiting.shift()) {
      outcomes.set(trial, await tryOne(run, rows, trial, trials));
    }
  };
  // All are waited for, also when the run is cancelled: undo begins when no trainer is at work any more.
  const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, trials.length) }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;

  const inOrder = trials.flatMap((trial) => outcomes.get(trial) ?? []);
  const { trained, sentence } = await step('short', 'choose among the trials').chooseTrial(run.ref, inOrder);
  run.say(sentence);
  return trained;
}

async function tryOne(run: Run, rows: SnapshotRef, trial: string, all: readonly string[]): Promise<TrialOutcome> {
  const summary = `trial ${trial}, ${all.indexOf(trial) + 1} of ${all.length}`;
  try {
    return await trainingStep(run.order.plan.trainingWallClock, summary).trial(run.ref, { rows, trial });
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { trial, key: null, failed: (rootCause(error) ?? String(error)).slice(0, 500) };
  }
}
