/** Asks for a batch of predictions now, beside the schedule. */
import type { BatchEnd } from '../workflows/batch-scoring.ts';
import type { HoneClient } from './connect.ts';

/** @param asOf the time that the window is counted from; a batch of the same time is started once */
export async function startBatch(
  client: HoneClient,
  model: string,
  asOf: string,
): Promise<{ readonly workflow: string; readonly end: Promise<BatchEnd> }> {
  const temporal = await client.temporal();
  const workflow = `batch/${model}/${asOf}`;
  const handle = await temporal.workflow.start('batchScoring', {
    workflowId: workflow,
    taskQueue: client.taskQueue,
    args: [{ model, asOf }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `score a batch of ${model}, asked for by a person`,
  });
  return { workflow, end: handle.result() as Promise<BatchEnd> };
}
