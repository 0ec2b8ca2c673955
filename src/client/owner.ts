/** The owner's door: triggers in, ends of runs in. The owner is started by whoever comes first. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { readTrigger } from '../policy/triggers.ts';
import type { RunEnd, RunRef, Trigger, TriggerAnswer } from '../workflows/contract.ts';
import type { HoneClient } from './connect.ts';
import { TriggerRefused } from './errors.ts';

/** An owner that was terminated meanwhile never saw the trigger: it is sent again, and counts once by its event id. */
const SEND_AGAIN_MS = { first: 5000, longest: 60_000 } as const;
const SLOWEST_LOOK_MS = 500;

export function ownerId(model: string): string {
  return `model/${model}`;
}

/**
 * Asks for a run; answers once the owner has decided, which takes its merge window when nothing is active.
 *
 * By a signal and looks for its answer, since Temporal lets no more than ten updates wait at once.
 *
 * @throws TriggerRefused, TemporalUnreachable
 */
export async function sendTrigger(
  client: HoneClient,
  model: string,
  asked: Trigger,
  signal?: AbortSignal,
): Promise<TriggerAnswer> {
  const read = readTrigger(asked);
  if ('refused' in read) throw new TriggerRefused(read.refused);
  const eventId = asked.eventId ?? randomUUID();
  for (let wait = SEND_AGAIN_MS.first as number; ; wait = Math.min(2 * wait, SEND_AGAIN_MS.longest)) {
    await atOwner(client, model, 'trigger', { ...asked, eventId });
    const again = Date.now() + wait;
    for (let pause = 20; Date.now() < again; pause = Math.min(pause * 1.5, SLOWEST_LOOK_MS)) {
      await sleep(pause, undefined, { ref: false });
      signal?.throwIfAborted();
      const answer = await answerTo(client, model, eventId);
      if (answer) return answer;
    }
  }
}

/** Null: not decided yet, or nobody is there to say. */
async function answerTo(client: HoneClient, model: string, eventId: string): Promise<TriggerAnswer | null> {
  const temporal = await client.temporal();
  try {
    return await temporal.workflow.getHandle(ownerId(model)).query<TriggerAnswer | null, [string]>('answer', eventId);
  } catch (error) {
    if (error instanceof ServiceError || error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

export async function reportRunFinished(client: HoneClient, run: RunRef, end: RunEnd): Promise<void> {
  await atOwner(client, run.model, 'runFinished', end);
}

async function atOwner(client: HoneClient, model: string, signal: string, body: unknown): Promise<void> {
  const temporal = await client.temporal();
  await temporal.workflow.signalWithStart('model', {
    workflowId: ownerId(model),
    taskQueue: client.taskQueue,
    args: [{ model }],
    signal,
    signalArgs: [body],
    staticSummary: `owner of ${model}: queues triggers, starts runs`,
  });
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
