/** Tells a workflow that the pipeline has answered. What it answered is in the store. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { HoneClient } from './connect.ts';

/** @throws TemporalUnreachable; nothing where the workflow is over: then nobody waits */
export async function tellDeployed(client: HoneClient, workflow: string, key: string): Promise<void> {
  try {
    await (await client.temporal()).workflow.getHandle(workflow).signal('deployed', { key });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
