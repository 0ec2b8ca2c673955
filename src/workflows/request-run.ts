/** What a Temporal Schedule starts: asks the owner for a run, by the same door as everyone else. */
import { workflowInfo } from '@temporalio/workflow';
import type { TriggerKind } from '../config/model.ts';
import type { TriggerAnswer } from './contract.ts';
import { step } from './steps.ts';

export interface RunRequest {
  readonly model: string;
  readonly kind: TriggerKind;
  readonly reason: string;
}

export async function requestRun(request: RunRequest): Promise<TriggerAnswer> {
  const { workflowId } = workflowInfo();
  // A schedule appends its own time to the workflow id: that time, not the start, is when it was due.
  const due = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.exec(workflowId)?.[0] ?? null;
  return await step('asking', `ask the owner of ${request.model}`).requestRun(request, { eventId: workflowId, due });
}
