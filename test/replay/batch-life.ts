/** A night's batch, from the plan to the pointer. */
import { startBatch } from '../../src/client/batches.ts';
import { model } from '../serving/served.ts';
import { batchTown, NIGHT } from '../workflows/batch-town.ts';
import type { RecordedHistory } from './history-files.ts';

export async function playBatch(temporal: string): Promise<RecordedHistory> {
  const town = await batchTown(temporal);
  try {
    await town.served.promote(1);
    const { workflow, end } = await startBatch(town.client, model, NIGHT);
    await end;
    const history = await (await town.client.temporal()).workflow.getHandle(workflow).fetchHistory();
    return { name: 'batchScoring.done', workflowId: workflow, history };
  } finally {
    await town.close();
  }
}
