/** Starting the probation of a new champion; the same champion twice is one probation. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { HoneClient } from './connect.ts';

export function probationId(model: string, version: number): string {
  return `probation/${model}/${version}`;
}

export async function startProbation(client: HoneClient, model: string, version: number): Promise<string> {
  const temporal = await client.temporal();
  const workflowId = probationId(model, version);
  try {
    await temporal.workflow.start('probation', {
      workflowId,
      taskQueue: client.taskQueue,
      args: [{ model, version }],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: `version ${version} of ${model} on probation`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  return workflowId;
}
