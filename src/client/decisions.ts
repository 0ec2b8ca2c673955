/** Approve, reject and comment, answered at once: updates whose validators refuse with the same words as a signal. */
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { DecisionSignature } from '../identity/contract.ts';
import type { HoneClient } from './connect.ts';
import { DecisionRefused, RunClosed, RunUnknown } from './errors.ts';

export interface DecisionMessage {
  readonly packet: string;
  readonly by: string;
  readonly comment?: string;
  /** Approve alone, where the policy lets this person; a reason is needed. */
  readonly break_glass?: true;
  readonly signature?: DecisionSignature;
}

/** @returns what the desk answered. @throws DecisionRefused with its reason, RunUnknown, RunClosed */
export async function decide(
  client: HoneClient,
  run: string,
  kind: 'approve' | 'reject',
  body: DecisionMessage,
): Promise<string> {
  return await updateRun(client, run, kind, body);
}

export async function sayOn(client: HoneClient, run: string, body: { by: string; comment: string }): Promise<string> {
  return await updateRun(client, run, 'comment', body);
}

/** `pause`, `resume`, `promote` or `abort` a rollout; the answer shows in the run's status. */
export async function commandRollout(
  client: HoneClient,
  run: string,
  command: string,
  body: { by: string; reason?: string },
): Promise<void> {
  const temporal = await client.temporal();
  await guarded(client, run, () => temporal.workflow.getHandle(run).signal(command, body));
}

/** Far above what a run accepts, far below what Temporal refuses without saying why. */
const LONGEST_MESSAGE = 50_000;

/** Tells a waiting run that what its packet rests on may have moved. A run that is not there needs no telling. */
export async function tellToLook(client: HoneClient, run: string): Promise<void> {
  const temporal = await client.temporal();
  await temporal.workflow
    .getHandle(run)
    .signal('look')
    .catch((error) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    });
}

async function updateRun(client: HoneClient, run: string, update: string, body: unknown): Promise<string> {
  const { length } = JSON.stringify(body);
  if (length > LONGEST_MESSAGE)
    throw new DecisionRefused(
      `Refused: the message has ${length} characters, more than ${LONGEST_MESSAGE}, so it was not sent. Shorten the comment and put what is long where it can be linked.`,
    );
  const temporal = await client.temporal();
  return await guarded(client, run, () =>
    temporal.workflow.getHandle(run).executeUpdate<string, [unknown]>(update, { args: [body] }),
  );
}

async function guarded<T>(client: HoneClient, run: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new DecisionRefused(error.cause?.message ?? error.message, { cause: error });
    if (error instanceof WorkflowNotFoundError) {
      throw (await client.describeRun(run)) === 'missing' ? new RunUnknown(run) : new RunClosed(run, null);
    }
    throw error;
  }
}
