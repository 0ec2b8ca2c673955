/** After a promotion: while labels mature, is the new champion really no worse than its predecessor was? */
import {
  continueAsNew,
  setCurrentDetails,
  setDefaultSignalHandler,
  setWorkflowOptions,
  sleep,
} from '@temporalio/workflow';
import { effectOfThis, openOutsideTarget } from './outside-target.ts';
import { step } from './steps.ts';
import { followsCurrentBuild } from './versioning.ts';

export interface ProbationInput {
  readonly model: string;
  readonly version: number;
  /** Looks taken so far. */
  readonly looks?: number;
}

export interface ProbationEnd {
  readonly result: 'confirmed' | 'superseded' | 'demotion_proposed' | 'rolled_back' | 'undecided';
  readonly sentence: string;
}

setWorkflowOptions(followsCurrentBuild, probation);
export async function probation(input: ProbationInput): Promise<ProbationEnd> {
  setDefaultSignalHandler(() => {});
  const target = openOutsideTarget();
  const look = (input.looks ?? 0) + 1;
  const judged = await step('data', `look ${look} at version ${input.version}`).judgeProbation(input.model, {
    version: input.version,
  });
  setCurrentDetails(judged.sentence);
  if (judged.end) {
    if (judged.end === 'rolled_back') {
      const back = await step('undo', 'roll back').rollBack(input.model, judged.rollback);
      const { model } = input;
      if (back.outside !== undefined) await target.giveBack({ model, config: back.outside }, effectOfThis(), back.to);
    }
    return { result: judged.end, sentence: judged.sentence };
  }
  if (judged.waitMs === null) await step('watching', 'wait for labels').awaitLogicalTime(judged.next);
  else await sleep(judged.waitMs, { summary: 'wait for labels' });
  return await continueAsNew<typeof probation>({ ...input, looks: look });
}
