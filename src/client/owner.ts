/** The owner's door: triggers in, ends of runs in. The owner is started by whoever comes first. */
import { WithStartWorkflowOperation, WorkflowNotFoundError } from '@temporalio/client';
import type { RunEnd, RunRef, Trigger, TriggerAnswer } from '../workflows/contract.ts';
import type { HoneClient } from './connect.ts';

export function ownerId(model: string): string {
  return `model/${model}`;
}

/** Asks for a run; answers once the owner has decided, which takes its merge window when nothing is active. */
export async function sendTrigger(client: HoneClient, model: string, trigger: Trigger): Promise<TriggerAnswer> {
  return await atOwner<TriggerAnswer>(client, model, 'trigger', trigger, trigger.eventId);
}

export async function reportRunFinished(client: HoneClient, run: RunRef, end: RunEnd): Promise<void> {
  await atOwner<string>(client, run.model, 'runFinished', end, `finished/${run.run}`);
}

async function atOwner<R>(
  client: HoneClient,
  model: string,
  update: string,
  body: unknown,
  updateId?: string,
): Promise<R> {
  const temporal = await client.temporal();
  const start = new WithStartWorkflowOperation('model', {
    workflowId: ownerId(model),
    taskQueue: client.taskQueue,
    args: [{ model }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `owner of ${model}: queues triggers, starts runs`,
  });
  return (await temporal.workflow.executeUpdateWithStart(update, {
    startWorkflowOperation: start,
    args: [body],
    ...(updateId ? { updateId: updateId.slice(0, 200) } : {}),
  })) as R;
}

/** A signal to an owner that is there; one that is not will read the ledger when it starts. */
export async function tellOwner(client: HoneClient, model: string, signal: string, body: unknown): Promise<void> {
  const temporal = await client.temporal();
  try {
    await temporal.workflow.getHandle(ownerId(model)).signal(signal, body);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
