/** Looks through the open workflows of this installation for those that do not get on. Needs no worker. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { type Stuck, stuckOf, type WorkflowFacts } from '../reconciliation/stuck.ts';
import type { HoneClient } from './connect.ts';

/** A fleet has a few workflows a model open; beyond this the look would take longer than a person waits. */
const LOOKED_AT = 500;
const AT_ONCE = 10;
const PROBLEMS = 'TemporalReportedProblems';

/** @param now wall-clock instant @throws TemporalUnreachable */
export async function stuckWorkflows(client: HoneClient, now: string): Promise<Stuck[]> {
  const temporal = await client.temporal();
  const ids: string[] = [];
  // Paused ones have a status of their own.
  const query = `TaskQueue = '${client.taskQueue}' AND CloseTime IS NULL`;
  for await (const { workflowId } of temporal.workflow.list({ query })) {
    ids.push(workflowId);
    if (ids.length >= LOOKED_AT) break;
  }
  const stuck: Stuck[] = [];
  for (let next = 0; next < ids.length; next += AT_ONCE) {
    const facts = await Promise.all(ids.slice(next, next + AT_ONCE).map((id) => workflowFacts(client, id)));
    stuck.push(...facts.flatMap((one) => (one && stuckOf(one, now)) ?? []));
  }
  return stuck.sort((a, b) => a.workflow.localeCompare(b.workflow));
}

/** Null for one that is over or unknown. @throws TemporalUnreachable */
export async function workflowFacts(client: HoneClient, workflow: string): Promise<WorkflowFacts | null> {
  const temporal = await client.temporal();
  try {
    const { raw, status, type, searchAttributes } = await temporal.workflow.getHandle(workflow).describe();
    if (status.name !== 'RUNNING' && status.name !== 'PAUSED') return null;
    const task = raw.pendingWorkflowTask;
    const reported = (searchAttributes as Record<string, unknown[]>)[PROBLEMS] ?? [];
    return {
      ...{ workflow, type, paused: status.name === 'PAUSED', reported: reported.map(String) },
      task: task
        ? { attempt: task.attempt ?? 1, started: task.startedTime != null, scheduled_at: instantOf(task.scheduledTime) }
        : null,
      activities: (raw.pendingActivities ?? []).map((one) => ({
        id: one.activityId ?? '',
        type: one.activityType?.name ?? 'unknown',
        attempt: one.attempt ?? 1,
        paused: one.paused ?? false,
        started: one.lastStartedTime != null,
        scheduled_at: instantOf(one.scheduledTime),
        last_failure: one.lastFailure?.message ?? null,
      })),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

function instantOf(time: { seconds?: unknown } | null | undefined): string | null {
  return time?.seconds ? new Date(Number(time.seconds) * 1000).toISOString() : null;
}
