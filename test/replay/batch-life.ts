/** A night's batch, from the plan to the pointer; and a look at what people are to be told. */
import { startBatch } from '../../src/client/batches.ts';
import { model } from '../serving/served.ts';
import { batchTown, NIGHT } from '../workflows/batch-town.ts';
import type { RecordedHistory } from './history-files.ts';

export async function playBatch(temporal: string): Promise<RecordedHistory[]> {
  const town = await batchTown(temporal);
  try {
    await town.served.promote(1);
    const { workflow: client } = await town.client.temporal();
    const { workflow, end } = await startBatch(town.client, model, NIGHT);
    await end;
    const notify = 'notify/recorded';
    await client.execute('notify', { workflowId: notify, taskQueue: town.client.taskQueue, args: [] });
    const recorded = async (name: string, workflowId: string): Promise<RecordedHistory> => {
      return { name, workflowId, history: await client.getHandle(workflowId).fetchHistory() };
    };
    return [await recorded('batchScoring.done', workflow), await recorded('notify.done', notify)];
  } finally {
    await town.close();
  }
}
