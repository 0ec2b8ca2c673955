/** Starting a rollback as a workflow, so that it goes on whatever happens to whoever asked for it. */
import type { RollbackEnd, RollbackInput } from '../workflows/rollback.ts';
import type { HoneClient } from './connect.ts';

/** @param id makes a repeated call the same rollback */
export async function rollBackNow(
  client: HoneClient,
  model: string,
  order: RollbackInput,
  id: string,
): Promise<RollbackEnd> {
  const temporal = await client.temporal();
  const handle = await temporal.workflow.start('rollback', {
    workflowId: `rollback/${model}/${id}`,
    taskQueue: client.taskQueue,
    args: [{ model, ...order }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `${order.by}: ${order.reason}`.slice(0, 200),
  });
  return (await handle.result()) as RollbackEnd;
}
