/** Asks for the erasure of a subject from what a model recorded. */
import { type ErasureAsked, putRequest } from '../monitoring/retention/erasure-requests.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { ErasureEnd } from '../workflows/erasure.ts';
import type { HoneClient } from './connect.ts';

/** @throws ErasureRefused; else the erasure goes on without the asker until it is done */
export async function erase(
  { client, store }: { client: HoneClient; store: ObjectStore },
  model: string,
  asked: ErasureAsked,
): Promise<{ id: string; end: Promise<ErasureEnd> }> {
  const temporal = await client.temporal();
  const id = await putRequest(store, model, asked);
  const handle = await temporal.workflow.start('erasure', {
    workflowId: `erasure/${model}/${id}`,
    taskQueue: client.taskQueue,
    args: [{ model, request: id }],
    staticSummary: `erase a subject from ${model}`,
  });
  return { id, end: handle.result() as Promise<ErasureEnd> };
}
