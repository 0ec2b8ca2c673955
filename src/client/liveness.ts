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
  /** When one last came to its end; null where Temporal remembers none, or too many are late to ask for each. */
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

/** Who is at work too little, in sentences that say what that means and what to do; empty where all is well. */
export function idleSentences({ queues, regular }: Liveness): string[] {
  const names = [...new Set(queues.filter(({ pollers }) => pollers === 0).map(({ queue }) => queue))];
  const silent =
    names.length === 0
      ? []
      : [
          `No worker takes work from ${names.join(' and ')}: runs wait, and triggers and approvals are kept until one comes. Start one: hone up.`,
        ];
  const late = regular.filter((one) => one.late).map(lateSentence);
  return [...silent, ...late];
}

export function lateSentence({ type, model, last, every_ms }: RegularWork): string {
  const what = type === 'monitoring' ? `Monitoring of ${model}` : `The workflow ${type}`;
  const since = last === null ? 'has not come to an end in its time' : `last came to an end at ${last.slice(0, 16)}Z`;
  return `${what} ${since}, and is due every ${every_ms < 3_600_000 ? `${Math.round(every_ms / 60_000)} min` : `${Math.round(every_ms / 3_600_000)} h`}. Is there a worker, and does \`hone doctor\` list what is stuck?`;
}

const ASKED_ONE_BY_ONE = 5;
const WATCHED = ['monitoring', 'reconcile', 'notify'];

/** @param now wall-clock instant @throws TemporalUnreachable */
export async function regularWork(client: HoneClient, now: string): Promise<RegularWork[]> {
  const temporal = await client.temporal();
  const found: RegularWork[] = [];
  const ends = new Map<string, Map<string, string>>();
  let asked = 0;
  for await (const { scheduleId, memo, spec, action, state, info } of temporal.schedule.list()) {
    const type = action?.workflowType;
    if (memo?.['managedBy'] !== MANAGED || memo['taskQueue'] !== client.taskQueue) continue;
    if (type === undefined || !WATCHED.includes(type) || state.paused) continue;
    const every_ms = Number(spec?.intervals?.[0]?.every ?? 0);
    const model = typeof memo['model'] === 'string' ? memo['model'] : null;
    const limit = Math.max(INTERVALS_UNTIL_LATE * every_ms, NEVER_LATE_BEFORE_MS);
    const ended = ends.get(type) ?? (await endsOf(client, type, Date.parse(now) - limit));
    ends.set(type, ended);
    const id = `${type}/${model ?? client.taskQueue}`;
    // Where no worker is there none of hundreds has an end: a few are asked one by one, of the others it is not told.
    const ask = !ended.has(id) && asked++ < ASKED_ONE_BY_ONE;
    const last = ended.get(id) ?? (ask ? await lastEnd(client, type, id) : null);
    const since = last ?? info.recentActions[0]?.takenAt.toISOString();
    // One that was never due cannot be late.
    const late = since !== undefined && Date.parse(now) - Date.parse(since) > limit;
    found.push({ schedule: scheduleId, type, model, every_ms, last, late });
  }
  return found.sort((a, b) => a.schedule.localeCompare(b.schedule));
}

/** By the id without its time: one question for all models that were looked at lately. */
async function endsOf(client: HoneClient, type: string, since: number): Promise<Map<string, string>> {
  const temporal = await client.temporal();
  const ends = new Map<string, string>();
  const after = new Date(since).toISOString();
  const query = `${completed(client, type)} AND CloseTime > '${after}'`;
  for await (const { workflowId, closeTime } of temporal.workflow.list({ query })) {
    const id = workflowId.replace(/-\d{4}-\d{2}-\d{2}T[\d:]+Z$/, '');
    const at = closeTime?.toISOString() ?? '';
    if (at > (ends.get(id) ?? '')) ends.set(id, at);
  }
  return ends;
}

async function lastEnd(client: HoneClient, type: string, id: string): Promise<string | null> {
  const temporal = await client.temporal();
  const query = `${completed(client, type)} AND WorkflowId STARTS_WITH '${id}-'`;
  // Newest first, as Temporal lists.
  for await (const { closeTime } of temporal.workflow.list({ query, pageSize: 1 }))
    return closeTime?.toISOString() ?? null;
  return null;
}

const completed = ({ taskQueue }: HoneClient, type: string): string =>
  `WorkflowType = '${type}' AND ExecutionStatus = 'Completed' AND TaskQueue = '${taskQueue}'`;
