/** The owner's door: triggers in, ends of runs in. The owner is started by whoever comes first. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { readTrigger } from '../policy/triggers.ts';
import { findAnswer } from '../registry/trigger-answers.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { RunEnd, RunRef, Trigger, TriggerAnswer } from '../workflows/contract.ts';
import type { HoneClient } from './connect.ts';
import { TriggerRefused } from './errors.ts';

/** An owner that was terminated meanwhile never saw the trigger: it is sent again, and counts once by its event id. */
const SEND_AGAIN_MS = { first: 5000, longest: 60_000 } as const;
const LOOK_MS = { first: 25, longest: 500 } as const;

export function ownerId(model: string): string {
  return `model/${model}`;
}

export interface Handing {
  /** Temporal has taken the trigger until then, or it is not tried any more. */
  readonly deadline: Date;
  /** Called when Temporal has it, and so will not lose it, whoever decides when. */
  readonly onHandedOver: () => void;
}

/**
 * Asks for a run; answers once the owner has decided, which takes its merge window when nothing is active.
 *
 * By a signal, and the answer from the store: of updates ten may wait at once, and queries hold up a busy owner.
 *
 * @throws TriggerRefused, TemporalUnreachable, StoreUnreachable
 */
export async function sendTrigger(
  { client, store }: { readonly client: HoneClient; readonly store: ObjectStore },
  model: string,
  asked: Trigger,
  signal?: AbortSignal,
  handing?: Handing,
): Promise<TriggerAnswer> {
  const read = readTrigger(asked);
  if ('refused' in read) throw new TriggerRefused(read.refused);
  const eventId = asked.eventId ?? randomUUID();
  const before = await findAnswer(store, model, eventId);
  for (let wait: number = SEND_AGAIN_MS.first; ; wait = Math.min(2 * wait, SEND_AGAIN_MS.longest)) {
    await atOwner(client, model, 'trigger', { ...asked, eventId }, handing?.deadline);
    handing?.onHandedOver();
    const again = Date.now() + wait;
    for (let pause: number = LOOK_MS.first; Date.now() < again; pause = Math.min(1.5 * pause, LOOK_MS.longest)) {
      await sleep(pause, undefined, signal && { signal });
      const found = await findAnswer(store, model, eventId);
      if (found && (found.decided || found.at !== before?.at))
        return { answer: found.answer, run: found.run, reason: found.reason };
    }
  }
}

export async function reportRunFinished(client: HoneClient, run: RunRef, end: RunEnd): Promise<void> {
  await atOwner(client, run.model, 'runFinished', end);
}

async function atOwner(
  client: HoneClient,
  model: string,
  signal: string,
  body: unknown,
  deadline?: Date,
): Promise<void> {
  const temporal = await client.temporal();
  const send = async () => {
    await temporal.workflow.signalWithStart('model', {
      workflowId: ownerId(model),
      taskQueue: client.taskQueue,
      args: [{ model }],
      signal,
      signalArgs: [body],
      staticSummary: `owner of ${model}: queues triggers, starts runs`,
    });
  };
  await (deadline ? temporal.withDeadline(deadline, send) : send());
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
