/** Is anybody at work? Pollers of the queues, and when monitoring and the reconciler last came to an end. Needs no worker. */
import { trainingQueue } from '../workflows/contract.ts';
import type { HoneClient } from './connect.ts';
import { MANAGED } from './schedules.ts';

/** TASK_QUEUE_TYPE_WORKFLOW and _ACTIVITY of Temporal's API. */
const TASKS = { workflow: 1, activity: 2 } as const;
/** A look may be missed, and the next one take its time. */
const INTERVALS_UNTIL_LATE = 3;
/** An interval of a minute and a slow machine: nothing is late sooner. */
const NEVER_LATE_BEFORE_MS = 5 * 60_000;

export interface QueueWork {
  readonly queue: string;
  readonly kind: keyof typeof TASKS;
  /** Workers that asked for work within Temporal's memory (five minutes). */
  readonly pollers: number;
}

export interface RegularWork {
  readonly schedule: string;
  readonly type: string;
  /** Null for what is done for the whole installation. */
  readonly model: string | null;
  readonly every_ms: number;
  /** When one last came to its end; null where Temporal remembers none. */
  readonly last: string | null;
  readonly late: boolean;
}

export interface Liveness {
  readonly queues: readonly QueueWork[];
  readonly regular: readonly RegularWork[];
}

/** @param now wall-clock instant @throws TemporalUnreachable */
export async function liveness(client: HoneClient, now: string): Promise<Liveness> {
  return { queues: await queuesOf(client), regular: await regularWork(client, now) };
}

/** Queues that nobody takes work from: nothing of hone goes on there. @throws TemporalUnreachable */
export async function queuesOf(client: HoneClient): Promise<QueueWork[]> {
  const temporal = await client.temporal();
  const { namespace } = temporal.options;
  const asked = [
    { queue: client.taskQueue, kind: 'workflow' },
    { queue: client.taskQueue, kind: 'activity' },
    { queue: trainingQueue(client.taskQueue), kind: 'activity' },
  ] as const;
  return await Promise.all(
    asked.map(async ({ queue, kind }) => {
      const taskQueue = { name: queue };
      const request = { namespace, taskQueue, taskQueueType: TASKS[kind] };
      const { pollers } = await temporal.workflowService.describeTaskQueue(request);
      return { queue, kind, pollers: pollers?.length ?? 0 };
    }),
  );
}

const WATCHED = ['monitoring', 'reconcile', 'notify'];

async function regularWork(client: HoneClient, now: string): Promise<RegularWork[]> {
  const temporal = await client.temporal();
  const found: RegularWork[] = [];
  for await (const { scheduleId, memo, spec, action, state, info } of temporal.schedule.list()) {
    const type = action?.workflowType;
    if (memo?.['managedBy'] !== MANAGED || memo['taskQueue'] !== client.taskQueue) continue;
    if (type === undefined || !WATCHED.includes(type) || state.paused) continue;
    const every_ms = Number(spec?.intervals?.[0]?.every ?? 0);
    const model = typeof memo['model'] === 'string' ? memo['model'] : null;
    const last = await lastEnd(client, type, model);
    const since = last ?? info.recentActions[0]?.takenAt.toISOString();
    const limit = Math.max(INTERVALS_UNTIL_LATE * every_ms, NEVER_LATE_BEFORE_MS);
    // One that was never due cannot be late.
    const late = since !== undefined && Date.parse(now) - Date.parse(since) > limit;
    found.push({ schedule: scheduleId, type, model, every_ms, last, late });
  }
  return found.sort((a, b) => a.schedule.localeCompare(b.schedule));
}

async function lastEnd(client: HoneClient, type: string, model: string | null): Promise<string | null> {
  const temporal = await client.temporal();
  const id = `${type}/${model ?? client.taskQueue}`;
  const query = `WorkflowType = '${type}' AND WorkflowId STARTS_WITH '${id}' AND ExecutionStatus = 'Completed' AND TaskQueue = '${client.taskQueue}'`;
  // Newest first, as Temporal lists.
  for await (const { closeTime } of temporal.workflow.list({ query, pageSize: 1 }))
    return closeTime?.toISOString() ?? null;
  return null;
}
