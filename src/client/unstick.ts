/**
 * Frees a workflow that does not get on, by the mildest means that helps, and reads back whether it did.
 *
 * A failing workflow task is gone back on in three steps: to the last turn that worked, with the messages since; the same
 * without them; to the first turn, without them. Activities that are done again find their own earlier work.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Stuck, stuckOf, type WorkflowFacts } from '../reconciliation/stuck.ts';
import type { HoneClient } from './connect.ts';
import { NothingToGoBackTo, RunUnknown, StillStuck } from './errors.ts';
import { workflowFacts } from './stuck.ts';
import { requireWorker } from './workers.ts';

export interface Freed {
  readonly workflow: string;
  readonly why: Stuck['why'] | null;
  /** What was done; null where nothing was stuck. */
  readonly did: 'reset_to_last' | 'reset_without_messages' | 'reset_to_start' | 'retried' | 'unpaused' | null;
  /** Signals and updates that it has not, and that have to be sent again. */
  readonly dropped_messages: number;
  readonly sentence: string;
}

/** RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL and _UPDATE of Temporal's API. */
const SIGNALS_AND_UPDATES = [1, 2];
const FREE_WITHIN_MS = 15_000;

/**
 * @param by who asks, for Temporal's history
 * @throws RunUnknown, WorkerMissing, NothingToGoBackTo, StillStuck, TemporalUnreachable
 */
export async function unstick(client: HoneClient, workflow: string, by: string): Promise<Freed> {
  const facts = await workflowFacts(client, workflow);
  if (facts === null) throw new RunUnknown(workflow);
  const stuck = stuckOf(facts, new Date().toISOString());
  const nothing = { workflow, dropped_messages: 0 };
  if (stuck === null)
    return { ...nothing, why: null, did: null, sentence: `${workflow} is not stuck; nothing was changed.` };
  await requireWorker(client);
  const { why } = stuck;
  switch (why) {
    case 'task_fails':
      return await goBack(client, workflow, by);
    case 'workflow_paused':
    case 'activity_paused':
      await unpause(client, facts);
      return { ...nothing, why, did: 'unpaused', sentence: `${workflow} goes on: what was paused is not any more.` };
    case 'activity_fails':
      await tryNow(client, facts);
      return {
        ...nothing,
        why,
        did: 'retried',
        sentence: `${workflow}: the failing step is tried again now, from try 1.`,
      };
    case 'not_taken':
      return {
        ...nothing,
        why,
        did: null,
        sentence: `${workflow} waits for a worker, and one is there; nothing was changed.`,
      };
    default:
      return why satisfies never;
  }
}

async function goBack(client: HoneClient, workflow: string, by: string): Promise<Freed> {
  const temporal = await client.temporal();
  const { events } = await temporal.workflow.getHandle(workflow).fetchHistory();
  const turns = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  const [first, last] = [turns[0], turns.at(-1)];
  if (!first?.eventId || !last?.eventId) throw new NothingToGoBackTo(workflow);
  const messagesAfter = (id: number) =>
    (events ?? []).filter(
      (event) =>
        Number(event.eventId) > id &&
        (event.workflowExecutionSignaledEventAttributes ?? event.workflowExecutionUpdateAcceptedEventAttributes),
    ).length;
  const steps = [
    { did: 'reset_to_last', event: last.eventId, without: false },
    { did: 'reset_without_messages', event: last.eventId, without: true },
    { did: 'reset_to_start', event: first.eventId, without: true },
  ] as const;
  const { runId } = await temporal.workflow.getHandle(workflow).describe();
  for (const { did, event, without } of steps) {
    // Always of the first one's history: what a later reset left behind is no better.
    await temporal.workflowService.resetWorkflowExecution({
      namespace: temporal.options.namespace,
      workflowExecution: { workflowId: workflow, runId },
      reason: `unstick by ${by}`,
      workflowTaskFinishEventId: event,
      requestId: randomUUID(),
      ...(without ? { resetReapplyExcludeTypes: SIGNALS_AND_UPDATES } : {}),
    });
    if (!(await isFree(client, workflow))) continue;
    const dropped = without ? messagesAfter(Number(event)) : 0;
    const lost = dropped > 0 ? ` ${dropped} message(s) that came since are not in it: send them again.` : '';
    const where =
      did === 'reset_to_start'
        ? 'its first turn; steps that were done find their results'
        : 'the last turn that worked';
    return {
      ...{ workflow, why: 'task_fails', did, dropped_messages: dropped },
      sentence: `${workflow} goes on from ${where}.${lost}`,
    };
  }
  throw new StillStuck(workflow);
}

/** Its turn was taken and did not fail; or it is over. */
async function isFree(client: HoneClient, workflow: string): Promise<boolean> {
  for (const deadline = Date.now() + FREE_WITHIN_MS; Date.now() < deadline; await sleep(200)) {
    const facts = await workflowFacts(client, workflow);
    if (facts === null || facts.task === null) return true;
    if (facts.task.attempt > 1) return false;
  }
  return false;
}

async function unpause(client: HoneClient, { workflow, paused, activities }: WorkflowFacts): Promise<void> {
  const temporal = await client.temporal();
  const { namespace } = temporal.options;
  if (paused)
    await temporal.workflowService.unpauseWorkflowExecution({
      namespace,
      workflowId: workflow,
      requestId: randomUUID(),
    });
  for (const { id } of activities.filter((one) => one.paused))
    await temporal.workflowService.unpauseActivity({ namespace, execution: { workflowId: workflow }, id });
}

async function tryNow(client: HoneClient, { workflow, activities }: WorkflowFacts): Promise<void> {
  const temporal = await client.temporal();
  const { namespace } = temporal.options;
  for (const { id } of activities.filter((one) => !one.started || one.attempt > 1))
    await temporal.workflowService.resetActivity({ namespace, execution: { workflowId: workflow }, id });
}
