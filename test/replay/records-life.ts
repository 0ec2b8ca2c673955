/** What is recorded of a model goes again: by age, and for one subject. */
import { erase } from '../../src/client/erasures.ts';
import type { Town } from '../town.ts';
import type { Keep } from './actor.ts';

export async function playRecordsLife({ client, store, model }: Town, keep: Keep): Promise<void> {
  process.env['HONE_LOG_HASH_KEY'] = 'a key of the recorder';
  const temporal = await client.temporal();
  const workflowId = `retention/${model}/recorded`;
  await temporal.workflow.execute('retention', { workflowId, taskQueue: client.taskQueue, args: [{ model }] });
  await keep('retention.done', workflowId);
  const { id, end } = await erase({ client, store }, model, { subject: 'nobody', reason: 'a drill', by: 'kim' });
  await end;
  await keep('erasure.done', `erasure/${model}/${id}`);
}
