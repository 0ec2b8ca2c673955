/** Asks for a look at a model now, beside the schedule of its ticks. */
import type { TickEnd } from '../workflows/monitoring.ts';
import type { HoneClient } from './connect.ts';

/** @param id a look of this id is taken once */
export async function lookNow(client: HoneClient, model: string, id: string): Promise<TickEnd> {
  const temporal = await client.temporal();
  const handle = await temporal.workflow.start('monitoring', {
    workflowId: `monitoring/${model}/${id}`,
    taskQueue: client.taskQueue,
    args: [{ model }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `look at ${model}, asked for by a person`,
  });
  return (await handle.result()) as TickEnd;
}
